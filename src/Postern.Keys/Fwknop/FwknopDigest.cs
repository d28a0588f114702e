using System.Security.Cryptography;

namespace Postern.Keys.Fwknop;

/// <summary>The digests that fwknop knows, by its own numbers (lib/fko.h).</summary>
public enum FwknopDigest : byte
{
    Md5 = 1,
    Sha1 = 2,
    Sha256 = 3,
    Sha384 = 4,
    Sha512 = 5,
    Sha3_256 = 6,
    Sha3_512 = 7,
}

public static class FwknopDigests
{
    /// <summary>The longest of them, in bytes.</summary>
    public const int MaxSize = 64;

    /// <summary>In bytes.</summary>
    public static int SizeOf(FwknopDigest digest) => digest switch
    {
        FwknopDigest.Md5 => MD5.HashSizeInBytes,
        FwknopDigest.Sha1 => SHA1.HashSizeInBytes,
        FwknopDigest.Sha256 or FwknopDigest.Sha3_256 => SHA256.HashSizeInBytes,
        FwknopDigest.Sha384 => SHA384.HashSizeInBytes,
        FwknopDigest.Sha512 or FwknopDigest.Sha3_512 => SHA512.HashSizeInBytes,
        _ => throw new ArgumentOutOfRangeException(nameof(digest), digest, "no digest of fwknop"),
    };

    /// <summary>In characters of base64 without padding, as it stands on the wire: 22, 27, 43, 64 or 86.</summary>
    public static int TextLengthOf(FwknopDigest digest) => ((SizeOf(digest) * 4) + 2) / 3;

    /// <summary>As fwknop's files write it (lower case): <c>sha256</c>, <c>sha3_512</c>.</summary>
    public static string Word(this FwknopDigest digest) => digest switch
    {
        FwknopDigest.Md5 => "md5",
        FwknopDigest.Sha1 => "sha1",
        FwknopDigest.Sha256 => "sha256",
        FwknopDigest.Sha384 => "sha384",
        FwknopDigest.Sha512 => "sha512",
        FwknopDigest.Sha3_256 => "sha3-256",
        FwknopDigest.Sha3_512 => "sha3-512",
        _ => throw new ArgumentOutOfRangeException(nameof(digest), digest, "no digest of fwknop"),
    };

    /// <summary>In any case; <c>sha3-256</c> and <c>sha3_256</c> are the same.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out FwknopDigest digest)
    {
        foreach (var known in Enum.GetValues<FwknopDigest>())
        {
            digest = known;
            if (text.Equals(known.Word(), StringComparison.OrdinalIgnoreCase) || text.Equals(known.Word().Replace('-', '_'), StringComparison.OrdinalIgnoreCase))
                return true;
        }

        digest = default;
        return false;
    }

    /// <summary>Null where this system has the digest; else what is missing, and the mend.</summary>
    public static string? WhyNot(FwknopDigest digest) => digest switch
    {
        FwknopDigest.Sha3_256 when !HMACSHA3_256.IsSupported => "this system's OpenSSL has no SHA-3: install OpenSSL 1.1.1 or newer (apt-get install libssl3)",
        FwknopDigest.Sha3_512 when !HMACSHA3_512.IsSupported => "this system's OpenSSL has no SHA-3: install OpenSSL 1.1.1 or newer (apt-get install libssl3)",
        _ => null,
    };
}
