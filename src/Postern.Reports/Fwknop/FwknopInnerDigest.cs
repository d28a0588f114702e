using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Postern.Reports.Fwknop;

/// <summary>The digest inside fwknop's plaintext, over all that stands before it. Which one it is, is not sent: its length says so, and where two have one length, trying. Numbers as in lib/fko.h.</summary>
public enum FwknopInnerDigest : byte
{
    Md5 = 1,
    Sha1 = 2,
    Sha256 = 3,
    Sha384 = 4,
    Sha512 = 5,
    Sha3_256 = 6,
    Sha3_512 = 7,
}

[SuppressMessage("Security", "CA5350", Justification = "fwknop's wire format; it proves nothing here that the seal around it does not")]
[SuppressMessage("Security", "CA5351", Justification = "fwknop's wire format; it proves nothing here that the seal around it does not")]
internal static class FwknopInnerDigests
{
    public const int MaxSize = 64;

    private static readonly FwknopInnerDigest[] All = Enum.GetValues<FwknopInnerDigest>();

    /// <summary>Which digest of this text the bytes are; false: none of those that this system has.</summary>
    public static bool TryFind(ReadOnlySpan<byte> text, ReadOnlySpan<byte> digest, out FwknopInnerDigest kind)
    {
        Span<byte> own = stackalloc byte[MaxSize];
        foreach (var candidate in All)
        {
            kind = candidate;
            if (SizeOf(candidate) == digest.Length && IsSupported(candidate) && own[..Write(candidate, text, own)].SequenceEqual(digest))
                return true;
        }

        kind = default;
        return false;
    }

    /// <summary>Its size in bytes.</summary>
    public static int Write(FwknopInnerDigest kind, ReadOnlySpan<byte> text, Span<byte> digest) => kind switch
    {
        FwknopInnerDigest.Md5 => MD5.HashData(text, digest),
        FwknopInnerDigest.Sha1 => SHA1.HashData(text, digest),
        FwknopInnerDigest.Sha256 => SHA256.HashData(text, digest),
        FwknopInnerDigest.Sha384 => SHA384.HashData(text, digest),
        FwknopInnerDigest.Sha512 => SHA512.HashData(text, digest),
        FwknopInnerDigest.Sha3_256 => SHA3_256.HashData(text, digest),
        FwknopInnerDigest.Sha3_512 => SHA3_512.HashData(text, digest),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no digest of fwknop"),
    };

    private static int SizeOf(FwknopInnerDigest kind) => kind switch
    {
        FwknopInnerDigest.Md5 => MD5.HashSizeInBytes,
        FwknopInnerDigest.Sha1 => SHA1.HashSizeInBytes,
        FwknopInnerDigest.Sha384 => SHA384.HashSizeInBytes,
        FwknopInnerDigest.Sha512 or FwknopInnerDigest.Sha3_512 => SHA512.HashSizeInBytes,
        _ => SHA256.HashSizeInBytes,
    };

    private static bool IsSupported(FwknopInnerDigest kind) => kind switch
    {
        FwknopInnerDigest.Sha3_256 => SHA3_256.IsSupported,
        FwknopInnerDigest.Sha3_512 => SHA3_512.IsSupported,
        _ => true,
    };
}
