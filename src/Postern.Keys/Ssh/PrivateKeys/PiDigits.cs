using System.Numerics;

namespace Postern.Keys.Ssh.PrivateKeys;

/// <summary>The binary digits of π after the point: the numbers up somebody's sleeve that Blowfish begins with. Computed once, in milliseconds.</summary>
internal static class PiDigits
{
    // Each term's division loses less than one unit of the last place; so many terms lose less than this.
    private const int GuardBits = 64;

    public static uint[] Words(int count)
    {
        var bits = (count * 32) + GuardBits;
        // Machin, 1706: π/4 = 4 arctan(1/5) − arctan(1/239)
        var pi = 4 * ((4 * ArcTangentOfInverse(5, bits)) - ArcTangentOfInverse(239, bits));
        var fraction = (pi - (new BigInteger(3) << bits)) >> GuardBits;
        var words = new uint[count];
        for (var i = count - 1; i >= 0; i--, fraction >>= 32)
            words[i] = (uint)(fraction & uint.MaxValue);
        return words;
    }

    /// <summary>arctan(1/n) = 1/n − 1/3n³ + 1/5n⁵ − …, times 2 to the power of <paramref name="bits"/>.</summary>
    private static BigInteger ArcTangentOfInverse(int n, int bits)
    {
        var sum = BigInteger.Zero;
        var power = (BigInteger.One << bits) / n;
        for (var k = 1; !power.IsZero; k += 4)
        {
            sum += power / k;
            power /= n * n;
            sum -= power / (k + 2);
            power /= n * n;
        }

        return sum;
    }
}
