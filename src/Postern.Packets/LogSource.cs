using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Postern.Packets.Logs;
using Postern.Packets.Ring;

namespace Postern.Packets;

/// <summary>
/// The packets that a firewall logs, as they are logged: lines from a pipe that somebody else fills (<see cref="LogLine"/>). It sees what the rules of the firewall log and
/// nothing else, no data, and each packet when its line arrives, which is its time. An end of the pipe is a pause: whoever fills it may be started again.
/// <para>
/// <see cref="TryRead(out CapturedPacket)"/> belongs to one thread; the rest may be called from any. Memory is laid out once.
/// </para>
/// </summary>
public sealed unsafe class LogSource : IPacketSource
{
    private readonly int _pipe;
    private readonly ReaderTurn _turn;
    private readonly ImmutableArray<byte[]> _interfaces;
    private readonly LineBuffer _lines = new();
    private readonly byte[] _room = new byte[LogLine.PacketRoom];
    private long _now;
    private long _cut;
    private long _forged;
    private bool _hungUp;

    /// <param name="pipe">The reading end; it is then this source's to close.</param>
    /// <param name="interfaces">Names of interfaces that packets are wanted from; none means all.</param>
    /// <exception cref="CaptureException">The system has no descriptors left.</exception>
    public LogSource(int pipe, ImmutableArray<string> interfaces)
    {
        _pipe = pipe;
        _interfaces = interfaces.IsDefault ? [] : [.. interfaces.Select(Encoding.UTF8.GetBytes)];
        _turn = new();
    }

    /// <summary>Lines of packets that were cut or impossible, and lines too long to be any: each may have been a knock.</summary>
    public long Dropped => Interlocked.Read(ref _cut) + _lines.TooLong;

    /// <summary>Lines of packets that the log does not call the kernel's.</summary>
    public long Forged => Interlocked.Read(ref _forged);

    /// <inheritdoc/>
    /// <exception cref="CaptureException">The pipe is none any more.</exception>
    public bool TryRead(out CapturedPacket packet) => TryRead(out packet, long.MaxValue);

    /// <inheritdoc/>
    /// <exception cref="CaptureException">The pipe is none any more.</exception>
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
            while (_lines.TryTake(out var line))
            {
                if (TryRead(line, out packet))
                    return true;
            }

            _now = Libc.Nanoseconds(Libc.ClockMonotonic);
            if (_now >= deadline)
                break;
            if (Wait(deadline - _now))
                Read();
        }

        packet = default;
        return false;
    }

    private bool TryRead(ReadOnlySpan<byte> line, out CapturedPacket packet)
    {
        packet = default;
        var fault = LogLine.TryRead(line, _room, bare: false, out var logged);
        if (fault is LogFault.Cut or LogFault.Impossible)
            Interlocked.Increment(ref _cut);
        else if (fault == LogFault.NotTheKernels)
            Interlocked.Increment(ref _forged);
        if (fault != LogFault.None || !IsWanted(logged.Interface))
            return false;
        packet = new() { Bytes = logged.Bytes, Link = LinkType.Raw, Time = _now };
        return true;
    }

    private bool IsWanted(ReadOnlySpan<byte> name)
    {
        foreach (var wanted in _interfaces)
        {
            if (name.SequenceEqual(wanted))
                return true;
        }

        return _interfaces.IsEmpty;
    }

    /// <summary>Whether there is something to read. A pipe whose other end is closed would end every wait at once, and is left alone until the deadline.</summary>
    private bool Wait(long nanoseconds)
    {
        var fds = stackalloc Libc.PollFd[]
        {
            new() { Fd = _turn.Wake, Events = Libc.PollIn },
            new() { Fd = _pipe, Events = Libc.PollIn },
        };
        var count = _hungUp ? 1u : 2u;
        _hungUp = false;
        if (Libc.Poll(fds, count, Libc.Milliseconds(nanoseconds)) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Libc.EIntr)
                throw RingSocket.Failure("wait for lines of the log");
            return false;
        }

        return fds[1].Returned != 0;
    }

    private void Read()
    {
        nint got;
        fixed (byte* room = _lines.Room)
            got = Libc.Read(_pipe, room, (nuint)_lines.Room.Length);
        if (got < 0 && Marshal.GetLastPInvokeError() != Libc.EIntr)
            throw RingSocket.Failure("read the log");
        _hungUp = got == 0;
        _lines.Add((int)Math.Max(0, got));
        _now = Libc.Nanoseconds(Libc.ClockMonotonic);
    }

    public void Stop() => _turn.Stop();

    public void Dispose() => _turn.Close(() => _ = Libc.Close(_pipe));
}
