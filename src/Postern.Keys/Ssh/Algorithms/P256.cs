using System.Globalization;
using System.Numerics;

namespace Postern.Keys.Ssh.Algorithms;

/// <summary>The curve NIST P-256 (SP 800-186 §3.2.1.3): y² = x³ − 3x + b over a prime field, of prime order.</summary>
internal static class P256
{
    public const int FieldSize = 32;

    /// <summary>0x04 | x | y (SEC 1 §2.3.3).</summary>
    public const int PointSize = 1 + FieldSize + FieldSize;

    private static readonly BigInteger Prime = Number("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    private static readonly BigInteger B = Number("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");

    private static ReadOnlySpan<byte> Order =>
    [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];

    /// <summary>The order is prime, so a point of the curve is of the right order. (The point at infinity has no such form.)</summary>
    public static bool IsOnCurve(ReadOnlySpan<byte> x, ReadOnlySpan<byte> y)
    {
        var (a, b) = (Number(x), Number(y));
        return a < Prime && b < Prime && ((b * b) - (a * a * a) + (3 * a) - B) % Prime == 0;
    }

    /// <summary>From 1 up to the order less 1, written with all 32 bytes.</summary>
    public static bool IsScalar(ReadOnlySpan<byte> number) => number.ContainsAnyExcept((byte)0) && number.SequenceCompareTo(Order) < 0;

    private static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static BigInteger Number(string hex) => BigInteger.Parse("0" + hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
