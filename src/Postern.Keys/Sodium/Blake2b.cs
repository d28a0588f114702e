using System.Runtime.InteropServices;

namespace Postern.Keys.Sodium;

/// <summary>BLAKE2b (RFC 7693) of 16 to 64 bytes, with a key of up to 64 or none; sodium/crypto_generichash_blake2b.h.</summary>
internal static partial class Blake2b
{
    public static void Hash(ReadOnlySpan<byte> message, Span<byte> hash, ReadOnlySpan<byte> key = default)
    {
        SodiumLibrary.Need();
        Sizes.Check(hash.Length is >= 16 and <= 64 && (key.IsEmpty || key.Length is >= 16 and <= 64));
        Sizes.Check(crypto_generichash_blake2b(hash, (nuint)hash.Length, message, (ulong)message.Length, key, (nuint)key.Length) == 0);
    }

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_generichash_blake2b(Span<byte> hash, nuint hashlen, ReadOnlySpan<byte> m, ulong mlen, ReadOnlySpan<byte> key, nuint keylen);
}
