namespace Postern.Packets;

/// <summary>One packet as it was seen: its bytes, what they begin with, when, and where. Lives until the source is asked for the next.</summary>
public readonly ref struct CapturedPacket
{
    public required ReadOnlySpan<byte> Bytes { get; init; }

    public required LinkType Link { get; init; }

    /// <summary>Nanoseconds. Live sources give uptime; capture files give time since the Unix epoch. Only differences matter.</summary>
    public required long Time { get; init; }

    /// <summary>When the source got it, by the same clock: how late whoever reads is. 0 where nobody waits for it, as in a file.</summary>
    public long ReadAt { get; init; }
}
