using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Postern.Fuzz.Engine;

/// <summary>Havoc, as AFL calls it: a few changes of one input, one on top of the other, drawn by chance.</summary>
/// <param name="chance">Where it comes from.</param>
/// <param name="words">What the inputs of this parser are made of.</param>
/// <param name="maxLength">No longer than that.</param>
public sealed class Mutator(Chance chance, IReadOnlyList<byte[]> words, int maxLength)
{
    private const int MostChanges = 16;
    private const int LongestBlock = 64;

    private static readonly long[] Interesting =
    [
        0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 512, 1000, 1024, 4095, 4096, 32767, 32768, 65535, 65536, 65537,
        int.MaxValue - 1, int.MaxValue, int.MaxValue + 1L, uint.MaxValue, uint.MaxValue + 1L, long.MaxValue, long.MinValue, -1, -2, -128, -32768, int.MinValue,
    ];

    private readonly List<byte> _bytes = [];

    /// <summary>A changed copy.</summary>
    /// <param name="input">What to change.</param>
    /// <param name="other">From which pieces are taken.</param>
    public byte[] Change(ReadOnlySpan<byte> input, ReadOnlySpan<byte> other)
    {
        _bytes.Clear();
        _bytes.AddRange(input);
        for (var changes = 1 + chance.Below(chance.Below(2) == 0 ? 2 : MostChanges); changes > 0; changes--)
            ChangeOnce(other);
        if (_bytes.Count > maxLength)
            _bytes.RemoveRange(maxLength, _bytes.Count - maxLength);
        return [.. _bytes];
    }

    private void ChangeOnce(ReadOnlySpan<byte> other)
    {
        switch (chance.Below(14))
        {
            case 0 when _bytes.Count > 0:
                _bytes[At()] ^= (byte)(1 << chance.Below(8));
                break;
            case 1 when _bytes.Count > 0:
                _bytes[At()] = chance.Byte();
                break;
            case 2 when _bytes.Count > 0:
                _bytes[At()] += (byte)(1 + chance.Below(16));
                break;
            case 3 when _bytes.Count > 0:
                _bytes[At()] -= (byte)(1 + chance.Below(16));
                break;
            case 4:
                OverwriteNumber();
                break;
            case 5:
                Remove();
                break;
            case 6:
                Insert([.. Block()]);
                break;
            case 7:
                Insert([.. Enumerable.Repeat(chance.Below(2) == 0 ? chance.Byte() : (byte)0, 1 + chance.Below(LongestBlock))]);
                break;
            case 8:
                Overwrite([.. Block()]);
                break;
            case 9 when words.Count > 0:
                Insert(chance.Of(words));
                break;
            case 10 when words.Count > 0:
                Overwrite(chance.Of(words));
                break;
            case 11:
                Splice(other);
                break;
            case 12:
                ReplaceDigits();
                break;
            case 13:
                Insert([chance.Byte()]);
                break;
        }
    }

    private int At() => chance.Below(_bytes.Count);

    private Span<byte> Span => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_bytes);

    private ReadOnlySpan<byte> Block()
    {
        var start = At();
        return Span.Slice(start, Math.Min(_bytes.Count - start, 1 + chance.Below(LongestBlock)));
    }

    private void Insert(byte[] piece)
    {
        if (_bytes.Count + piece.Length <= maxLength)
            _bytes.InsertRange(chance.Below(_bytes.Count + 1), piece);
    }

    private void Overwrite(byte[] piece)
    {
        var at = At();
        piece.AsSpan(0, Math.Min(piece.Length, _bytes.Count - at)).CopyTo(Span[at..]);
    }

    private void Remove()
    {
        var start = At();
        _bytes.RemoveRange(start, Math.Min(_bytes.Count - start, 1 + chance.Below(chance.Below(4) == 0 ? _bytes.Count : 8)));
    }

    /// <summary>A number at the edge of something, of 1 to 8 bytes, in either order.</summary>
    private void OverwriteNumber()
    {
        Span<byte> number = stackalloc byte[8];
        var value = chance.Of(Interesting);
        var size = 1 << chance.Below(4);
        if (chance.Below(2) == 0)
            BinaryPrimitives.WriteInt64LittleEndian(number, value);
        else
            BinaryPrimitives.WriteInt64BigEndian(number, value << (64 - (8 * size)));
        Overwrite([.. number[..size]]);
    }

    /// <summary>Where text has a number, another stands in its place.</summary>
    private void ReplaceDigits()
    {
        var start = At();
        while (start < _bytes.Count && _bytes[start] is < (byte)'0' or > (byte)'9')
            start++;
        var end = start;
        while (end < _bytes.Count && _bytes[end] is >= (byte)'0' and <= (byte)'9')
            end++;
        _bytes.RemoveRange(start, end - start);
        _bytes.InsertRange(start, Encoding.ASCII.GetBytes(chance.Of(Interesting).ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>The head of this one and the tail of the other.</summary>
    private void Splice(ReadOnlySpan<byte> other)
    {
        if (other.IsEmpty)
            return;
        var head = chance.Below(_bytes.Count + 1);
        _bytes.RemoveRange(head, _bytes.Count - head);
        _bytes.AddRange(other[(chance.Below(2) == 0 ? Math.Min(head, other.Length) : chance.Below(other.Length))..]);
    }
}
