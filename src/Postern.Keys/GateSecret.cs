using System.Security.Cryptography;
using Postern.Keys.Sodium;

namespace Postern.Keys;

/// <summary>
/// The 32 bytes that a gate and all its enrolled clients share. It proves nobody: it is the veil that makes an SPA packet random bytes to
/// whoever lacks it, and the filter that throws away junk before any public-key work.
/// </summary>
public sealed class GateSecret : SecretBytes
{
    public const int Size = 32;

    private GateSecret(ReadOnlySpan<byte> bytes) : base(bytes) { }

    public static GateSecret Generate()
    {
        Span<byte> bytes = stackalloc byte[Size];
        RandomNumberGenerator.Fill(bytes);
        return From(bytes);
    }

    public static GateSecret From(ReadOnlySpan<byte> bytes) => bytes.Length == Size ? new(bytes) : throw new ArgumentException($"a gate secret has {Size} bytes", nameof(bytes));

    public void Export(Span<byte> bytes) => Bytes.CopyTo(bytes);

    /// <summary>spec/spa.md §3: BLAKE2b-256(key = gate secret, label).</summary>
    public OuterKey DeriveOuterKey()
    {
        Span<byte> key = stackalloc byte[OuterKey.Size];
        Blake2b.Hash("postern spa v1 outer"u8, key, Bytes);
        var derived = OuterKey.From(key);
        CryptographicOperations.ZeroMemory(key);
        return derived;
    }
}
