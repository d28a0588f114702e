using System.Security.Cryptography;

namespace Postern.Keys;

/// <summary>What a gate and a client share so that the one can make tokens and the other know them: a key of HMAC-SHA-256. Hashing allocates nothing.</summary>
public sealed class TokenSecret : SecretBytes
{
    public const int MinSize = 16;

    public const int MaxSize = 64;

    /// <summary>Of a MAC, in bytes.</summary>
    public const int MacSize = HMACSHA256.HashSizeInBytes;

    private TokenSecret(ReadOnlySpan<byte> bytes) : base(bytes) { }

    /// <exception cref="ArgumentException">Not of 16 to 64 bytes.</exception>
    public static TokenSecret From(ReadOnlySpan<byte> bytes) =>
        bytes.Length is >= MinSize and <= MaxSize ? new(bytes) : throw new ArgumentException($"the secret of a token has {MinSize} to {MaxSize} bytes", nameof(bytes));

    public int Size => Bytes.Length;

    public void Export(Span<byte> bytes) => Bytes.CopyTo(bytes);

    public void Mac(ReadOnlySpan<byte> text, Span<byte> mac) => HMACSHA256.HashData(Bytes, text, mac);

    /// <summary>By which it is told from others without being shown.</summary>
    public void Fingerprint(Span<byte> hash) => SHA256.HashData(Bytes, hash);
}
