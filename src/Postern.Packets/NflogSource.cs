using System.Runtime.InteropServices;
using Postern.Packets.Ring;

namespace Postern.Packets;

/// <summary>
/// The packets that a rule of nftables copies to a group of nfnetlink_log (<see cref="NflogSocket"/>), wherever they came in. Each is stamped when it is read. What found no room in the
/// socket the kernel counts.
/// <para>
/// <see cref="TryRead(out CapturedPacket)"/> belongs to one thread; the rest may be called from any. Memory is laid out once.
/// </para>
/// </summary>
public sealed unsafe class NflogSource : IPacketSource
{
    /// <summary>A message of ours holds one packet of <see cref="NflogSocket.CopyRange"/>; the kernel makes none longer than this.</summary>
    private const int DatagramBytes = 64 * 1024;

    private readonly int _socket;
    private readonly ReaderTurn _turn;
    private readonly byte* _datagram = (byte*)NativeMemory.Alloc(DatagramBytes);
    private int _length;
    private int _at;
    private long _now;
    private readonly uint _dropsBefore;
    private long _dropped;

    /// <param name="socket">As <see cref="NflogSocket.Open"/> made it; it is then this source's to close.</param>
    /// <exception cref="CaptureException">The system has no descriptors left.</exception>
    public NflogSource(int socket)
    {
        _socket = socket;
        _dropsBefore = UdpSocketSource.DropsOf(socket);
        _turn = new();
    }

    public long Dropped
    {
        get
        {
            lock (_turn.Control)
            {
                if (!_turn.IsClosed)
                    _dropped = unchecked(UdpSocketSource.DropsOf(_socket) - _dropsBefore);
                return _dropped;
            }
        }
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

    private bool TryNext(out CapturedPacket packet, long deadline)
    {
        while (!_turn.IsStopped)
        {
            var messages = new NflogMessages(new(_datagram + _at, _length - _at));
            if (messages.TryNext(out var bytes))
            {
                _at = _length - messages.Left;
                packet = new() { Bytes = bytes, Link = LinkType.Raw, Time = _now };
                return true;
            }

            _now = Libc.Nanoseconds(Libc.ClockMonotonic);
            if (TryReceive())
                continue;
            if (_now >= deadline)
                break;
            Wait(deadline - _now);
        }

        packet = default;
        return false;
    }

    private bool TryReceive()
    {
        var got = Libc.Receive(_socket, _datagram, DatagramBytes, Libc.MessageDoNotWait);
        if (got < 0 && Marshal.GetLastPInvokeError() is Libc.EBadF or Libc.ENotSock)
            throw RingSocket.Failure("read packets of nfnetlink_log");
        (_at, _length) = (0, (int)Math.Max(0, got));
        return got > 0;
    }

    private void Wait(long nanoseconds)
    {
        var fds = stackalloc Libc.PollFd[]
        {
            new() { Fd = _socket, Events = Libc.PollIn },
            new() { Fd = _turn.Wake, Events = Libc.PollIn },
        };
        if (Libc.Poll(fds, 2, Libc.Milliseconds(nanoseconds)) < 0 && Marshal.GetLastPInvokeError() != Libc.EIntr)
            throw RingSocket.Failure("wait for packets of nfnetlink_log");
    }

    public void Stop() => _turn.Stop();

    public void Dispose() => _turn.Close(Release);

    private void Release()
    {
        _ = Libc.Close(_socket);
        NativeMemory.Free(_datagram);
    }
}
