using System.Runtime.InteropServices;

namespace Postern.Keys.Sodium;

/// <summary>XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03); sodium/crypto_aead_xchacha20poly1305.h.</summary>
internal static partial class AeadXChaCha20Poly1305
{
    public const int KeySize = 32;
    public const int NonceSize = 24;
    public const int TagSize = 16;

    /// <summary><paramref name="sealed"/> has room for the message and <see cref="TagSize"/> more.</summary>
    public static void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> message, Span<byte> @sealed)
    {
        SodiumLibrary.Need();
        Sizes.Check(key.Length == KeySize && nonce.Length == NonceSize && @sealed.Length == message.Length + TagSize);
        Sizes.Check(crypto_aead_xchacha20poly1305_ietf_encrypt(@sealed, 0, message, (ulong)message.Length, 0, 0, 0, nonce, key) == 0);
    }

    /// <summary>False where it was not sealed with this key and nonce, or was changed since.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> @sealed, Span<byte> message)
    {
        SodiumLibrary.Need();
        Sizes.Check(key.Length == KeySize && nonce.Length == NonceSize && @sealed.Length == message.Length + TagSize);
        return crypto_aead_xchacha20poly1305_ietf_decrypt(message, 0, 0, @sealed, (ulong)@sealed.Length, 0, 0, nonce, key) == 0;
    }

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_aead_xchacha20poly1305_ietf_encrypt(
        Span<byte> c, nint clen, ReadOnlySpan<byte> m, ulong mlen, nint ad, ulong adlen, nint nsec, ReadOnlySpan<byte> npub, ReadOnlySpan<byte> k);

    [LibraryImport(SodiumLibrary.Name)]
    private static partial int crypto_aead_xchacha20poly1305_ietf_decrypt(
        Span<byte> m, nint mlen, nint nsec, ReadOnlySpan<byte> c, ulong clen, nint ad, ulong adlen, ReadOnlySpan<byte> npub, ReadOnlySpan<byte> k);
}
