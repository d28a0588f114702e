namespace Postern.Packets.Ring;

/// <summary>
/// When a reader who has read all there was is to rest before it waits for more. To be woken costs 20 µs, twenty times what a packet costs, and the ring wakes its reader
/// every millisecond while packets trickle. So who was woken more than 125 times a second, for an eighth of a second, lets packets gather for four milliseconds each time. A packet that comes after a
/// quieter time wakes him at once.
/// </summary>
internal struct Gathering
{
    internal const long Rest = 4_000_000;

    private const long PerWait = 8_000_000;
    private const long Enough = 16 * PerWait;
    private const long Most = 20 * PerWait;

    private long _last;
    private long _heat;

    /// <summary>To be asked once before each wait. How many nanoseconds; 0: none.</summary>
    public long RestBefore(long now)
    {
        _heat = Math.Min(Most, Math.Max(0, _heat - (now - _last)) + PerWait);
        _last = now;
        return _heat >= Enough ? Rest : 0;
    }
}
