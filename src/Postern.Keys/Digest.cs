using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Postern.Keys.Sodium;

namespace Postern.Keys;

/// <summary>
/// SHA-256 (FIPS 180-4) of small things, by libsodium where it is installed (sodium/crypto_hash_sha256.h), since it is loaded already wherever keys are: the base library would load all of OpenSSL beside it,
/// which a gate whose users have Ed25519 keys does not need until somebody knocks.
/// </summary>
public static partial class Digest
{
    public const int Size = SHA256.HashSizeInBytes;

    /// <exception cref="ArgumentException">There is no room for it.</exception>
    public static void Sha256(ReadOnlySpan<byte> message, Span<byte> digest)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(digest.Length, Size, nameof(digest));
        if (!SodiumLibrary.IsThere)
            SHA256.HashData(message, digest);
        else
            _ = crypto_hash_sha256(digest, message, (ulong)message.Length); // cannot fail
    }

    public static byte[] Sha256(ReadOnlySpan<byte> message)
    {
        var digest = new byte[Size];
        Sha256(message, digest);
        return digest;
    }

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_hash_sha256(Span<byte> @out, ReadOnlySpan<byte> @in, ulong inlen);
}
