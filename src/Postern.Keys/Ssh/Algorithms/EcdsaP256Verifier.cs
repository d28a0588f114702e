using System.Security.Cryptography;
using Postern.Keys.Ssh.Wire;

namespace Postern.Keys.Ssh.Algorithms;

/// <summary>
/// ECDSA over P-256 with SHA-256 (RFC 5656 §3.1): <c>string "nistp256" | string 0x04 x y</c>, signature <c>mpint r | mpint s</c>.
/// (That n − s is as good as s is in ECDSA's nature, and no harm: nothing here takes a signature for a name.)
/// </summary>
internal sealed class EcdsaP256Verifier : Verifier
{
    private readonly ECDsa _key;

    // The runtime promises nothing for two threads on one key object. The lock is a thousandth of a verification.
    private readonly Lock _lock = new();

    private EcdsaP256Verifier(ECDsa key) => _key = key;

    public static ReadOnlySpan<byte> CurveName => "nistp256"u8;

    public static EcdsaP256Verifier? Read(ref SshReader fields)
    {
        if (!fields.TryExpect(CurveName) || !fields.TryString(P256.PointSize, out var point) || point[0] != 4)
            return null;
        if (!P256.IsOnCurve(point.Slice(1, P256.FieldSize), point[(1 + P256.FieldSize)..]))
            return null;
        return new(ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = Split(point) }));
    }

    public static ECPoint Split(ReadOnlySpan<byte> point) =>
        new() { X = point.Slice(1, P256.FieldSize).ToArray(), Y = point[(1 + P256.FieldSize)..].ToArray() };

    public override bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        Span<byte> pair = stackalloc byte[P256.FieldSize + P256.FieldSize];
        var reader = new SshReader(signature);
        if (!TryScalar(ref reader, pair[..P256.FieldSize]) || !TryScalar(ref reader, pair[P256.FieldSize..]) || !reader.AtEnd)
            return false;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(data, hash);
        lock (_lock)
            return _key.VerifyHash(hash, pair, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    private static bool TryScalar(ref SshReader reader, scoped Span<byte> number)
    {
        if (!reader.TryPositive(out var magnitude) || magnitude.Length > number.Length)
            return false;
        number.Clear();
        magnitude.CopyTo(number[^magnitude.Length..]);
        return P256.IsScalar(number);
    }
}
