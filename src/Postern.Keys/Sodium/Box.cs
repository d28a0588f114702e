using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Postern.Keys.Sodium;

/// <summary>
/// crypto_box_seal: X25519 with a key pair made for one message, XSalsa20-Poly1305; sodium/crypto_box.h.
/// <code>
///  0 32  one-time public key
/// 32 16  tag
/// 48  n  the message
/// nonce = BLAKE2b-192(one-time public key | recipient's public key)
/// </code>
/// Sealing is done by its parts, so that the one-time seed is an argument; the bytes are those of crypto_box_seal.
/// </summary>
internal static partial class Box
{
    public const int PublicKeySize = 32;
    public const int PrivateKeySize = 32;
    public const int SeedSize = 32;
    public const int Overhead = PublicKeySize + 16;

    private const int NonceSize = 24;

    public static void MakeKeyPair(ReadOnlySpan<byte> seed, Span<byte> publicKey, Span<byte> privateKey)
    {
        SodiumLibrary.Need();
        Sizes.Check(seed.Length == SeedSize && publicKey.Length == PublicKeySize && privateKey.Length == PrivateKeySize);
        Sizes.Check(crypto_box_seed_keypair(publicKey, privateKey, seed) == 0);
    }

    public static void PublicOf(ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        SodiumLibrary.Need();
        Sizes.Check(publicKey.Length == PublicKeySize && privateKey.Length == PrivateKeySize);
        Sizes.Check(crypto_scalarmult_base(publicKey, privateKey) == 0);
    }

    /// <summary>False where the recipient's key is none that anything can be sealed to (a point of small order).</summary>
    public static bool TrySeal(ReadOnlySpan<byte> recipient, ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message, Span<byte> @sealed)
    {
        SodiumLibrary.Need();
        Sizes.Check(recipient.Length == PublicKeySize && @sealed.Length == message.Length + Overhead);
        Span<byte> oneTimePrivate = stackalloc byte[PrivateKeySize];
        Span<byte> nonce = stackalloc byte[NonceSize];
        Span<byte> both = stackalloc byte[PublicKeySize + PublicKeySize];
        MakeKeyPair(seed, both[..PublicKeySize], oneTimePrivate);
        recipient.CopyTo(both[PublicKeySize..]);
        Blake2b.Hash(both, nonce);
        both[..PublicKeySize].CopyTo(@sealed);
        var done = crypto_box_easy(@sealed[PublicKeySize..], message, (ulong)message.Length, nonce, recipient, oneTimePrivate) == 0;
        CryptographicOperations.ZeroMemory(oneTimePrivate);
        return done;
    }

    public static bool TryOpen(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> @sealed, Span<byte> message)
    {
        SodiumLibrary.Need();
        Sizes.Check(publicKey.Length == PublicKeySize && privateKey.Length == PrivateKeySize && @sealed.Length == message.Length + Overhead);
        return crypto_box_seal_open(message, @sealed, (ulong)@sealed.Length, publicKey, privateKey) == 0;
    }

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_box_seed_keypair(Span<byte> pk, Span<byte> sk, ReadOnlySpan<byte> seed);

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_scalarmult_base(Span<byte> q, ReadOnlySpan<byte> n);

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_box_easy(Span<byte> c, ReadOnlySpan<byte> m, ulong mlen, ReadOnlySpan<byte> n, ReadOnlySpan<byte> pk, ReadOnlySpan<byte> sk);

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_box_seal_open(Span<byte> m, ReadOnlySpan<byte> c, ulong clen, ReadOnlySpan<byte> pk, ReadOnlySpan<byte> sk);
}
