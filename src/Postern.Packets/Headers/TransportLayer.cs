using System.Buffers.Binary;

namespace Postern.Packets.Headers;

/// <summary>The last header before the data. Source and destination port stand at the same place in TCP and UDP.</summary>
internal static class TransportLayer
{
    private const int TcpMinSize = 2 + 2 + 4 + 4 + 1 + 1 + 2 + 2 + 2;
    internal const int UdpSize = 2 + 2 + 2 + 2;
    internal const int IcmpSize = 1 + 1 + 2 + 2 + 2;

    internal const byte EchoRequest = 8;
    internal const byte EchoRequestV6 = 128;

    /// <summary>
    /// RFC 9293 §3.1.
    /// <code>
    ///  0  2  source port
    ///  2  2  destination port
    ///  4  4  sequence number
    ///  8  4  acknowledgment number
    /// 12  1  data offset in words of 4 bytes (4 bits) · reserved (4 bits)
    /// 13  1  flags
    /// 14  2  window
    /// 16  2  checksum
    /// 18  2  urgent pointer
    /// 20  …  options, up to 40
    /// </code>
    /// </summary>
    public static PacketFault ReadTcp(scoped in Segment segment, out PacketView packet)
    {
        packet = default;
        if (segment.Lacks(TcpMinSize) is var fault and not PacketFault.None)
            return fault;

        var header = segment.Captured;
        var size = (header[12] >> 4) * 4;
        if (size < TcpMinSize)
            return PacketFault.BadHeader;
        if (segment.Lacks(size) is var missing and not PacketFault.None)
            return missing;

        var sourcePort = BinaryPrimitives.ReadUInt16BigEndian(header);
        packet = new()
        {
            Source = segment.Source,
            Destination = segment.Destination,
            Protocol = IpProtocol.Tcp,
            SourcePort = sourcePort,
            DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(header[2..]),
            Flags = (TcpFlags)header[13],
            Distinction = (ulong)sourcePort << 48 | BinaryPrimitives.ReadUInt32BigEndian(header[4..]),
            PayloadLength = segment.Length - size,
            Payload = header[size..],
            NetworkHeader = segment.Header,
            TransportHeader = header[..size],
        };
        return PacketFault.None;
    }

    /// <summary>
    /// RFC 768. A length of zero (RFC 2675 §4) is one of a packet beyond 64 KiB, and no knock.
    /// <code>
    ///  0  2  source port
    ///  2  2  destination port
    ///  4  2  length, header included
    ///  6  2  checksum
    /// </code>
    /// </summary>
    public static PacketFault ReadUdp(scoped in Segment segment, out PacketView packet)
    {
        packet = default;
        if (segment.Lacks(UdpSize) is var fault and not PacketFault.None)
            return fault;

        var header = segment.Captured;
        var length = BinaryPrimitives.ReadUInt16BigEndian(header[4..]);
        if (length < UdpSize || length > segment.Length)
            return PacketFault.BadLength;

        var sourcePort = BinaryPrimitives.ReadUInt16BigEndian(header);
        packet = new()
        {
            Source = segment.Source,
            Destination = segment.Destination,
            Protocol = IpProtocol.Udp,
            SourcePort = sourcePort,
            DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(header[2..]),
            Distinction = Pack(sourcePort, length, checksum: BinaryPrimitives.ReadUInt16BigEndian(header[6..]), segment.Identification),
            PayloadLength = length - UdpSize,
            Payload = header[UdpSize..Math.Min(header.Length, length)],
        };
        return PacketFault.None;
    }

    /// <summary>
    /// RFC 792 and RFC 4443: every message has eight bytes before what it carries. Those of an echo request are:
    /// <code>
    ///  0  1  type (8, or 128 in ICMPv6)
    ///  1  1  code
    ///  2  2  checksum
    ///  4  2  identifier
    ///  6  2  sequence number
    /// </code>
    /// </summary>
    public static PacketFault ReadIcmp(scoped in Segment segment, IpProtocol protocol, out PacketView packet)
    {
        packet = default;
        if (segment.Lacks(IcmpSize) is var fault and not PacketFault.None)
            return fault;

        var header = segment.Captured;
        packet = new()
        {
            Source = segment.Source,
            Destination = segment.Destination,
            Protocol = protocol,
            IsEchoRequest = header[0] == (protocol == IpProtocol.Icmp ? EchoRequest : EchoRequestV6),
            Distinction = Pack(
                BinaryPrimitives.ReadUInt16BigEndian(header[4..]),
                BinaryPrimitives.ReadUInt16BigEndian(header[6..]),
                checksum: BinaryPrimitives.ReadUInt16BigEndian(header[2..]),
                segment.Identification),
            PayloadLength = segment.Length - IcmpSize,
            Payload = header[IcmpSize..],
        };
        return PacketFault.None;
    }

    private static ulong Pack(ushort who, ushort which, ushort checksum, ushort identification) =>
        (ulong)who << 48 | (ulong)which << 32 | (ulong)checksum << 16 | identification;
}
