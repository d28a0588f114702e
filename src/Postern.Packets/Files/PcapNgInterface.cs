namespace Postern.Packets.Files;

/// <summary>
/// What an Interface Description Block said: the packets that name it begin with this link layer, are cut at this length (0: not), and
/// their 64-bit times count this unit from <paramref name="OffsetSeconds"/> after the epoch.
/// </summary>
internal readonly record struct PcapNgInterface(LinkType Link, uint SnapLength, TimeUnit Unit, long OffsetSeconds)
{
    public long ToNanoseconds(ulong time)
    {
        var nanoseconds = (Int128)OffsetSeconds * 1_000_000_000 + (Int128)Unit.ToNanoseconds(time);
        return (long)Int128.Clamp(nanoseconds, long.MinValue, long.MaxValue);
    }
}

/// <summary>
/// if_tsresol: seconds are divided by 10^n, or by 2^n where the highest bit is set. Times that a long cannot hold become its largest: in a
/// file that says such a thing, no time is right.
/// </summary>
internal readonly record struct TimeUnit(byte Resolution)
{
    /// <summary>Where the option is absent.</summary>
    public static TimeUnit Microsecond => new(6);

    private const byte PowerOfTwo = 0x80;

    public UInt128 ToNanoseconds(ulong time)
    {
        var exponent = Resolution & ~PowerOfTwo;
        if ((Resolution & PowerOfTwo) != 0)
            return exponent < 128 - 30 ? (UInt128)time * 1_000_000_000 >> exponent : 0;
        return exponent <= 9 ? (UInt128)time * PowerOfTen(9 - exponent) : exponent - 9 < 20 ? time / PowerOfTen(exponent - 9) : 0;
    }

    private static ulong PowerOfTen(int exponent)
    {
        var power = 1UL;
        for (; exponent > 0; exponent--)
            power *= 10;
        return power;
    }
}
