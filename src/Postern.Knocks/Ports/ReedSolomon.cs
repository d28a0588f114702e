namespace Postern.Knocks.Ports;

/// <summary>
/// The Reed–Solomon code over GF(2⁸), modulo x⁸ + x⁴ + x³ + x² + 1, with α = 2 and the roots α⁰ … α^(parity−1): the code of QR (ISO/IEC 18004 §8.5), whose examples its tests are. With
/// <c>e</c> wrong symbols and <c>s</c> missing ones it mends what was sent where <c>2e + s</c> is at most the parity. Decoding is by Forney's syndromes and Berlekamp and Massey's
/// algorithm. It allocates nothing, and takes any bytes.
/// </summary>
internal sealed class ReedSolomon
{
    private const int Polynomial = 0x11d;
    private const int MaxSymbols = 64;

    private static readonly byte[] Exp = new byte[512];
    private static readonly byte[] Log = new byte[256];

    private readonly byte[] _generator;

    static ReedSolomon()
    {
        var x = 1;
        for (var i = 0; i < 255; i++)
        {
            (Exp[i], Exp[i + 255], Log[x]) = ((byte)x, (byte)x, (byte)i);
            x <<= 1;
            if (x > 255)
                x ^= Polynomial;
        }
    }

    public ReedSolomon(int parity)
    {
        Parity = parity;
        _generator = new byte[parity + 1];
        _generator[0] = 1;
        for (var i = 0; i < parity; i++)
        {
            for (var j = i + 1; j > 0; j--)
                _generator[j] ^= Multiply(_generator[j - 1], Exp[i]);
        }
    }

    public int Parity { get; }

    /// <summary>Writes the parity of what stands before it.</summary>
    /// <param name="word">Data, and behind it room for the parity.</param>
    public void Encode(Span<byte> word)
    {
        var data = word[..^Parity];
        Span<byte> rest = stackalloc byte[MaxSymbols];
        rest = rest[..Parity];
        rest.Clear();
        foreach (var symbol in data)
        {
            var factor = (byte)(symbol ^ rest[0]);
            rest[1..].CopyTo(rest);
            rest[^1] = 0;
            for (var j = 0; j < Parity; j++)
                rest[j] ^= Multiply(_generator[j + 1], factor);
        }

        rest.CopyTo(word[^Parity..]);
    }

    /// <summary>Mends it in place. False: more is wrong than can be mended, and what stands in it means nothing.</summary>
    /// <param name="word">As it came; of what is missing it does not matter what stands there.</param>
    /// <param name="missing">Bit i: symbol i is missing.</param>
    public bool TryDecode(Span<byte> word, ulong missing)
    {
        var count = System.Numerics.BitOperations.PopCount(missing);
        if (count > Parity || word.Length > MaxSymbols)
            return false;
        Span<byte> syndromes = stackalloc byte[MaxSymbols];
        if (Syndromes(word, missing, syndromes = syndromes[..Parity]))
            return true;

        // The locator of what is missing, with the lowest power first; its roots are the inverses of the places.
        Span<byte> erasures = stackalloc byte[MaxSymbols + 1];
        erasures.Clear();
        erasures[0] = 1;
        var degree = 0;
        for (var i = 0; i < word.Length; i++)
        {
            if ((missing >> i & 1) != 0)
                MultiplyByRoot(erasures, degree++, Exp[word.Length - 1 - i]);
        }

        Span<byte> locator = stackalloc byte[MaxSymbols + 1];
        var errors = FindErrors(syndromes, erasures[..(degree + 1)], locator);
        return 2 * (errors - count) + count <= Parity && Mend(word, syndromes, locator[..(errors + 1)]) && Syndromes(word, 0, syndromes);
    }

    /// <summary>True: all are zero, and it is a word of the code. What is missing is taken for zero, and set to it.</summary>
    private bool Syndromes(Span<byte> word, ulong missing, Span<byte> syndromes)
    {
        for (var i = 0; i < word.Length; i++)
        {
            if ((missing >> i & 1) != 0)
                word[i] = 0;
        }

        for (var i = 0; i < Parity; i++)
        {
            byte sum = 0;
            foreach (var symbol in word)
                sum = (byte)(Multiply(sum, Exp[i]) ^ symbol);
            syndromes[i] = sum;
        }

        return !syndromes.ContainsAnyExcept((byte)0);
    }

    /// <summary>Berlekamp and Massey, begun with the locator of what is missing. The degree of the locator of all that is wrong or missing.</summary>
    private int FindErrors(ReadOnlySpan<byte> syndromes, ReadOnlySpan<byte> erasures, Span<byte> locator)
    {
        Span<byte> previous = stackalloc byte[MaxSymbols + 1];
        Span<byte> kept = stackalloc byte[MaxSymbols + 1];
        locator.Clear();
        previous.Clear();
        erasures.CopyTo(locator);
        erasures.CopyTo(previous);
        var missing = erasures.Length - 1;
        var length = missing;
        for (var step = missing; step < Parity; step++)
        {
            previous[..^1].CopyTo(previous[1..]);
            previous[0] = 0;
            byte discrepancy = 0;
            for (var j = 0; j <= Math.Min(step, length); j++)
                discrepancy ^= Multiply(locator[j], syndromes[step - j]);
            if (discrepancy == 0)
                continue;
            locator.CopyTo(kept);
            for (var j = 0; j < locator.Length; j++)
                locator[j] ^= Multiply(discrepancy, previous[j]);
            if (2 * length > step + missing)
                continue;
            length = step + 1 + missing - length;
            var inverse = Exp[255 - Log[discrepancy]];
            for (var j = 0; j < previous.Length; j++)
                previous[j] = Multiply(kept[j], inverse);
        }

        return length;
    }

    /// <summary>Chien's search for the places, Forney's formula for what was added there.</summary>
    private bool Mend(Span<byte> word, ReadOnlySpan<byte> syndromes, ReadOnlySpan<byte> locator)
    {
        Span<byte> evaluator = stackalloc byte[MaxSymbols];
        evaluator = evaluator[..Parity];
        evaluator.Clear();
        for (var i = 0; i < Parity; i++)
        {
            for (var j = 0; j <= Math.Min(i, locator.Length - 1); j++)
                evaluator[i] ^= Multiply(locator[j], syndromes[i - j]);
        }

        var found = 0;
        for (var i = 0; i < word.Length; i++)
        {
            var power = word.Length - 1 - i;
            var inverse = Exp[(255 - power) % 255];
            if (ValueAt(locator, inverse) != 0)
                continue;
            found++;
            byte slope = 0; // the formal derivative: the odd powers, one lower
            for (var j = 1; j < locator.Length; j += 2)
                slope ^= Multiply(locator[j], Power(inverse, j - 1));
            if (slope == 0)
                return false;
            word[i] ^= Multiply(Exp[power % 255], Multiply(ValueAt(evaluator, inverse), Exp[255 - Log[slope]]));
        }

        return found == locator.Length - 1;
    }

    private static byte ValueAt(ReadOnlySpan<byte> polynomial, byte x)
    {
        byte sum = 0;
        for (var i = polynomial.Length - 1; i >= 0; i--)
            sum = (byte)(Multiply(sum, x) ^ polynomial[i]);
        return sum;
    }

    private static void MultiplyByRoot(Span<byte> polynomial, int degree, byte root)
    {
        for (var j = degree + 1; j > 0; j--)
            polynomial[j] ^= Multiply(polynomial[j - 1], root);
    }

    private static byte Power(byte x, int exponent) => x == 0 ? (byte)(exponent == 0 ? 1 : 0) : Exp[Log[x] * exponent % 255];

    private static byte Multiply(byte a, byte b) => a == 0 || b == 0 ? (byte)0 : Exp[Log[a] + Log[b]];
}
