namespace Postern.Packets.Ring;

/// <summary>
/// When a reader who has read all there was is to rest before it waits for more, and how long. To be woken costs tens of microseconds, some fifty times what a packet costs, and the
/// ring wakes its reader every millisecond while packets trickle. So who was woken more than 125 times a second, for an eighth of a second, lets packets gather each time: until there
/// are some two dozen, which is four milliseconds in a flood, and eight at most. A packet that comes after a quieter time wakes him at once.
/// </summary>
internal struct Gathering
{
    internal const long Shortest = 4_000_000;
    internal const long Longest = 8_000_000;

    /// <summary>Packets that make up for a wake-up.</summary>
    private const int Worthwhile = 24;

    private const long PerWait = 8_000_000;
    private const long Enough = 16 * PerWait;
    private const long Most = 20 * PerWait;

    private long _last;
    private long _rested;
    private long _heat;

    /// <summary>To be asked once before each wait. How many nanoseconds; 0: none.</summary>
    /// <param name="now">Nanoseconds; only differences matter.</param>
    /// <param name="packets">That have come since it was asked last.</param>
    public long RestBefore(long now, int packets)
    {
        var passed = now - _last;
        _heat = Math.Min(Most, Math.Max(0, _heat - Math.Max(0, passed - _rested)) + PerWait); // a rest was no quiet
        _last = now;
        _rested = _heat < Enough ? 0 : Math.Clamp(Math.Min(passed, Longest) * Worthwhile / Math.Max(packets, 1), Shortest, Longest);
        return _rested;
    }
}
