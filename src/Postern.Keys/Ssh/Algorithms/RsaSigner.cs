using System.Security.Cryptography;
using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh.Algorithms;

/// <summary><c>mpint n | mpint e | mpint d | mpint q⁻¹ mod p | mpint p | mpint q</c></summary>
internal sealed class RsaSigner : Signer
{
    private readonly RSA _key;

    private RsaSigner(RSA key) => _key = key;

    public static RsaSigner? ReadFields(SshPublicKey publicKey, ref SshReader fields)
    {
        if (!fields.TryPositive(out var n) || !fields.TryPositive(out var e) || !fields.TryPositive(out var d)
            || !fields.TryPositive(out var inverse) || !fields.TryPositive(out var p) || !fields.TryPositive(out var q))
            return null;
        // The runtime wants every number as wide as the modulus, or half of it.
        var half = (n.Length + 1) / 2;
        if (!publicKey.Blob.SequenceEqual(new SshWriter().String(SshNames.Key(SshKeyType.Rsa)).Positive(e).Positive(n).ToArray()) || d.Length > n.Length || inverse.Length > half || p.Length > half || q.Length > half)
            return null;
        using var wholeD = Pad(d, n.Length);
        using var wholeInverse = Pad(inverse, half);
        using var wholeP = Pad(p, half);
        using var wholeQ = Pad(q, half);
        using var dp = ModuloLess1(wholeD, wholeP);
        using var dq = ModuloLess1(wholeD, wholeQ);
        try
        {
            return new(RSA.Create(new RSAParameters
            {
                Modulus = n.ToArray(),
                Exponent = e.ToArray(),
                D = wholeD.Array,
                P = wholeP.Array,
                Q = wholeQ.Array,
                DP = dp.Array,
                DQ = dq.Array,
                InverseQ = wholeInverse.Array,
            }));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    public override byte[] Sign(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        SHA512.HashData(data, hash);
        return _key.SignHash(hash, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1);
    }

    protected override void Dispose(bool disposing) => _key.Dispose();

    private static SecretBuffer Pad(ReadOnlySpan<byte> number, int width)
    {
        var padded = new SecretBuffer(width);
        number.CopyTo(padded.Span[^number.Length..]);
        return padded;
    }

    /// <summary>d mod (p − 1), which the files leave out.</summary>
    private static SecretBuffer ModuloLess1(SecretBuffer d, SecretBuffer p)
    {
        var result = new SecretBuffer(p.Span.Length);
        using var modulus = Pad(p.Span, p.Span.Length);
        modulus.Span[^1] &= 0xfe;
        SecretNumber.Modulo(d.Span, modulus.Span, result.Span);
        return result;
    }
}
