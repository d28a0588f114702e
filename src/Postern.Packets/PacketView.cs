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
    /// What tells this packet from another one like it, as far as it says so itself: the TCP sequence number, the ICMP identifier and
    /// sequence number, the IPv4 identification. A duplicate made on the way has the same.
    /// </summary>
    public ulong Distinction { get; init; }

    /// <summary>Bytes of data that the packet carries by its own length fields, however many of them were captured.</summary>
    public int PayloadLength { get; init; }

    /// <summary>The data of the packet, as far as it was captured.</summary>
    public ReadOnlySpan<byte> Payload { get; init; }

    public static PacketFault TryRead(ReadOnlySpan<byte> bytes, LinkType link, out PacketView packet)
    {
        packet = default;
        return PacketFault.NotIp;
    }
}
