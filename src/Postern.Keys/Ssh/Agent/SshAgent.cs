using Postern.Keys.Ssh.Agent;
using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh;

/// <summary>
/// The user's SSH agent, which has the keys and never shows them (draft-ietf-sshm-ssh-agent; OpenSSH PROTOCOL.agent):
/// <code>
/// → 11 request identities
/// ← 12 identities answer     uint32 count | { string public key | string comment } …
/// → 13 sign request          string public key | string data | uint32 flags
/// ← 14 sign response         string signature blob
/// ←  5 failure
/// </code>
/// </summary>
public sealed class SshAgent : IDisposable
{
    internal const byte Failure = 5;
    internal const byte RequestIdentities = 11;
    internal const byte IdentitiesAnswer = 12;
    internal const byte SignRequest = 13;
    internal const byte SignResponse = 14;

    /// <summary>Without it an RSA key signs with SHA-1.</summary>
    internal const uint RsaSha512 = 4;

    // As OpenSSH's own client bounds it.
    private const int MaxIdentities = 2048;

    private const string WindowsPipe = @"\\.\pipe\openssh-ssh-agent";

    // Nobody is asked for a list.
    private static readonly TimeSpan ListPatience = TimeSpan.FromSeconds(10);

    private readonly AgentConnection _connection;

    internal SshAgent(AgentConnection connection) => _connection = connection;

    /// <summary>Where the user's agent is: what SSH_AUTH_SOCK says; else, on Windows, the system's own. Null: there is none.</summary>
    public static string? FindSocket() =>
        Environment.GetEnvironmentVariable("SSH_AUTH_SOCK") is { Length: > 0 } path ? path
        : OperatingSystem.IsWindows() ? WindowsPipe
        : null;

    /// <summary>To the agent of <see cref="FindSocket"/>.</summary>
    /// <exception cref="SshKeyException">There is none, or it does not answer.</exception>
    public static SshAgent Connect() => Connect(FindSocket()
        ?? throw new SshKeyException("no SSH agent: SSH_AUTH_SOCK is not set", "start one: eval \"$(ssh-agent)\" && ssh-add"));

    /// <param name="socketPath">A Unix socket, or a named pipe of Windows.</param>
    /// <exception cref="SshKeyException">Nothing answers there.</exception>
    public static SshAgent Connect(string socketPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(socketPath);
        return new(AgentConnection.Open(socketPath));
    }

    /// <summary>
    /// The keys in the agent that are of a type of <see cref="SshKeyType"/>; certificates and all others are passed over. They can sign as long as
    /// this agent is not disposed of.
    /// </summary>
    /// <exception cref="SshKeyException">There is no such key in it, or it is locked (an agent that is says that it has none), or it is gone.</exception>
    public IReadOnlyList<ISshSigner> Keys()
    {
        var answer = _connection.Ask([RequestIdentities], ListPatience);
        if (!TryReadIdentities(answer, out var keys, out var passedOver))
            throw new SshKeyException("the SSH agent does not list its keys", "ssh-add -l says whether it works; start it again if it does not");
        if (keys.Count > 0)
            return keys;
        throw passedOver == 0
            ? new SshKeyException("the SSH agent has no keys, or is locked", "give it one: ssh-add (unlock it: ssh-add -X)")
            : new SshKeyException("the SSH agent has only keys of types that are not taken here", "make one and add it: ssh-keygen -t ed25519 && ssh-add");
    }

    public void Dispose() => _connection.Dispose();

    private bool TryReadIdentities(ReadOnlySpan<byte> answer, out List<ISshSigner> keys, out int passedOver)
    {
        keys = [];
        passedOver = 0;
        var reader = new SshReader(answer);
        if (!reader.TryByte(out var kind) || kind != IdentitiesAnswer || !reader.TryUInt32(out var count) || count > MaxIdentities)
            return false;
        for (; count > 0; count--)
        {
            if (!reader.TryString(out var blob) || !reader.TryString(out var comment))
                return false;
            if (SshPublicKey.TryRead(blob, out var key))
                keys.Add(new AgentSigner(_connection, key, SshComment.Read(comment)));
            else
                passedOver++;
        }

        return reader.AtEnd;
    }
}
