namespace Postern.Packets;

/// <summary>
/// The memory that the kernel writes packets into: so many blocks of so many bytes. The kernel hands a block over when it is full or a
/// millisecond old, whatever is in it. So many small blocks outlast a reader that is kept from running better than few large ones: while
/// packets trickle, each block lasts a millisecond.
/// </summary>
public readonly record struct RingSize(int BlockBytes, int Blocks)
{
    private const int DefaultBytes = 4 * 1024 * 1024;
    private const int DefaultBlockBytes = 16 * 1024;

    /// <summary>
    /// 4 MiB in 256 blocks. A packet takes 144 bytes (a SYN) to 352 (cut at 256), so that a flood of 300,000 a second that passes the
    /// filter is held for 40 to 90 ms, and a trickle for 256 ms; at that flood the reader is woken 3,000 to 7,000 times a second.
    /// </summary>
    public static RingSize Default
    {
        get
        {
            var block = Math.Max(DefaultBlockBytes, Environment.SystemPageSize);
            return new(block, DefaultBytes / block);
        }
    }

    /// <summary>
    /// The default, or four times as much where whole packets are kept for the size of their data: a datagram of 1 200 bytes takes 1 344, so
    /// that 16 MiB hold as many of them as 4 MiB hold of those that are cut, and a flood of them has to last as long to fill it.
    /// </summary>
    public static RingSize For(bool wholePackets)
    {
        var size = Default;
        return wholePackets ? size with { Blocks = 4 * size.Blocks } : size;
    }

    /// <summary>By what this filter keeps of packets.</summary>
    public static RingSize For(CaptureFilter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return For(filter.KeepsWholePackets);
    }

    internal int Bytes => BlockBytes * Blocks;

    /// <exception cref="ArgumentOutOfRangeException">The kernel would not take it.</exception>
    internal void Validate()
    {
        if (BlockBytes <= 0 || BlockBytes % Environment.SystemPageSize != 0 || Blocks < 2 || (long)BlockBytes * Blocks > int.MaxValue)
            throw new ArgumentOutOfRangeException(null, this, "a ring has two blocks or more, each of whole pages, and less than 2 GiB");
    }
}
