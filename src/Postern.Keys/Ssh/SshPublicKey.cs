using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Postern.Keys.Ssh;

/// <summary>An SSH public key (RFC 4253 §6.6, RFC 5656, RFC 8709, PROTOCOL.u2f), known by its blob.</summary>
public sealed class SshPublicKey : IEquatable<SshPublicKey>
{
    private readonly byte[] _blob;
    private readonly byte[] _fingerprint;

    private SshPublicKey(ReadOnlySpan<byte> blob, SshKeyType type)
    {
        _blob = blob.ToArray();
        _fingerprint = SHA256.HashData(_blob);
        Type = type;
    }

    public SshKeyType Type { get; }

    public ReadOnlySpan<byte> Blob => _blob;

    /// <summary>SHA-256 of the blob.</summary>
    public ReadOnlySpan<byte> FingerprintBytes => _fingerprint;

    /// <summary>As <c>ssh-keygen -l</c> shows it: <c>SHA256:…</c>.</summary>
    public string Fingerprint => "SHA256:" + Convert.ToBase64String(_fingerprint).TrimEnd('=');

    /// <summary>The first 8 bytes of the fingerprint as a big-endian number: by it the gate finds the key.</summary>
    public ulong Hint => BinaryPrimitives.ReadUInt64BigEndian(_fingerprint);

    public static bool TryRead(ReadOnlySpan<byte> blob, [NotNullWhen(true)] out SshPublicKey? key)
    {
        key = null;
        if (blob.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(blob) is var length && (length > 64 || blob.Length < 4 + length))
            return false;
        SshKeyType? type = Encoding.ASCII.GetString(blob.Slice(4, (int)length)) switch
        {
            "ssh-ed25519" => SshKeyType.Ed25519,
            "sk-ssh-ed25519@openssh.com" => SshKeyType.SkEd25519,
            "ecdsa-sha2-nistp256" => SshKeyType.EcdsaP256,
            "sk-ecdsa-sha2-nistp256@openssh.com" => SshKeyType.SkEcdsaP256,
            "ssh-rsa" => SshKeyType.Rsa,
            _ => null,
        };
        key = type is { } known ? new(blob, known) : null;
        return key is not null;
    }

    public bool Equals(SshPublicKey? other) => other is not null && _blob.AsSpan().SequenceEqual(other._blob);

    public override bool Equals(object? obj) => Equals(obj as SshPublicKey);

    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(_fingerprint);
}
