using System.Buffers.Binary;

namespace Postern.Packets.Headers;

/// <summary>
/// RFC 791 §3.1.
/// <code>
///  0  1  version (4 bits) · header length in words of 4 bytes (4 bits)
///  1  1  type of service
///  2  2  total length, header included
///  4  2  identification
///  6  2  zero · DF · MF · fragment offset (13 bits)
///  8  1  time to live
///  9  1  protocol
/// 10  2  checksum
/// 12  4  source
/// 16  4  destination
/// 20  …  options, up to 40
/// </code>
/// </summary>
internal static class IPv4Header
{
    private const int MinSize = 1 + 1 + 2 + 2 + 2 + 1 + 1 + 2 + 4 + 4;

    internal const ushort MoreFragmentsOrOffset = 0x3fff;

    public static PacketFault Read(ReadOnlySpan<byte> bytes, out Segment segment)
    {
        segment = default;
        if (bytes.Length < MinSize)
            return PacketFault.Truncated;

        var size = (bytes[0] & 0x0f) * 4;
        if (bytes[0] >> 4 != 4 || size < MinSize)
            return PacketFault.BadHeader;

        var total = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (total < size)
            return PacketFault.BadLength;
        if ((BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) & MoreFragmentsOrOffset) != 0)
            return PacketFault.Fragment;
        if (bytes.Length < size)
            return PacketFault.Truncated;

        segment = new(
            Mapped(BinaryPrimitives.ReadUInt32BigEndian(bytes[12..])),
            Mapped(BinaryPrimitives.ReadUInt32BigEndian(bytes[16..])),
            protocol: bytes[9],
            identification: BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]),
            length: total - size,
            captured: bytes[size..Math.Min(bytes.Length, total)])
        {
            Header = bytes[..size],
        };
        return PacketFault.None;
    }

    /// <summary>RFC 4291 §2.5.5.2.</summary>
    private static UInt128 Mapped(uint address) => new(0, 0xffff_0000_0000UL | address);
}
