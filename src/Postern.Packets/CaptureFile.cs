using System.Buffers.Binary;
using Postern.Packets.Files;

namespace Postern.Packets;

/// <summary>
/// The packets of a capture file, as tcpdump and Wireshark write them: <c>.pcap</c> and <c>.pcapng</c>, told apart by their first bytes.
/// What is in the file is not trusted: impossible content ends it with a <see cref="Fault"/> and is never an exception. What the
/// operating system says (no such file, no permission, a bad disk) is one. Read on one thread; <see cref="Stop"/> may come from any.
/// </summary>
public sealed class CaptureFile : IPacketSource
{
    private readonly FileCursor _cursor;
    private CaptureFormat? _format;
    private volatile bool _stopped;

    /// <summary>Takes the stream over. It is read from where it stands, forward only.</summary>
    public CaptureFile(Stream stream)
    {
        _cursor = new(stream);
        _format = Recognize(_cursor);
    }

    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static CaptureFile Open(string path) => new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 64 * 1024));

    /// <summary>Whether a file that begins so says that it is one; four bytes do.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> beginning) =>
        BinaryPrimitives.TryReadUInt32LittleEndian(beginning, out var magic) && (PcapFormat.Recognizes(magic) || magic == PcapNgFormat.SectionHeaderBlock);

    /// <summary>Null while the file is as it should be, and when it ended where it should.</summary>
    public CaptureFault? Fault => _cursor.Fault;

    /// <summary>What the file holds is all there is.</summary>
    public long Dropped => 0;

    /// <inheritdoc/>
    /// <exception cref="IOException">The file cannot be read on.</exception>
    public bool TryRead(out CapturedPacket packet)
    {
        packet = default;
        return !_stopped && Fault is null && _format is not null && _format.TryRead(out packet);
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The file cannot be read on.</exception>
    public bool TryRead(out CapturedPacket packet, long deadline) => TryRead(out packet);

    public void Stop() => _stopped = true;

    public void Dispose()
    {
        _stopped = true;
        _format = null;
        _cursor.Dispose();
    }

    private static CaptureFormat? Recognize(FileCursor cursor)
    {
        if (!cursor.TryTake(sizeof(uint), "file ends before it says what it is", out var bytes))
            return null;

        var magic = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (PcapFormat.Recognizes(magic))
            return PcapFormat.Open(cursor, magic);
        if (magic == PcapNgFormat.SectionHeaderBlock)
            return new PcapNgFormat(cursor);
        cursor.Fail("neither a pcap nor a pcapng file", offset: 0);
        return null;
    }
}
