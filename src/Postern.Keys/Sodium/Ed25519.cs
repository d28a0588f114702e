using System.Runtime.InteropServices;

namespace Postern.Keys.Sodium;

/// <summary>
/// Ed25519 (RFC 8032); sodium/crypto_sign_ed25519.h. libsodium refuses more than the RFC does, all of it what an honest signer never makes:
/// S not below the group's order, R or the public key of small order, a public key not in its one canonical form.
/// </summary>
internal static partial class Ed25519
{
    public const int PublicKeySize = 32;
    public const int SeedSize = 32;
    public const int SignatureSize = 64;

    /// <summary>libsodium's private key: <c>seed (32) | public key (32)</c>, which is OpenSSH's too.</summary>
    public const int PrivateKeySize = SeedSize + PublicKeySize;

    public static void MakeKeyPair(ReadOnlySpan<byte> seed, Span<byte> publicKey, Span<byte> privateKey)
    {
        SodiumLibrary.Need();
        Sizes.Check(seed.Length == SeedSize && publicKey.Length == PublicKeySize && privateKey.Length == PrivateKeySize);
        Sizes.Check(crypto_sign_ed25519_seed_keypair(publicKey, privateKey, seed) == 0);
    }

    /// <summary>A point of the curve, canonical, in the group that signatures are made in.</summary>
    public static bool IsUsable(ReadOnlySpan<byte> publicKey)
    {
        SodiumLibrary.Need();
        Sizes.Check(publicKey.Length == PublicKeySize);
        return crypto_core_ed25519_is_valid_point(publicKey) == 1;
    }

    public static void Sign(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        SodiumLibrary.Need();
        Sizes.Check(privateKey.Length == PrivateKeySize && signature.Length == SignatureSize);
        Sizes.Check(crypto_sign_ed25519_detached(signature, 0, message, (ulong)message.Length, privateKey) == 0);
    }

    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        SodiumLibrary.Need();
        Sizes.Check(publicKey.Length == PublicKeySize && signature.Length == SignatureSize);
        return crypto_sign_ed25519_verify_detached(signature, message, (ulong)message.Length, publicKey) == 0;
    }

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_sign_ed25519_seed_keypair(Span<byte> pk, Span<byte> sk, ReadOnlySpan<byte> seed);

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_core_ed25519_is_valid_point(ReadOnlySpan<byte> p);

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_sign_ed25519_detached(Span<byte> sig, nint siglen, ReadOnlySpan<byte> m, ulong mlen, ReadOnlySpan<byte> sk);

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_sign_ed25519_verify_detached(ReadOnlySpan<byte> sig, ReadOnlySpan<byte> m, ulong mlen, ReadOnlySpan<byte> pk);
}
