using System.Buffers;
using System.Buffers.Binary;

namespace Postern.Packets.Logs;

/// <summary>
/// The words of a line, one space apart, read from left to right: <c>KEY=value</c>, a flag, or options in brackets. It remembers the first thing that was wrong;
/// from then on every word is empty.
/// </summary>
internal ref struct LogWords(ReadOnlySpan<byte> text)
{
    private static readonly SearchValues<byte> Hexadecimals = SearchValues.Create("0123456789ABCDEF"u8);

    private const int IPv6TextSize = (8 * 4) + 7;

    private ReadOnlySpan<byte> _rest = text;

    public LogFault Fault { get; private set; }

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public readonly bool IsNext(ReadOnlySpan<byte> key) => Fault == LogFault.None && _rest.StartsWith(key);

    public void Fail(LogFault fault)
    {
        if (Fault == LogFault.None)
            Fault = fault;
    }

    /// <summary>Steps over a word if it is the next.</summary>
    public bool TryWord(ReadOnlySpan<byte> word)
    {
        if (!IsNext(word) || (_rest.Length > word.Length && _rest[word.Length] != ' '))
            return false;
        Skip(word.Length);
        return true;
    }

    /// <summary>What stands behind a key, if that is the next.</summary>
    public bool TryText(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!IsNext(key))
            return false;
        var end = _rest.IndexOf((byte)' ');
        value = end < 0 ? _rest[key.Length..] : _rest[key.Length..end];
        Skip(key.Length + value.Length);
        return true;
    }

    /// <summary>What stands behind a key that must be the next.</summary>
    public ReadOnlySpan<byte> Text(ReadOnlySpan<byte> key)
    {
        if (!TryText(key, out var value))
            Fail(LogFault.Cut);
        return value;
    }

    public uint Number(ReadOnlySpan<byte> key, uint max)
    {
        var value = Text(key);
        return Fault == LogFault.None ? ToNumber(value, max, radix: 10) : 0;
    }

    public uint Hexadecimal(ReadOnlySpan<byte> key, uint max)
    {
        var value = Text(key);
        return Fault == LogFault.None ? ToNumber(value, max, radix: 16) : 0;
    }

    /// <summary>As the kernel writes them: four decimal numbers, or eight groups of four hexadecimal digits.</summary>
    public UInt128 Address(ReadOnlySpan<byte> key, out bool isV4)
    {
        var value = Text(key);
        isV4 = !value.Contains((byte)':');
        if (Fault != LogFault.None)
            return 0;
        return isV4 ? IPv4(value) : IPv6(value);
    }

    /// <summary><c>OPT (0204FFD7…)</c>, if it is the next: its digits, two a byte.</summary>
    public bool TryOptions(out ReadOnlySpan<byte> digits)
    {
        digits = default;
        var opening = "OPT ("u8;
        if (!IsNext(opening))
            return false;
        var end = _rest.IndexOf((byte)')');
        if (end < 0)
        {
            Fail(LogFault.Cut);
            return false;
        }

        digits = _rest[opening.Length..end];
        if (digits.Length % 2 != 0 || digits.ContainsAnyExcept(Hexadecimals))
        {
            Fail(LogFault.Cut);
            digits = default;
        }

        Skip(end + 1);
        return true;
    }

    private void Skip(int count)
    {
        _rest = _rest[count..];
        if (_rest.StartsWith(" "u8))
            _rest = _rest[1..];
        else if (!_rest.IsEmpty)
            Fail(LogFault.Cut);
    }

    /// <summary>Of a number that goes on as something else the end was lost; one that is too large was never a packet's.</summary>
    private uint ToNumber(ReadOnlySpan<byte> digits, uint max, uint radix)
    {
        ulong number = 0;
        foreach (var character in digits)
        {
            var digit = DigitOf(character);
            if (digit >= radix)
            {
                Fail(LogFault.Cut);
                return 0;
            }

            number = (number * radix) + digit;
            if (number > max)
            {
                Fail(LogFault.Impossible);
                return 0;
            }
        }

        if (digits.IsEmpty)
            Fail(LogFault.Cut);
        return (uint)number;
    }

    private static uint DigitOf(byte character) => character switch
    {
        >= (byte)'0' and <= (byte)'9' => (uint)character - '0',
        >= (byte)'A' and <= (byte)'F' => (uint)character - 'A' + 10,
        >= (byte)'a' and <= (byte)'f' => (uint)character - 'a' + 10,
        _ => uint.MaxValue,
    };

    private UInt128 IPv4(ReadOnlySpan<byte> text)
    {
        uint address = 0;
        for (var part = 0; part < 4; part++)
        {
            var end = part == 3 ? text.Length : text.IndexOf((byte)'.');
            if (end < 0)
            {
                Fail(LogFault.Cut);
                return 0;
            }

            address = (address << 8) | ToNumber(text[..end], byte.MaxValue, radix: 10);
            text = part == 3 ? default : text[(end + 1)..];
        }

        return new(0, 0xffff_0000_0000UL | address);
    }

    private UInt128 IPv6(ReadOnlySpan<byte> text)
    {
        if (text.Length != IPv6TextSize)
        {
            Fail(LogFault.Cut);
            return 0;
        }

        Span<byte> bytes = stackalloc byte[16];
        for (var group = 0; group < 8; group++)
        {
            var at = group * 5;
            if (group > 0 && text[at - 1] != ':')
                Fail(LogFault.Cut);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[(group * 2)..], (ushort)ToNumber(text.Slice(at, 4), ushort.MaxValue, radix: 16));
        }

        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
