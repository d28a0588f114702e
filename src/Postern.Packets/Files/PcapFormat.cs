namespace Postern.Packets.Files;

/// <summary>
/// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html
/// <code>
/// file     magic 4 · major version 2 · minor version 2 · zero 4 · zero 4 · snap length 4 · link type 4
/// record   seconds 4 · fraction 4 · captured length 4 · original length 4 · the bytes
/// </code>
/// The magic tells the byte order, and whether the fraction counts microseconds or nanoseconds.
/// </summary>
internal sealed class PcapFormat : CaptureFormat
{
    private const int MagicSize = 4;
    private const int RestOfHeaderSize = 2 + 2 + 4 + 4 + 4 + 4;
    private const int RecordHeaderSize = 4 + 4 + 4 + 4;

    private const uint Microseconds = 0xa1b2c3d4;
    private const uint Nanoseconds = 0xa1b23c4d;
    private const uint MicrosecondsSwapped = 0xd4c3b2a1;
    private const uint NanosecondsSwapped = 0x4d3cb2a1;

    private readonly FileCursor _cursor;
    private readonly long _nanosecondsPerUnit;
    private LinkType _link;

    private PcapFormat(FileCursor cursor, uint magic)
    {
        _cursor = cursor;
        IsBigEndian = magic is MicrosecondsSwapped or NanosecondsSwapped;
        _nanosecondsPerUnit = magic is Nanoseconds or NanosecondsSwapped ? 1 : 1000;
    }

    /// <summary>The first four bytes of the file, read as little-endian.</summary>
    public static bool Recognizes(uint magic) => magic is Microseconds or Nanoseconds or MicrosecondsSwapped or NanosecondsSwapped;

    /// <summary>Begins after the magic.</summary>
    public static PcapFormat? Open(FileCursor cursor, uint magic)
    {
        var format = new PcapFormat(cursor, magic);
        return format.TryReadHeader() ? format : null;
    }

    private bool TryReadHeader()
    {
        if (!_cursor.TryTake(RestOfHeaderSize, "file ends inside its header", out var header))
            return false;
        if (ReadUInt16(header) != 2)
        {
            _cursor.Fail("a version of the pcap format that nobody has defined", MagicSize);
            return false;
        }

        _link = ToLinkType(ReadUInt32(header[16..]));
        return true;
    }

    public override bool TryRead(out CapturedPacket packet)
    {
        packet = default;
        if (!_cursor.TryTakeOrEnd(RecordHeaderSize, "file ends inside the header of a packet", out var header))
            return false;

        var time = ReadUInt32(header) * NanosecondsPerSecond + ReadUInt32(header[4..]) * _nanosecondsPerUnit;
        var length = ReadUInt32(header[8..]);
        if (length > FileCursor.MaxPacket)
        {
            _cursor.Fail("a packet longer than any", _cursor.Offset);
            return false;
        }

        if (!_cursor.TryTake((int)length, "file ends inside a packet", out var bytes))
            return false;
        packet = new() { Bytes = bytes, Link = _link, Time = time };
        return true;
    }
}
