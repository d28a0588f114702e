using System.Numerics;
using System.Security.Cryptography;
using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh.Algorithms;

/// <summary>RSA with SHA-512, PKCS#1 v1.5 (RFC 8332): <c>mpint e | mpint n</c>, signature as long as the modulus.</summary>
internal sealed class RsaVerifier : Verifier
{
    /// <summary>Fewer bits are within reach of some; more cost more than anyone gains, and their signatures do not fit a packet.</summary>
    public const int MinBits = 2048;
    public const int MaxBits = 4096;

    /// <summary>
    /// The cost of a verification grows with the exponent, and a stranger's key could make it that of a signature. Everybody's exponent is
    /// 65537 (before OpenSSH 5.4: 35), and more than 32 bits some systems cannot do.
    /// </summary>
    private const int MaxExponentSize = 4;

    private readonly RSA _key;
    private readonly Lock _lock = new(); // as in EcdsaP256Verifier

    private RsaVerifier(RSA key, int size)
    {
        _key = key;
        Size = size;
    }

    /// <summary>Bytes of the modulus, and of every signature.</summary>
    public int Size { get; }

    public static RsaVerifier? Read(ref SshReader fields)
    {
        if (!fields.TryPositive(out var exponent) || exponent.Length > MaxExponentSize || !IsOdd(exponent) || exponent is [1])
            return null;
        if (!fields.TryPositive(out var modulus) || Bits(modulus) is < MinBits or > MaxBits || !IsOdd(modulus))
            return null;
        return new(RSA.Create(new RSAParameters { Exponent = exponent.ToArray(), Modulus = modulus.ToArray() }), modulus.Length);
    }

    public override bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Size)
            return false;
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        SHA512.HashData(data, hash);
        lock (_lock)
            return _key.VerifyHash(hash, signature, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1);
    }

    private static bool IsOdd(ReadOnlySpan<byte> number) => (number[^1] & 1) != 0;

    private static int Bits(ReadOnlySpan<byte> number) => (number.Length * 8) - BitOperations.LeadingZeroCount((uint)number[0] << 24);
}
