using Postern.Keys.Sodium;

namespace Postern.Keys;

/// <summary>Seals and opens the outside of an SPA packet: XChaCha20-Poly1305.</summary>
public sealed class OuterKey : SecretBytes
{
    public const int Size = AeadXChaCha20Poly1305.KeySize;
    public const int NonceSize = AeadXChaCha20Poly1305.NonceSize;
    public const int TagSize = AeadXChaCha20Poly1305.TagSize;

    internal OuterKey(ReadOnlySpan<byte> key) : base(key) { }

    /// <summary>The key itself, as another process of this gate was given it.</summary>
    public static OuterKey From(ReadOnlySpan<byte> key) => key.Length == Size ? new(key) : throw new ArgumentException($"an outer key has {Size} bytes", nameof(key));

    public void Export(Span<byte> key) => Bytes.CopyTo(key);

    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> message, Span<byte> @sealed) =>
        AeadXChaCha20Poly1305.Seal(Bytes, nonce, message, @sealed);

    public bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> @sealed, Span<byte> message) =>
        AeadXChaCha20Poly1305.TryOpen(Bytes, nonce, @sealed, message);
}
