using System.Security.Cryptography;

namespace Postern.Keys.Fwknop;

/// <summary>The key and the digest of fwknop's HMAC (RFC 2104), which is over the base64 text of the ciphertext, its prefix included. Verifying allocates nothing.</summary>
public sealed class FwknopMacKey : SecretBytes
{
    /// <summary>What fwknop's own client takes.</summary>
    public const int MaxSize = 128;

    private FwknopMacKey(ReadOnlySpan<byte> bytes, FwknopDigest digest) : base(bytes) => Digest = digest;

    public FwknopDigest Digest { get; }

    /// <summary>Of the tag, in bytes.</summary>
    public int TagSize => FwknopDigests.SizeOf(Digest);

    /// <exception cref="ArgumentException">Not of 1 to 128 bytes.</exception>
    /// <exception cref="PlatformNotSupportedException">This system has no such digest; the message says what to install.</exception>
    public static FwknopMacKey From(ReadOnlySpan<byte> bytes, FwknopDigest digest)
    {
        if (!IsSize(bytes.Length))
            throw new ArgumentException($"an HMAC key of fwknop has 1 to {MaxSize} bytes", nameof(bytes));
        if (FwknopDigests.WhyNot(digest) is { } why)
            throw new PlatformNotSupportedException(why);
        return new(bytes, digest);
    }

    public static bool IsSize(int length) => length is > 0 and <= MaxSize;

    public int Size => Bytes.Length;

    public void Export(Span<byte> bytes) => Bytes.CopyTo(bytes);

    /// <summary>The tag of this text; its length.</summary>
    public int Write(ReadOnlySpan<byte> text, Span<byte> destination) => Digest switch
    {
        FwknopDigest.Md5 => HMACMD5.HashData(Bytes, text, destination),
        FwknopDigest.Sha1 => HMACSHA1.HashData(Bytes, text, destination),
        FwknopDigest.Sha256 => HMACSHA256.HashData(Bytes, text, destination),
        FwknopDigest.Sha384 => HMACSHA384.HashData(Bytes, text, destination),
        FwknopDigest.Sha512 => HMACSHA512.HashData(Bytes, text, destination),
        FwknopDigest.Sha3_256 => HMACSHA3_256.HashData(Bytes, text, destination),
        FwknopDigest.Sha3_512 => HMACSHA3_512.HashData(Bytes, text, destination),
        _ => throw new InvalidOperationException("no digest of fwknop"),
    };

    /// <summary>In a time that does not depend on the tag.</summary>
    public bool Verify(ReadOnlySpan<byte> text, ReadOnlySpan<byte> tag)
    {
        Span<byte> own = stackalloc byte[FwknopDigests.MaxSize];
        return CryptographicOperations.FixedTimeEquals(own[..Write(text, own)], tag);
    }
}
