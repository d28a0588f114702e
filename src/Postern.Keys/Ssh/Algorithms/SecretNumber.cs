namespace Postern.Keys.Ssh.Algorithms;

/// <summary>Arithmetic on secrets in place, which BigInteger would leave copies of all over the heap. Slow: milliseconds.</summary>
internal static class SecretNumber
{
    /// <summary>All big-endian; the result as wide as the modulus. The modulus is not zero, or the result means nothing.</summary>
    public static void Modulo(ReadOnlySpan<byte> number, ReadOnlySpan<byte> modulus, Span<byte> result)
    {
        result.Clear();
        for (var bit = 0; bit < number.Length * 8; bit++)
        {
            var overflow = ShiftIn((number[bit / 8] >> (7 - (bit % 8))) & 1, result);
            if (overflow || result.SequenceCompareTo(modulus) >= 0)
                Subtract(modulus, result);
        }
    }

    private static bool ShiftIn(int carry, Span<byte> number)
    {
        for (var i = number.Length - 1; i >= 0; i--)
        {
            var shifted = (number[i] << 1) | carry;
            number[i] = (byte)shifted;
            carry = shifted >> 8;
        }

        return carry != 0;
    }

    private static void Subtract(ReadOnlySpan<byte> subtrahend, Span<byte> number)
    {
        var borrow = 0;
        for (var i = number.Length - 1; i >= 0; i--)
        {
            var difference = number[i] - subtrahend[i] - borrow;
            number[i] = (byte)difference;
            borrow = difference < 0 ? 1 : 0;
        }
    }
}
