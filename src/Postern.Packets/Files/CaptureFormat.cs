using System.Buffers.Binary;

namespace Postern.Packets.Files;

/// <summary>One kind of capture file. Both kinds are written in the byte order of the machine that captured.</summary>
internal abstract class CaptureFormat
{
    protected const long NanosecondsPerSecond = 1_000_000_000;

    protected bool IsBigEndian { get; set; }

    public abstract bool TryRead(out CapturedPacket packet);

    protected ushort ReadUInt16(ReadOnlySpan<byte> bytes) =>
        IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    protected uint ReadUInt32(ReadOnlySpan<byte> bytes) =>
        IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    protected long ReadInt64(ReadOnlySpan<byte> bytes) =>
        IsBigEndian ? BinaryPrimitives.ReadInt64BigEndian(bytes) : BinaryPrimitives.ReadInt64LittleEndian(bytes);

    /// <summary>The upper bits of the field hold the length of a frame check sequence, which no reader of ours looks at; 12 is how some systems write <see cref="LinkType.Raw"/>.</summary>
    protected static LinkType ToLinkType(uint field) => (ushort)field switch
    {
        12 => LinkType.Raw,
        var link => (LinkType)link,
    };
}
