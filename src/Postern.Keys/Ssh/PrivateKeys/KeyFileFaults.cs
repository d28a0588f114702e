using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh.PrivateKeys;

/// <summary>All that can be wrong with a private key's file, and the mends.</summary>
/// <param name="Name">Of the file.</param>
internal sealed record KeyFileFaults(string Name)
{
    public SshKeyException Damaged() => new($"{Name} is damaged, or not a private key", "take it from a backup, or make a new key: ssh-keygen -t ed25519");

    public SshKeyException NotOneKey() => new($"{Name} does not hold one key", "give a file with one key");

    public SshKeyException UnknownType(ReadOnlySpan<byte> publicKey) => new(
        new SshReader(publicKey).TryString(out var type)
            ? $"{Name} is a key that is not taken here ({SshComment.Read(type)}; RSA keys are taken from 2048 to 4096 bits)"
            : $"{Name} is a key that is not taken here",
        "make one that is: ssh-keygen -t ed25519");

    public SshKeyException UnknownCipher(ReadOnlySpan<byte> cipher) =>
        new($"{Name} is encrypted with {SshComment.Read(cipher)}, which is not known here", $"write it anew: ssh-keygen -p -Z aes256-ctr -f {Name} (or use the agent: ssh-add {Name})");

    public SshKeyException UnknownKdf(ReadOnlySpan<byte> kdf) =>
        new($"{Name} is protected by {SshComment.Read(kdf)}, which is not known here", $"write it anew: ssh-keygen -p -f {Name} (or use the agent: ssh-add {Name})");

    public SshKeyException TooManyRounds(uint rounds, uint most) =>
        new($"{Name} takes {rounds} rounds to open; the most are {most}", $"write it anew: ssh-keygen -p -a 100 -f {Name} (or use the agent: ssh-add {Name})");

    public SshKeyException InDevice() =>
        new($"{Name} is the handle of a security key: the key itself is in the device", $"let the agent talk to the device: ssh-add {Name}");

    public SshKeyException NobodyToAsk() => new($"{Name} is protected by a passphrase, and nobody can be asked for it", $"give it to the agent: ssh-add {Name}");

    public SshKeyException WrongPassphrase() => new($"the passphrase of {Name} is wrong", "try again; ssh-keygen -y -f " + Name + " says whether ssh takes it") { WrongPassphrase = true };

    public SshKeyException ReadableByOthers(UnixFileMode mode) =>
        new($"others may read or write {Name} (mode 0{Convert.ToString((int)mode, 8)})", $"chmod 600 {Name}; if somebody may have read it, make a new key");

    public SshKeyException NotReadable(Exception e) => new(
        e switch
        {
            FileNotFoundException or DirectoryNotFoundException => $"{Name}: no such file",
            UnauthorizedAccessException => $"{Name}: permission denied, or a folder",
            _ => $"{Name} cannot be read: {e.Message}",
        },
        "name the file of a private key that is yours, such as ~/.ssh/id_ed25519",
        e);

    public SshKeyException TooLarge() => new($"{Name} is too large for a key", "name the file of a private key, such as ~/.ssh/id_ed25519");

    /// <summary>Says what it is instead, as far as its first bytes tell.</summary>
    public SshKeyException NotOpenSsh(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith("PuTTY-User-Key-File"u8))
            return new($"{Name} is a key of PuTTY's", $"puttygen {Name} -O private-openssh-new -o NEW");
        if (file.StartsWith("-----BEGIN "u8) && file.IndexOf("PRIVATE KEY-----"u8) is > 0 and < 40)
            return new($"{Name} is a PEM file, not OpenSSH's own kind", $"write it anew, with the same passphrase or another: ssh-keygen -p -f {Name}");
        if (file.StartsWith("ssh-"u8) || file.StartsWith("ecdsa-"u8) || file.StartsWith("sk-"u8))
            return new($"{Name} is a public key", Name.EndsWith(".pub", StringComparison.Ordinal) ? $"give the private one: {Name[..^4]}" : "give the private one");
        return Damaged();
    }
}
