using System.Buffers.Binary;

namespace Postern.Packets.Files;

/// <summary>
/// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html
/// <code>
/// block              type 4 · total length 4 · body · total length 4 again           (a multiple of 4)
/// section header     byte-order magic 4 · major version 2 · minor version 2 · section length 8 · options
/// interface          link type 2 · zero 2 · snap length 4 · options
/// enhanced packet    interface 4 · time high 4 · time low 4 · captured length 4 · original length 4 · the bytes, padded · options
/// simple packet      original length 4 · the bytes, padded                            (of interface 0, without a time)
/// option             code 2 · length 2 · value, padded                                (code 0 ends them)
/// </code>
/// A section may be in another byte order than the one before, and has its own interfaces. Blocks of other types are stepped over.
/// </summary>
internal sealed class PcapNgFormat(FileCursor cursor) : CaptureFormat
{
    /// <summary>Reads the same in both byte orders.</summary>
    public const uint SectionHeaderBlock = 0x0a0d0d0a;

    private const uint InterfaceBlock = 1;
    private const uint SimplePacketBlock = 3;
    private const uint EnhancedPacketBlock = 6;

    private const uint ByteOrderMagic = 0x1a2b3c4d;
    private const uint ByteOrderMagicSwapped = 0x4d3c2b1a;

    private const ushort EndOfOptions = 0;
    private const ushort TimeResolutionOption = 9;
    private const ushort TimeOffsetOption = 14;

    private const int LengthSize = 4;
    private const int BlockHeaderSize = 4 + LengthSize;
    private const int MinBlockSize = BlockHeaderSize + LengthSize;
    private const int SectionBodySize = 4 + 2 + 2 + 8;
    private const int InterfaceBodySize = 2 + 2 + 4;
    private const int EnhancedBodySize = 4 + 4 + 4 + 4 + 4;
    private const int SimpleBodySize = 4;
    private const int OptionHeaderSize = 2 + 2;

    /// <summary>A host with more than that would be a find; a file with more than that is an attack.</summary>
    private const int MaxInterfaces = 4096;

    private readonly List<PcapNgInterface> _interfaces = [];

    /// <summary>The first block's type was taken to recognize the file.</summary>
    private bool _atFirstBlock = true;

    private long _blockOffset;
    private long _lastTime;

    public override bool TryRead(out CapturedPacket packet)
    {
        packet = default;
        while (TryReadBlock(out var type, out var body))
        {
            switch (type)
            {
                case SectionHeaderBlock:
                    _interfaces.Clear();
                    break;
                case InterfaceBlock:
                    ReadInterface(body);
                    break;
                case EnhancedPacketBlock:
                    return TryReadEnhanced(body, out packet);
                case SimplePacketBlock:
                    return TryReadSimple(body, out packet);
                default:
                    break;
            }
        }

        return false;
    }

    private bool TryReadBlock(out uint type, out ReadOnlySpan<byte> body)
    {
        body = default;
        if (cursor.Fault is not null || !TryReadType(out type))
        {
            type = 0;
            return false;
        }

        if (!cursor.TryTake(LengthSize, "file ends inside the header of a block", out var field))
            return false;

        // The length of a section header is in the byte order that only its first field tells.
        var rawLength = BinaryPrimitives.ReadUInt32LittleEndian(field);
        var taken = BlockHeaderSize;
        if (type == SectionHeaderBlock)
        {
            if (!TryReadByteOrder())
                return false;
            taken += sizeof(uint);
        }

        var length = IsBigEndian ? BinaryPrimitives.ReverseEndianness(rawLength) : rawLength;
        var minimum = type == SectionHeaderBlock ? MinBlockSize + SectionBodySize : MinBlockSize;
        if (length < minimum || length % 4 != 0)
            return Fail("a block of an impossible length");
        if (length > FileCursor.MaxPiece)
            return Fail("a block longer than any");
        if (!cursor.TryTake((int)length - taken, "file ends inside a block", out var rest))
            return false;

        body = rest[..^LengthSize];
        if (ReadUInt32(rest[^LengthSize..]) != length)
            return Fail("a block whose two lengths differ");
        if (type == SectionHeaderBlock && ReadUInt16(body) != 1)
            return Fail("a version of the pcapng format that nobody has defined");
        return true;
    }

    private bool TryReadType(out uint type)
    {
        if (_atFirstBlock)
        {
            _atFirstBlock = false;
            _blockOffset = cursor.Offset;
            type = SectionHeaderBlock;
            return true;
        }

        type = 0;
        if (!cursor.TryTakeOrEnd(sizeof(uint), "file ends inside the header of a block", out var bytes))
            return false;
        _blockOffset = cursor.Offset;
        type = ReadUInt32(bytes);
        return true;
    }

    private bool TryReadByteOrder()
    {
        if (!cursor.TryTake(sizeof(uint), "file ends inside a section header", out var bytes))
            return false;
        var magic = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (magic is not (ByteOrderMagic or ByteOrderMagicSwapped))
            return Fail("a section header without its byte-order magic");
        IsBigEndian = magic == ByteOrderMagicSwapped;
        return true;
    }

    private void ReadInterface(ReadOnlySpan<byte> body)
    {
        if (body.Length < InterfaceBodySize)
        {
            Fail("an interface block of an impossible length");
            return;
        }

        if (_interfaces.Count == MaxInterfaces)
        {
            Fail("a section with more interfaces than any");
            return;
        }

        var unit = TimeUnit.Microsecond;
        long offsetSeconds = 0;
        var options = body[InterfaceBodySize..];
        while (TryReadOption(ref options, out var code, out var value))
        {
            if (code == TimeResolutionOption && value.Length == 1)
                unit = new(value[0]);
            else if (code == TimeOffsetOption && value.Length == sizeof(long))
                offsetSeconds = ReadInt64(value);
        }

        _interfaces.Add(new(ToLinkType(ReadUInt16(body)), ReadUInt32(body[4..]), unit, offsetSeconds));
    }

    /// <summary>False at the end of the options, whether they end as they should or not.</summary>
    private bool TryReadOption(ref ReadOnlySpan<byte> options, out ushort code, out ReadOnlySpan<byte> value)
    {
        code = EndOfOptions;
        value = default;
        if (options.Length < OptionHeaderSize)
            return false;

        code = ReadUInt16(options);
        var length = ReadUInt16(options[2..]);
        options = options[OptionHeaderSize..];
        if (code == EndOfOptions || length > options.Length)
            return false;

        value = options[..length];
        options = options[Math.Min(options.Length, (length + 3) & ~3)..];
        return true;
    }

    private bool TryReadEnhanced(ReadOnlySpan<byte> body, out CapturedPacket packet)
    {
        packet = default;
        if (body.Length < EnhancedBodySize)
            return Fail("a packet block of an impossible length");

        var index = ReadUInt32(body);
        var captured = ReadUInt32(body[12..]);
        if (index >= (uint)_interfaces.Count)
            return Fail("a packet of an interface that was not described");
        if (captured > (uint)(body.Length - EnhancedBodySize))
            return Fail("a packet longer than its block");

        var origin = _interfaces[(int)index];
        _lastTime = origin.ToNanoseconds((ulong)ReadUInt32(body[4..]) << 32 | ReadUInt32(body[8..]));
        packet = new() { Bytes = body.Slice(EnhancedBodySize, (int)captured), Link = origin.Link, Time = _lastTime };
        return true;
    }

    /// <summary>It has no time of its own: it gets that of the packet before it.</summary>
    private bool TryReadSimple(ReadOnlySpan<byte> body, out CapturedPacket packet)
    {
        packet = default;
        if (body.Length < SimpleBodySize)
            return Fail("a packet block of an impossible length");
        if (_interfaces.Count == 0)
            return Fail("a packet of an interface that was not described");

        var origin = _interfaces[0];
        var original = ReadUInt32(body);
        var captured = origin.SnapLength == 0 ? original : Math.Min(original, origin.SnapLength);
        if (captured > (uint)(body.Length - SimpleBodySize))
            return Fail("a packet longer than its block");

        packet = new() { Bytes = body.Slice(SimpleBodySize, (int)captured), Link = origin.Link, Time = _lastTime };
        return true;
    }

    private bool Fail(string what)
    {
        cursor.Fail(what, _blockOffset);
        return false;
    }
}
