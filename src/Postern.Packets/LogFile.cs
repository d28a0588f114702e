using Postern.Packets.Logs;

namespace Postern.Packets;

/// <summary>
/// The packets that a firewall's log tells of, from a file (<see cref="LogLine"/>). Lines that are none are counted by their fault, and never an exception; what the
/// operating system says is one. The bytes of a packet are its headers alone. Read on one thread; <see cref="Stop"/> may come from any.
/// </summary>
public sealed class LogFile : IPacketSource
{
    private const long NanosecondsPerSecond = LogStamp.NanosecondsPerSecond;

    /// <summary>Loggers write the second that a line came to them in; more than that, and the kernel began anew.</summary>
    private const long MaxDrift = 3 * NanosecondsPerSecond;

    private readonly Stream _stream;
    private readonly DateTimeOffset _readAt;
    private readonly LineBuffer _lines = new();
    private readonly byte[] _room = new byte[LogLine.PacketRoom];
    private readonly long[] _faults = new long[Enum.GetValues<LogFault>().Length];
    private long? _began;
    private bool _ended;
    private volatile bool _stopped;

    /// <summary>Takes the stream over. It is read from where it stands, forward only.</summary>
    /// <param name="stream">The log.</param>
    /// <param name="readAt">Now: what the lines leave open, year and zone, is this one's.</param>
    public LogFile(Stream stream, DateTimeOffset readAt) => (_stream, _readAt) = (stream, readAt);

    /// <param name="path">Of the log.</param>
    /// <param name="readAt">As above.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static LogFile Open(string path, DateTimeOffset readAt) => new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0), readAt);

    /// <summary>Of the line that was read last, from one.</summary>
    public long Line { get; private set; }

    /// <summary>How many lines had this fault; for <see cref="LogFault.None"/>, how many were packets.</summary>
    public long Count(LogFault fault) => _faults[(int)fault];

    /// <summary>Lines longer than any of the kernel's.</summary>
    public long TooLong => _lines.TooLong;

    /// <summary>What the file holds is all there is.</summary>
    public long Dropped => 0;

    /// <summary>Reads one line, whatever is in it. False at the end.</summary>
    /// <param name="fault">None: <paramref name="packet"/> is what it tells of.</param>
    /// <param name="packet">Lives until the next call.</param>
    /// <exception cref="IOException">The file cannot be read on.</exception>
    public bool TryReadLine(out LogFault fault, out CapturedPacket packet)
    {
        packet = default;
        fault = default;
        if (_stopped || !TryTakeLine(out var line))
            return false;
        Line++;
        fault = LogLine.TryRead(line, _room, bare: true, out var logged);
        _faults[(int)fault]++;
        if (fault == LogFault.None)
            packet = new() { Bytes = logged.Bytes, Link = LinkType.Raw, Time = TimeOf(logged.Stamp) };
        return true;
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The file cannot be read on.</exception>
    public bool TryRead(out CapturedPacket packet)
    {
        while (TryReadLine(out var fault, out packet))
        {
            if (fault == LogFault.None)
                return true;
        }

        return false;
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The file cannot be read on.</exception>
    public bool TryRead(out CapturedPacket packet, long deadline) => TryRead(out packet);

    public void Stop() => _stopped = true;

    public void Dispose()
    {
        _stopped = true;
        _stream.Dispose();
    }

    private bool TryTakeLine(out ReadOnlySpan<byte> line)
    {
        while (!_lines.TryTake(out line))
        {
            if (_ended)
                return false;
            var got = _stream.Read(_lines.Room);
            _lines.Add(got);
            _ended = got == 0;
            if (_ended)
                return !(line = _lines.TakeRest()).IsEmpty;
        }

        return true;
    }

    /// <summary>Loggers mostly write whole seconds, the kernel microseconds of its own: where a line has both, the seconds only say when it began.</summary>
    private long TimeOf(in LogStamp stamp)
    {
        if (stamp.Uptime < 0)
            return stamp.ToEpoch(_readAt);
        if (!stamp.HasDate)
            return stamp.Uptime;
        var began = stamp.ToEpoch(_readAt) - stamp.Uptime;
        if (_began is not { } before || Math.Abs(began - before) > MaxDrift)
            _began = began;
        return _began!.Value + stamp.Uptime;
    }
}
