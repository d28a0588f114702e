using Postern.Keys.Ssh;

namespace Postern.Client.Spa;

/// <summary>
/// The key that signs, looked for as ssh does it: the agent first, because it asks for no passphrase and holds the keys that are in use.
/// </summary>
public static class SignerFinder
{
    public const string AgentWord = "agent";

    private const string FingerprintStart = "SHA256:";
    private const string PublicEnd = ".pub";

    private const int Attempts = 3;

    /// <summary>In the order in which ssh prefers them, of the types that a gate takes.</summary>
    private static readonly string[] UsualFiles = ["id_ed25519", "id_ecdsa", "id_rsa"];

    /// <param name="key">Null: the first usable key of the agent, else of the files that ssh looks at; <c>agent</c>; <c>agent SHA256:…</c>, or a fingerprint alone: that key of the agent; else a file, or its <c>.pub</c>.</param>
    /// <param name="askPassphrase">Given what it is for; null ends the attempt.</param>
    /// <exception cref="SshKeyException">None can sign.</exception>
    public static ISshSigner Find(string? key, Func<string, string?> askPassphrase)
    {
        ArgumentNullException.ThrowIfNull(askPassphrase);
        return key switch
        {
            null or "" => Usual(askPassphrase),
            AgentWord => FromAgent(static _ => true, ""),
            _ when Fingerprint(key) is { } fingerprint => FromAgent(k => string.Equals(k.PublicKey.Fingerprint, fingerprint, StringComparison.Ordinal), fingerprint),
            _ => FromFile(Expand(key), askPassphrase),
        };
    }

    /// <summary>The fingerprint that is meant by <c>agent SHA256:…</c> or <c>SHA256:…</c>; null where something else is.</summary>
    public static string? Fingerprint(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var text = key.StartsWith(AgentWord + " ", StringComparison.Ordinal) ? key[AgentWord.Length..].Trim() : key;
        return text.StartsWith(FingerprintStart, StringComparison.Ordinal) ? text : null;
    }

    private static ISshSigner Usual(Func<string, string?> askPassphrase)
    {
        SshKeyException? why = null;
        try
        {
            if (SshAgent.FindSocket() is not null)
                return FromAgent(static _ => true, "");
        }
        catch (SshKeyException e)
        {
            why = e;
        }

        var file = UsualFiles.Select(name => Path.Combine(Home, ".ssh", name)).FirstOrDefault(File.Exists);
        return file is not null ? FromFile(file, askPassphrase)
            : throw why ?? new SshKeyException("there is no SSH key: no agent, and none of the usual files in ~/.ssh", "make one: ssh-keygen -t ed25519; or name yours with --key");
    }

    /// <summary>The agent lives as long as the signer that is taken from it.</summary>
    private static AgentsSigner FromAgent(Func<ISshSigner, bool> wanted, string fingerprint)
    {
        var agent = SshAgent.Connect();
        try
        {
            return agent.Keys().FirstOrDefault(wanted) is { } signer ? new(agent, signer)
                : throw new SshKeyException($"the SSH agent does not have the key {fingerprint}", "ssh-add -l lists what it has; ssh-add FILE adds a key");
        }
        catch
        {
            agent.Dispose();
            throw;
        }
    }

    private static ISshSigner FromFile(string path, Func<string, string?> askPassphrase)
    {
        var (isPublic, secret) = path.EndsWith(PublicEnd, StringComparison.Ordinal) ? (true, path[..^PublicEnd.Length]) : (false, path);
        if (PublicKeyIn(secret + PublicEnd) is { } known && TryAgent(known) is { } signer)
            return signer;
        if (isPublic && !File.Exists(secret))
            throw new SshKeyException($"the SSH agent does not have the key of {path}, and {secret} is not there", "add it: ssh-add FILE; or name the private key with --key");
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return SshPrivateKey.ReadFile(secret, () => askPassphrase(secret));
            }
            catch (SshKeyException e) when (e.WrongPassphrase && attempt < Attempts)
            {
                // Typed wrong: ssh asks three times too.
            }
        }
    }

    private static AgentsSigner? TryAgent(SshPublicKey key)
    {
        try
        {
            return SshAgent.FindSocket() is null ? null : FromAgent(k => k.PublicKey.Equals(key), key.Fingerprint);
        }
        catch (SshKeyException)
        {
            return null; // the file will do
        }
    }

    private static SshPublicKey? PublicKeyIn(string path)
    {
        try
        {
            return File.Exists(path) && SshPublicKey.TryParse(File.ReadLines(path).FirstOrDefault() ?? "", out var key) ? key : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private static string Expand(string path) => path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(Home, path[2..]) : path;

    private sealed class AgentsSigner(SshAgent agent, ISshSigner signer) : ISshSigner
    {
        public SshPublicKey PublicKey => signer.PublicKey;

        public string Comment => signer.Comment;

        public byte[] Sign(string nameSpace, ReadOnlySpan<byte> message) => signer.Sign(nameSpace, message);

        public void Dispose()
        {
            signer.Dispose();
            agent.Dispose();
        }
    }
}
