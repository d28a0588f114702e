using System.Buffers.Binary;

namespace Postern.Packets.Headers;

/// <summary>What stands before the IP header, by kind of link (https://www.tcpdump.org/linktypes.html).</summary>
internal static class LinkLayer
{
    /// <summary>Provider bridging needs two (IEEE 802.1ad), and nothing that reaches a host's IP stack has more than one beyond that.</summary>
    private const int MaxTags = 3;

    private const int MacSize = 6;
    private const int EtherTypeSize = 2;
    private const int EthernetSize = MacSize + MacSize + EtherTypeSize;
    private const int TagSize = 2 + EtherTypeSize;
    private const int CookedSize = 2 + 2 + 2 + 8 + EtherTypeSize;
    private const int Cooked2Size = EtherTypeSize + 2 + 4 + 2 + 1 + 1 + 8;
    private const int FamilySize = 4;

    private const ushort EtherTypeIPv4 = 0x0800;
    private const ushort EtherTypeIPv6 = 0x86dd;

    public static PacketFault Strip(ReadOnlySpan<byte> bytes, LinkType link, out IpVersion version, out ReadOnlySpan<byte> datagram) => link switch
    {
        LinkType.Raw => StripNothing(bytes, out version, out datagram),
        LinkType.Ethernet => StripEtherTypes(bytes, EthernetSize - EtherTypeSize, EthernetSize, out version, out datagram),
        LinkType.LinuxCooked => StripEtherTypes(bytes, CookedSize - EtherTypeSize, CookedSize, out version, out datagram),
        LinkType.LinuxCooked2 => StripEtherTypes(bytes, 0, Cooked2Size, out version, out datagram),
        LinkType.Null or LinkType.Loop => StripFamily(bytes, out version, out datagram),
        LinkType.IPv4 => StripKnown(bytes, IpVersion.V4, out version, out datagram),
        LinkType.IPv6 => StripKnown(bytes, IpVersion.V6, out version, out datagram),
        _ => NotIp(out version, out datagram),
    };

    /// <summary>
    /// Three links tell by an EtherType what they carry; a VLAN tag puts itself before it:
    /// <code>
    /// Ethernet       destination 6 · source 6 · EtherType 2
    /// Linux cooked   packet type 2 · hardware type 2 · address length 2 · address 8 · EtherType 2
    /// Linux cooked 2 EtherType 2 · zero 2 · interface 4 · hardware type 2 · packet type 1 · address length 1 · address 8
    /// VLAN tag       (EtherType 0x8100, 0x88a8 or 0x9100) · priority and VLAN 2 · EtherType of what follows 2
    /// </code>
    /// An EtherType below 0x600 is a length (IEEE 802.3) and carries no IP that anyone knocks with.
    /// </summary>
    private static PacketFault StripEtherTypes(ReadOnlySpan<byte> bytes, int etherTypeAt, int headerSize, out IpVersion version, out ReadOnlySpan<byte> datagram)
    {
        version = default;
        datagram = default;
        if (bytes.Length < headerSize)
            return PacketFault.Truncated;

        var etherType = BinaryPrimitives.ReadUInt16BigEndian(bytes[etherTypeAt..]);
        bytes = bytes[headerSize..];
        for (var tags = 0; IsTag(etherType); tags++)
        {
            if (tags == MaxTags)
                return PacketFault.TooManyHeaders;
            if (bytes.Length < TagSize)
                return PacketFault.Truncated;
            etherType = BinaryPrimitives.ReadUInt16BigEndian(bytes[(TagSize - EtherTypeSize)..]);
            bytes = bytes[TagSize..];
        }

        return etherType switch
        {
            EtherTypeIPv4 => StripKnown(bytes, IpVersion.V4, out version, out datagram),
            EtherTypeIPv6 => StripKnown(bytes, IpVersion.V6, out version, out datagram),
            _ => PacketFault.NotIp,
        };
    }

    private static bool IsTag(ushort etherType) => etherType is 0x8100 or 0x88a8 or 0x9100;

    /// <summary>
    /// The address family of the system that wrote the file, in its byte order: AF_INET is 2 everywhere, AF_INET6 is 10 on Linux, 24 on
    /// NetBSD and OpenBSD, 28 on FreeBSD, 30 on Darwin. All are below 256, so one non-zero byte at either end tells the order.
    /// </summary>
    private static PacketFault StripFamily(ReadOnlySpan<byte> bytes, out IpVersion version, out ReadOnlySpan<byte> datagram)
    {
        if (bytes.Length < FamilySize)
        {
            NotIp(out version, out datagram);
            return PacketFault.Truncated;
        }

        var family = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if ((family & 0x00ff_ffff) == 0)
            family >>= 24;
        return family switch
        {
            2 => StripKnown(bytes[FamilySize..], IpVersion.V4, out version, out datagram),
            10 or 24 or 28 or 30 => StripKnown(bytes[FamilySize..], IpVersion.V6, out version, out datagram),
            _ => NotIp(out version, out datagram),
        };
    }

    private static PacketFault StripNothing(ReadOnlySpan<byte> bytes, out IpVersion version, out ReadOnlySpan<byte> datagram)
    {
        if (bytes.IsEmpty)
        {
            NotIp(out version, out datagram);
            return PacketFault.Truncated;
        }

        return (bytes[0] >> 4) switch
        {
            4 => StripKnown(bytes, IpVersion.V4, out version, out datagram),
            6 => StripKnown(bytes, IpVersion.V6, out version, out datagram),
            _ => NotIp(out version, out datagram),
        };
    }

    private static PacketFault StripKnown(ReadOnlySpan<byte> bytes, IpVersion known, out IpVersion version, out ReadOnlySpan<byte> datagram)
    {
        version = known;
        datagram = bytes;
        return PacketFault.None;
    }

    private static PacketFault NotIp(out IpVersion version, out ReadOnlySpan<byte> datagram)
    {
        version = default;
        datagram = default;
        return PacketFault.NotIp;
    }
}
