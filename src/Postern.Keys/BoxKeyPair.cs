using System.Security.Cryptography;
using Postern.Keys.Sodium;

namespace Postern.Keys;

/// <summary>An X25519 key pair: a gate's, or a client's for one receipt.</summary>
public sealed class BoxKeyPair : SecretBytes
{
    public const int PrivateKeySize = Box.PrivateKeySize;

    private BoxKeyPair(ReadOnlySpan<byte> privateKey) : base(privateKey)
    {
        Span<byte> publicKey = stackalloc byte[Box.PublicKeySize];
        Box.PublicOf(privateKey, publicKey);
        Public = BoxPublicKey.From(publicKey);
    }

    public BoxPublicKey Public { get; }

    public static BoxKeyPair Generate()
    {
        Span<byte> key = stackalloc byte[PrivateKeySize];
        RandomNumberGenerator.Fill(key);
        var pair = From(key);
        CryptographicOperations.ZeroMemory(key);
        return pair;
    }

    public static BoxKeyPair From(ReadOnlySpan<byte> privateKey) =>
        privateKey.Length == PrivateKeySize ? new(privateKey) : throw new ArgumentException($"an X25519 private key has {PrivateKeySize} bytes", nameof(privateKey));

    public void Export(Span<byte> privateKey) => Bytes.CopyTo(privateKey);

    /// <summary>False where it was not sealed to this key.</summary>
    public bool TryOpen(ReadOnlySpan<byte> @sealed, Span<byte> message) => Box.TryOpen(Public.Bytes, Bytes, @sealed, message);
}
