using System.Security.Cryptography;
using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh.Algorithms;

/// <summary><c>string "nistp256" | string 0x04 x y | mpint d</c></summary>
internal sealed class EcdsaP256Signer : Signer
{
    private readonly ECDsa _key;

    private EcdsaP256Signer(ECDsa key) => _key = key;

    public static EcdsaP256Signer? ReadFields(SshPublicKey publicKey, ref SshReader fields)
    {
        if (!fields.TryExpect(EcdsaP256Verifier.CurveName) || !fields.TryString(P256.PointSize, out var point)
            || !fields.TryPositive(out var d) || d.Length > P256.FieldSize
            || !publicKey.Blob.SequenceEqual(new SshWriter().String(SshNames.Key(SshKeyType.EcdsaP256)).String(EcdsaP256Verifier.CurveName).String(point).ToArray()))
            return null;
        using var secret = new SecretBuffer(P256.FieldSize);
        d.CopyTo(secret.Span[^d.Length..]);
        try
        {
            var q = EcdsaP256Verifier.Split(point);
            return new(ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = q, D = secret.Array }));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    public override byte[] Sign(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(data, hash);
        var pair = _key.SignHash(hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation).AsSpan();
        return new SshWriter().Positive(pair[..P256.FieldSize]).Positive(pair[P256.FieldSize..]).ToArray();
    }

    protected override void Dispose(bool disposing) => _key.Dispose();
}
