using Postern.Packets.Headers;

namespace Postern.Packets;

/// <summary>A packet, read: addresses, ports and what else a knock is told by. A view into the captured bytes; nothing is copied.</summary>
public readonly ref struct PacketView
{
    /// <summary>IPv4 stands as ::ffff:a.b.c.d.</summary>
    public UInt128 Source { get; init; }

    public UInt128 Destination { get; init; }

    public IpProtocol Protocol { get; init; }

    /// <summary>Zero for ICMP.</summary>
    public ushort SourcePort { get; init; }

    public ushort DestinationPort { get; init; }

    public TcpFlags Flags { get; init; }

    /// <summary>A type 8 of ICMP or a type 128 of ICMPv6.</summary>
    public bool IsEchoRequest { get; init; }

    /// <summary>
    /// What tells this packet from another of the same addresses, protocol and destination port, as far as it says so itself.
    /// <code>
    ///        63 – 48          47 – 32           31 – 16          15 – 0
    /// TCP    source port      zero              sequence number
    /// UDP    source port      length            checksum         IPv4 identification
    /// ICMP   identifier       sequence number   checksum         IPv4 identification
    /// </code>
    /// One packet that is seen twice (on a VLAN and on the interface below it, on a bond and its member, doubled by the network) has the same:
    /// nothing in it is rewritten per hop. Two knocks share it only by chance: a TCP knock has a sequence number of 32 random bits
    /// (RFC 9293 §3.4.1) and a fresh source port, a UDP knock a fresh source port and, on IPv4, an identification; an echo request
    /// an identifier per <c>ping</c> and a counter. A SYN that its sender's kernel sends again has the same too, because it is the same
    /// attempt; so the identification, which changes then, stays out of it.
    /// </summary>
    public ulong Distinction { get; init; }

    /// <summary>Bytes of data that the packet carries by its own length fields, however many of them were captured.</summary>
    public int PayloadLength { get; init; }

    /// <summary>The data of the packet, as far as it was captured.</summary>
    public ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>Of a segment of TCP: the IP header with its options, of IPv6 without its extension headers. Otherwise empty.</summary>
    public ReadOnlySpan<byte> NetworkHeader { get; init; }

    /// <summary>Of a segment of TCP: its header with its options. Otherwise empty.</summary>
    public ReadOnlySpan<byte> TransportHeader { get; init; }

    /// <summary>
    /// Reads a packet from its link layer to its payload. Any bytes give an answer; none give an exception or an allocation.
    /// Checksums are not looked at: a packet of this host or its guests has none yet (the card would fill it in), and whoever can forge
    /// a packet can forge a sum.
    /// </summary>
    public static PacketFault TryRead(ReadOnlySpan<byte> bytes, LinkType link, out PacketView packet)
    {
        packet = default;
        if (LinkLayer.Strip(bytes, link, out var version, out var datagram) is var a and not PacketFault.None)
            return a;
        if (ReadNetwork(datagram, version, out var segment) is var b and not PacketFault.None)
            return b;
        return (IpProtocol)segment.Protocol switch
        {
            IpProtocol.Tcp => TransportLayer.ReadTcp(segment, out packet),
            IpProtocol.Udp => TransportLayer.ReadUdp(segment, out packet),
            IpProtocol.Icmp when version == IpVersion.V4 => TransportLayer.ReadIcmp(segment, IpProtocol.Icmp, out packet),
            IpProtocol.IcmpV6 when version == IpVersion.V6 => TransportLayer.ReadIcmp(segment, IpProtocol.IcmpV6, out packet),
            _ => PacketFault.OtherProtocol,
        };
    }

    private static PacketFault ReadNetwork(ReadOnlySpan<byte> datagram, IpVersion version, out Segment segment) =>
        version == IpVersion.V4 ? IPv4Header.Read(datagram, out segment) : IPv6Header.Read(datagram, out segment);
}
