namespace Postern.Packets.Ring;

/// <summary>
/// Uptime for packets that the kernel has stamped with the wall clock. Both clocks are read when a block is opened, and a packet is
/// placed as long before that on the one as its stamp is on the other. If somebody sets the wall clock in between, which is a millisecond
/// unless the reader was held up, the stamp is out of range and the packet counts as just arrived, or it is moved by less than
/// <see cref="MaxAge"/>. Times never run backwards.
/// </summary>
internal struct PacketClock
{
    /// <summary>Far longer than the ring holds packets while they come.</summary>
    private const long MaxAge = 1_000_000_000;

    private long _uptime;
    private long _wall;
    private long _last;

    /// <summary>When the block was opened.</summary>
    public readonly long Uptime => _uptime;

    /// <summary>Reads both, the wall clock first: where the reader is held up in between, a packet counts as come later, and never as come before it was sent.</summary>
    public void Open()
    {
        var wall = Libc.Nanoseconds(Libc.ClockRealtime);
        Open(Libc.Nanoseconds(Libc.ClockMonotonic), wall);
    }

    public void Open(long uptime, long wall)
    {
        _uptime = uptime;
        _wall = wall;
    }

    public long ToUptime(uint seconds, uint nanoseconds)
    {
        var age = _wall - (seconds * 1_000_000_000L + nanoseconds);
        if (age is < 0 or > MaxAge)
            age = 0;
        return _last = Math.Max(_last, _uptime - age);
    }
}
