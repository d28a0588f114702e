using System.Collections.Immutable;
using Postern.Packets.Ring;

namespace Postern.Packets;

/// <summary>
/// The packets that arrive at this host and that a <see cref="CaptureFilter"/> wants, from all interfaces, those that do not exist yet
/// included: an AF_PACKET socket, its filter in the kernel, and a ring of memory that the kernel fills and we read without a call.
/// Packets begin at the IP header (<see cref="LinkType.Raw"/>); link layer and VLAN tag are gone. One packet may be seen twice, on a VLAN or bond
/// and on the interface below it; <see cref="PacketView.Distinction"/> tells. While nothing comes, nothing runs; while packets keep coming, they are let gather
/// for some milliseconds (<see cref="Gathering"/>).
/// <para>
/// <see cref="TryRead(out CapturedPacket)"/> belongs to one thread. <see cref="Stop"/>, <see cref="Dropped"/> and <see cref="Dispose"/> may be called from any. Dispose ends a wait and takes the ring's memory away, and with it the
/// bytes of the packet that was read last: a reader on another thread must be done with it.
/// </para>
/// </summary>
public sealed unsafe class PacketRing : IPacketSource
{
    private readonly InterfaceNames _interfaces;
    private readonly RingSize _size;
    private int _socket = -1;
    private ReaderTurn _turn = null!; // there before anybody has the ring
    private byte* _ring;
    private long _dropped;
    private long _timesFull;

    private RingBlock _block;
    private int _blockIndex;
    private PacketClock _clock;
    private Gathering _gathering;
    private bool _rested;
    private int _taken;
    private long _lost;

    /// <summary>Blocks may wait that a reader before us has left, or made up, anywhere.</summary>
    private bool _inherits = true;

    private PacketRing(ImmutableArray<string> interfaces, RingSize size)
    {
        size.Validate();
        _size = size;
        _interfaces = new(interfaces.IsDefault ? [] : interfaces);
    }

    /// <param name="filter">What the kernel lets through.</param>
    /// <param name="interfaces">Names of interfaces; none means all. They need not exist.</param>
    /// <param name="size"><see cref="RingSize.Default"/> unless there is a reason.</param>
    /// <exception cref="CaptureException">The system does not let us, or cannot.</exception>
    /// <exception cref="ArgumentException">The filter, a name or the size is none that the kernel can take.</exception>
    public static PacketRing Open(CaptureFilter filter, ImmutableArray<string> interfaces, RingSize size)
    {
        var ring = new PacketRing(interfaces, size);
        return CaptureSocket.Owning(CaptureSocket.Open(size), socket =>
        {
            CaptureSocket.Prepare(socket, filter);
            return ring.Take(socket);
        });
    }

    /// <summary>Reads from a socket that somebody else has prepared, from the oldest packet on that nobody has read yet. It is then this ring's to close.</summary>
    /// <param name="socket">As <see cref="CaptureSocket.Prepare"/> left it, or a reader that was there before.</param>
    /// <param name="interfaces">As for <see cref="Open"/>.</param>
    /// <param name="size">The size that it was prepared with.</param>
    /// <exception cref="CaptureException">It has no ring of that size.</exception>
    public static PacketRing Adopt(int socket, ImmutableArray<string> interfaces, RingSize size)
    {
        var ring = new PacketRing(interfaces, size);
        return CaptureSocket.Owning(socket, ring.Take);
    }

    private PacketRing Take(int socket)
    {
        _turn = new();
        try
        {
            _ring = RingSocket.Map(socket, _size);
        }
        catch
        {
            _turn.Close(() => { });
            throw;
        }

        _socket = socket;
        return this;
    }

    /// <inheritdoc/>
    /// <exception cref="CaptureException">The kernel has taken the socket away.</exception>
    public bool TryRead(out CapturedPacket packet) => TryRead(out packet, long.MaxValue);

    /// <inheritdoc/>
    /// <exception cref="CaptureException">The kernel has taken the socket away.</exception>
    public bool TryRead(out CapturedPacket packet, long deadline)
    {
        _turn.Begin();
        try
        {
            return TryNext(out packet, deadline);
        }
        finally
        {
            _turn.End();
        }
    }

    public bool HasMore
    {
        get
        {
            _turn.Begin();
            var more = !_turn.IsStopped && (_block.HasMore || RingBlock.IsReady(_block.IsOpen ? Block((_blockIndex + 1) % _size.Blocks) : CurrentBlock));
            _turn.End();
            return more;
        }
    }

    private bool TryNext(out CapturedPacket packet, long deadline)
    {
        while (!_turn.IsStopped)
        {
            if (_block.IsOpen)
            {
                if (TryTake(out packet))
                    return true;
                continue;
            }

            if (_inherits && !RingBlock.IsReady(CurrentBlock))
                _inherits = TryFindOldest();
            var now = Libc.Nanoseconds(Libc.ClockMonotonic);
            if (now >= deadline)
                break;
            if (RingBlock.IsReady(CurrentBlock))
            {
                _block = RingBlock.Open(CurrentBlock, _size.BlockBytes);
                _clock.Open();
                _rested = false;
            }
            else if (!_rested && RestBefore(now) is > 0 and var rest)
            {
                RingSocket.Rest(_turn.Wake, Math.Min(rest, deadline - now));
                _rested = true;
            }
            else if (RingSocket.Wait(_socket, _turn.Wake, deadline - now) && !RingBlock.IsReady(CurrentBlock))
            {
                _ = TryFindOldest(); // the kernel says that there is something, but not where we look
            }
        }

        packet = default;
        return false;
    }

    private long RestBefore(long now)
    {
        var taken = _taken;
        _taken = 0;
        return _gathering.RestBefore(now, taken);
    }

    private byte* CurrentBlock => Block(_blockIndex);

    private byte* Block(int index) => _ring + (nint)index * _size.BlockBytes;

    /// <summary>
    /// Where to read on: the block that the kernel handed over first, or, where none waits, the one that it is writing, which was opened last. Whoever
    /// read before us may have written anything into the ring; what is handed over is found all the same. False where none waits.
    /// </summary>
    private bool TryFindOldest()
    {
        var (ready, writing) = (-1, 0);
        for (var i = 0; i < _size.Blocks; i++)
        {
            RingBlock.Repair(Block(i));
            var opened = RingBlock.Opened(Block(i));
            if (RingBlock.IsReady(Block(i)))
                ready = ready < 0 || opened < RingBlock.Opened(Block(ready)) ? i : ready;
            else
                writing = opened > RingBlock.Opened(Block(writing)) ? i : writing;
        }

        _blockIndex = ready >= 0 ? ready : writing;
        return ready >= 0;
    }

    /// <summary>The next packet of the open block. False for one of another interface; and at the end of the block, which is then closed.</summary>
    private bool TryTake(out CapturedPacket packet)
    {
        packet = default;
        if (!_block.TryNext(out var next, out var lost))
        {
            if (lost != 0)
                Interlocked.Add(ref _lost, lost);
            _block.Close();
            _blockIndex = (_blockIndex + 1) % _size.Blocks;
            return false;
        }

        _taken++;
        if (!_interfaces.Wants(next.Interface, _socket, _clock.Uptime))
            return false;
        packet = new() { Bytes = next.Bytes, Link = LinkType.Raw, Time = _clock.ToUptime(next.Seconds, next.Nanoseconds), ReadAt = _clock.Uptime };
        return true;
    }

    public long Dropped
    {
        get
        {
            lock (_turn.Control)
            {
                CountLosses();
                return _dropped + Interlocked.Read(ref _lost);
            }
        }
    }

    public long TimesFull
    {
        get
        {
            lock (_turn.Control)
            {
                CountLosses();
                return _timesFull;
            }
        }
    }

    private void CountLosses()
    {
        if (_turn.IsClosed)
            return;
        var (dropped, timesFull) = RingSocket.TakeLosses(_socket);
        _dropped += dropped;
        _timesFull += timesFull;
    }

    public void Stop() => _turn.Stop();

    public void Dispose() => _turn.Close(Release);

    private void Release()
    {
        CountLosses();
        _ = Libc.Unmap(_ring, (nuint)_size.Bytes);
        _ = Libc.Close(_socket);
        _ring = null;
    }
}
