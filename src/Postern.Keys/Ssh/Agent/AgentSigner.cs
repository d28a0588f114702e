using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh.Agent;

/// <summary>A key in the agent. It waits as long as it takes: somebody may have to touch a device, or to confirm.</summary>
internal sealed class AgentSigner(AgentConnection connection, SshPublicKey publicKey, string comment) : ISshSigner
{
    public SshPublicKey PublicKey => publicKey;

    public string Comment => comment;

    public byte[] Sign(string nameSpace, ReadOnlySpan<byte> message)
    {
        var request = new SshWriter().Byte(SshAgent.SignRequest).String(publicKey.Blob).String(SshSig.Data(nameSpace, message))
            .UInt32(publicKey.Type == SshKeyType.Rsa ? SshAgent.RsaSha512 : 0).ToArray();
        var reader = new SshReader(connection.Ask(request, patience: null));
        if (!reader.TryByte(out var kind) || kind != SshAgent.SignResponse || !reader.TryString(out var signature) || !reader.AtEnd)
            throw Refused();
        var whole = publicKey.WithWholeNumbers(signature);
        if (!publicKey.Verify(nameSpace, message, whole))
            throw Useless(whole);
        return whole;
    }

    /// <summary>The agent's connection is the agent's.</summary>
    public void Dispose()
    {
    }

    private SshKeyException Refused() => new(
        $"the SSH agent refused to sign with {Name}",
        SshNames.IsSecurityKey(publicKey.Type)
            ? "plug the security key in, and touch it when it blinks (unlock the agent: ssh-add -X)"
            : "ssh-add -l says whether it is still there; unlock the agent with ssh-add -X; where it asks for a confirmation, give it");

    private SshKeyException Useless(ReadOnlySpan<byte> signature) => SshNames.IsSecurityKey(publicKey.Type) && !publicKey.SaysTouched(signature)
        ? new($"{Name} signs without being touched, which is not taken here", "make one that wants to be touched: ssh-keygen -t ed25519-sk")
        : new($"what the SSH agent signed with {Name} is not a signature that is taken here",
            publicKey.Type == SshKeyType.Rsa ? "the agent may be too old for rsa-sha2-512: use an ed25519 key" : "use another agent or another key");

    private string Name => comment.Length == 0 ? publicKey.Fingerprint : $"the key {comment}";
}
