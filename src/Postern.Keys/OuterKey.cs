using System.Security.Cryptography;
using Postern.Keys.Sodium;

namespace Postern.Keys;

/// <summary>Seals and opens the outside of an SPA packet: XChaCha20-Poly1305, under nonces that bear a mark (spec/spa.md §3).</summary>
public sealed class OuterKey : SecretBytes
{
    public const int Size = AeadXChaCha20Poly1305.KeySize;
    public const int NonceSize = AeadXChaCha20Poly1305.NonceSize;
    public const int TagSize = AeadXChaCha20Poly1305.TagSize;

    /// <summary>At the end of a nonce; what is before it is chance.</summary>
    public const int MarkSize = ShortHash.Size;

    /// <summary>The key, and behind it that of the marks.</summary>
    private OuterKey(ReadOnlySpan<byte> keys) : base(keys) { }

    /// <summary>The key itself, as it was derived, or as another process of this gate was given it.</summary>
    public static OuterKey From(ReadOnlySpan<byte> key)
    {
        if (key.Length != Size)
            throw new ArgumentException($"an outer key has {Size} bytes", nameof(key));
        Span<byte> keys = stackalloc byte[Size + Size];
        key.CopyTo(keys);
        Blake2b.Hash("postern spa v1 nonce"u8, keys[Size..], key); // spec/spa.md §3: the first 16 bytes of it are the key of the marks
        var made = new OuterKey(keys[..(Size + ShortHash.KeySize)]);
        CryptographicOperations.ZeroMemory(keys);
        return made;
    }

    private ReadOnlySpan<byte> Key => Bytes[..Size];

    private ReadOnlySpan<byte> MarkKey => Bytes[Size..];

    public void Export(Span<byte> key) => Key.CopyTo(key);

    /// <summary>What says where packets go, where their port moves (spec/spa.md §6). The caller's to dispose of.</summary>
    public TokenSecret DerivePortSecret()
    {
        Span<byte> key = stackalloc byte[Size];
        Blake2b.Hash("postern spa v1 port"u8, key, Key);
        var derived = TokenSecret.From(key);
        CryptographicOperations.ZeroMemory(key);
        return derived;
    }

    /// <summary>Writes the mark of its first bytes over the last <see cref="MarkSize"/> of a nonce.</summary>
    public void Mark(Span<byte> nonce)
    {
        Sizes.Check(nonce.Length == NonceSize);
        ShortHash.Hash(MarkKey, nonce[..^MarkSize], nonce[^MarkSize..]);
    }

    /// <summary>Whether somebody made this nonce who knows the gate secret, or saw one that was. Proves nothing, and takes a twentieth of what <see cref="TryOpen"/> does.</summary>
    public bool IsMarked(ReadOnlySpan<byte> nonce)
    {
        Sizes.Check(nonce.Length == NonceSize);
        Span<byte> mark = stackalloc byte[MarkSize];
        ShortHash.Hash(MarkKey, nonce[..^MarkSize], mark);
        return CryptographicOperations.FixedTimeEquals(mark, nonce[^MarkSize..]);
    }

    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> message, Span<byte> @sealed) =>
        AeadXChaCha20Poly1305.Seal(Key, nonce, message, @sealed);

    public bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> @sealed, Span<byte> message) =>
        AeadXChaCha20Poly1305.TryOpen(Key, nonce, @sealed, message);
}
