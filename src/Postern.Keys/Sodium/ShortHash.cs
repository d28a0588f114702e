using System.Runtime.InteropServices;

namespace Postern.Keys.Sodium;

/// <summary>SipHash-2-4 with an answer of 64 bits; sodium/crypto_shorthash.h.</summary>
internal static partial class ShortHash
{
    public const int KeySize = 16;
    public const int Size = 8;

    public static void Hash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> hash)
    {
        SodiumLibrary.Need();
        Sizes.Check(key.Length == KeySize && hash.Length == Size);
        Sizes.Check(crypto_shorthash_siphash24(hash, message, (ulong)message.Length, key) == 0);
    }

    /// <summary>Some 20 ns, and never waits: the collector need not be told.</summary>
    [LibraryImport(SodiumLibrary.Name)]
    [SuppressGCTransition]
    private static partial int crypto_shorthash_siphash24(Span<byte> @out, ReadOnlySpan<byte> @in, ulong inlen, ReadOnlySpan<byte> k);
}
