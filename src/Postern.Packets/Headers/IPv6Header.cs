using System.Buffers.Binary;

namespace Postern.Packets.Headers;

/// <summary>
/// RFC 8200 §3, and the extension headers of §4.
/// <code>
///  0  4  version (4 bits) · traffic class (8) · flow label (20)
///  4  2  payload length, extension headers included
///  6  1  next header
///  7  1  hop limit
///  8 16  source
/// 24 16  destination
/// </code>
/// </summary>
internal static class IPv6Header
{
    /// <summary>Each kind once, and destination options twice, is what RFC 8200 §4.1 knows of those that we step over.</summary>
    internal const int MaxExtensions = 6;

    internal const int Size = 4 + 2 + 1 + 1 + 16 + 16;

    internal const byte HopByHop = 0;
    internal const byte Routing = 43;
    internal const byte FragmentHeader = 44;
    internal const byte Authentication = 51;
    internal const byte DestinationOptions = 60;

    /// <summary>All extension headers are at least this long, and have what matters in it.</summary>
    private const int MinExtensionSize = 8;

    /// <summary>Fragment offset and M flag, without the two reserved bits between them.</summary>
    internal const ushort OffsetOrMore = 0xfff9;

    public static PacketFault Read(ReadOnlySpan<byte> bytes, out Segment segment)
    {
        segment = default;
        if (bytes.Length < Size)
            return PacketFault.Truncated;
        if (bytes[0] >> 4 != 6)
            return PacketFault.BadHeader;

        // ::ffff:a.b.c.d is how we write an IPv4 source. On the wire it is nobody's (RFC 4291 §2.5.5.2), and must not knock for that address.
        var source = BinaryPrimitives.ReadUInt128BigEndian(bytes[8..]);
        if (source >> 32 == 0xffff)
            return PacketFault.BadHeader;

        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        segment = new(
            source,
            BinaryPrimitives.ReadUInt128BigEndian(bytes[24..]),
            protocol: bytes[6],
            identification: 0,
            length,
            captured: bytes[Size..Math.Min(bytes.Length, Size + length)])
        {
            Header = bytes[..Size],
        };

        for (var count = 0; IsExtension(segment.Protocol); count++)
        {
            if (count == MaxExtensions)
                return PacketFault.TooManyHeaders;
            if (StepOver(ref segment) is var fault and not PacketFault.None)
                return fault;
        }

        return PacketFault.None;
    }

    private static bool IsExtension(byte header) =>
        header is HopByHop or Routing or FragmentHeader or Authentication or DestinationOptions;

    /// <summary>
    /// <code>
    /// options, routing   next header 1 · length in words of 8 bytes, the first not counted 1 · …          (RFC 8200 §4.3, §4.4, §4.6)
    /// authentication     next header 1 · length in words of 4 bytes, the first two not counted 1 · …      (RFC 4302 §2.2)
    /// fragment           next header 1 · zero 1 · offset (13 bits), zero (2), M (1) · identification 4    (RFC 8200 §4.5)
    /// </code>
    /// A fragment that is the whole (offset and M zero) is an ordinary packet (RFC 6946, RFC 8021).
    /// </summary>
    private static PacketFault StepOver(ref Segment segment)
    {
        if (segment.Lacks(MinExtensionSize) is var fault and not PacketFault.None)
            return fault;

        var header = segment.Captured;
        if (segment.Protocol == FragmentHeader && (BinaryPrimitives.ReadUInt16BigEndian(header[2..]) & OffsetOrMore) != 0)
            return PacketFault.Fragment;

        var size = segment.Protocol switch
        {
            FragmentHeader => MinExtensionSize,
            Authentication => (header[1] + 2) * 4,
            _ => (header[1] + 1) * 8,
        };
        if (segment.Lacks(size) is var missing and not PacketFault.None)
            return missing;

        segment = new(segment.Source, segment.Destination, protocol: header[0], identification: 0, segment.Length - size, header[size..]) { Header = segment.Header };
        return PacketFault.None;
    }
}
