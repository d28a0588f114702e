using System.Buffers.Binary;
using Postern.Keys.Sodium;

namespace Postern.Keys;

/// <summary>An X25519 public key, to which a message can be sealed: a gate's own, or the one-time key to which a receipt is.</summary>
public sealed class BoxPublicKey
{
    public const int Size = Box.PublicKeySize;

    /// <summary>What sealing adds to a message.</summary>
    public const int SealOverhead = Box.Overhead;

    public const int SeedSize = Box.SeedSize;

    private readonly byte[] _bytes;

    private BoxPublicKey(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes.ToArray();
        Span<byte> hash = stackalloc byte[32];
        Blake2b.Hash(_bytes, hash);
        GateId = BinaryPrimitives.ReadUInt64BigEndian(hash);
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The first 8 bytes of BLAKE2b-256 of the key, read as a big-endian number: what binds a request to one gate.</summary>
    public ulong GateId { get; }

    public static BoxPublicKey From(ReadOnlySpan<byte> bytes) => bytes.Length == Size ? new(bytes) : throw new ArgumentException($"an X25519 public key has {Size} bytes", nameof(bytes));

    /// <summary>False where nothing can be sealed to this key (a point of small order). <paramref name="seed"/> must be random and never used again.</summary>
    public bool TrySeal(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message, Span<byte> @sealed) => Box.TrySeal(_bytes, seed, message, @sealed);
}
