using System.Collections.Immutable;
using System.Globalization;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Packets;

namespace Postern.Cli.Explaining;

/// <summary>A file of packets, or a firewall's log that tells of them; which of the two its first bytes say.</summary>
internal sealed class Recording : IDisposable
{
    private readonly string _path;
    private readonly CaptureFile? _capture;
    private readonly LogFile? _log;

    private Recording(string path, Stream stream, DateTimeOffset now)
    {
        _path = path;
        var beginning = new byte[4];
        var length = stream.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false);
        if (length == 0)
            throw CommandFailure.Usage($"{path} is empty", "record first: tcpdump -i any -s 0 -w knock.pcap");
        if (beginning is [0x1f, 0x8b, ..])
            throw CommandFailure.Usage($"{path} is compressed", $"zcat {path} | postern explain -");
        var whole = new StreamWithHead(beginning.AsMemory(0, length), stream);
        if (CaptureFile.Recognizes(beginning))
            _capture = new(whole);
        else
            _log = new(whole, now);
    }

    public bool IsLog => _log is not null;

    /// <param name="path">Of the file; "-": standard input.</param>
    /// <param name="now">What a log leaves open, year and zone, is this one's.</param>
    /// <exception cref="CommandFailure">It cannot be read, or there is nothing in it.</exception>
    public static Recording Open(string path, DateTimeOffset now)
    {
        try
        {
            return path is "-"
                ? new("standard input", Console.OpenStandardInput(), now)
                : new(path, new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 64 << 10), now);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CommandFailure.Usage(e.Message, "name a file that tcpdump or Wireshark wrote, or a log of a firewall");
        }
    }

    /// <exception cref="CommandFailure">The file cannot be read on.</exception>
    public bool TryRead(out CapturedPacket packet)
    {
        try
        {
            return _capture is not null ? _capture.TryRead(out packet) : _log!.TryRead(out packet);
        }
        catch (IOException e)
        {
            throw new CommandFailure(ExitCode.NotDone, $"{_path} cannot be read on: {e.Message}", "copy it first");
        }
    }

    /// <summary>What there is to say of the file once it has been read.</summary>
    /// <param name="packets">That were in it.</param>
    /// <exception cref="CommandFailure">It was no recording.</exception>
    public ImmutableArray<string> Remarks(long packets)
    {
        if (_capture is not null)
            return _capture.Fault is { } fault ? [$"{_path}: {fault}: what may have stood behind that is not explained"] : [];
        if (packets == 0)
        {
            throw CommandFailure.Usage(
                string.Create(CultureInfo.InvariantCulture, $"{_path}: neither a capture file nor a log with packets in it ({PortText.Count((int)Math.Min(_log!.Line, int.MaxValue), "line")} read)"),
                "lines of a firewall have SRC=, DST= and PROTO= in them: let it log what it drops, or record with tcpdump -w");
        }

        var remarks = ImmutableArray.CreateBuilder<string>();
        remarks.Add("a log holds no data of packets: single packets cannot be judged by it, nor can what the firewall did not log");
        Add(LogFault.NotTheKernels, "look like packets, but the log does not say that the kernel wrote them, so a gate leaves them out");
        Add(LogFault.Cut, "are cut");
        Add(LogFault.Impossible, "tell of packets that cannot be");
        return remarks.ToImmutable();

        void Add(LogFault fault, string what)
        {
            if (_log!.Count(fault) is > 0 and var count)
                remarks.Add(string.Create(CultureInfo.InvariantCulture, $"lines that {what}: {count}"));
        }
    }

    public void Dispose()
    {
        _capture?.Dispose();
        _log?.Dispose();
    }

    /// <summary>What was read to see what it is comes first again: a pipe cannot be wound back.</summary>
    private sealed class StreamWithHead(ReadOnlyMemory<byte> head, Stream rest) : Stream
    {
        private ReadOnlyMemory<byte> _head = head;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            if (_head.IsEmpty)
                return rest.Read(buffer);
            var length = Math.Min(_head.Length, buffer.Length);
            _head.Span[..length].CopyTo(buffer);
            _head = _head[length..];
            return length;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
            // Nothing is written.
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                rest.Dispose();
            base.Dispose(disposing);
        }
    }
}
