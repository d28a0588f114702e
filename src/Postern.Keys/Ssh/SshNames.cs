namespace Postern.Keys.Ssh;

/// <summary>The names of key types and of the signatures that they make (RFC 8709, RFC 5656, RFC 8332, PROTOCOL.u2f).</summary>
internal static class SshNames
{
    private static readonly SshKeyType[] All = Enum.GetValues<SshKeyType>();

    public static ReadOnlySpan<byte> Key(SshKeyType type) => type switch
    {
        SshKeyType.Ed25519 => "ssh-ed25519"u8,
        SshKeyType.SkEd25519 => "sk-ssh-ed25519@openssh.com"u8,
        SshKeyType.EcdsaP256 => "ecdsa-sha2-nistp256"u8,
        SshKeyType.SkEcdsaP256 => "sk-ecdsa-sha2-nistp256@openssh.com"u8,
        SshKeyType.Rsa => "ssh-rsa"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, message: null),
    };

    /// <summary>The one signature algorithm of a key type: what an RSA key calls itself is also the name of its SHA-1 signatures, which nobody wants.</summary>
    public static ReadOnlySpan<byte> Signature(SshKeyType type) => type == SshKeyType.Rsa ? "rsa-sha2-512"u8 : Key(type);

    /// <summary>The key is in a device that somebody touches; the signature tells that, and counts.</summary>
    public static bool IsSecurityKey(SshKeyType type) => type is SshKeyType.SkEd25519 or SshKeyType.SkEcdsaP256;

    public static bool TryFind(ReadOnlySpan<byte> name, out SshKeyType type)
    {
        foreach (var candidate in All)
        {
            if (!Key(candidate).SequenceEqual(name))
                continue;
            type = candidate;
            return true;
        }

        type = default;
        return false;
    }
}
