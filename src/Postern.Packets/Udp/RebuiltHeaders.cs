using System.Buffers.Binary;
using Postern.Packets.Headers;

namespace Postern.Packets.Udp;

/// <summary>
/// The headers of a datagram that the kernel has taken off, written back so that whoever reads packets can read it: true in addresses, ports and lengths;
/// the rest is as a sender would have it, except the checksum (nobody looks at it) and the identification, which number the datagrams. The
/// shapes stand at <see cref="IPv4Header"/>, <see cref="IPv6Header"/> and <see cref="TransportLayer"/>, which read them.
/// </summary>
internal static class RebuiltHeaders
{
    public const int MaxSize = IPv6Header.Size + TransportLayer.UdpSize;

    private const int IPv4Size = 20;
    private const byte HopLimit = 64;

    /// <summary>Writes them up to the end of the room, and says how long they are.</summary>
    /// <param name="room">Of <see cref="MaxSize"/>, before the data.</param>
    /// <param name="source">As the next, an IPv4 address is v4-mapped.</param>
    /// <param name="destination">Of the same family.</param>
    /// <param name="sourcePort">Of the sender.</param>
    /// <param name="destinationPort">Of the socket.</param>
    /// <param name="length">Of the data, all of it.</param>
    /// <param name="number">Of this datagram.</param>
    public static int Write(Span<byte> room, UInt128 source, UInt128 destination, ushort sourcePort, ushort destinationPort, int length, ushort number)
    {
        room = room[..MaxSize];
        room.Clear();
        var udp = room[^TransportLayer.UdpSize..];
        BinaryPrimitives.WriteUInt16BigEndian(udp, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)(TransportLayer.UdpSize + length));
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], number);
        if (!IsMapped(source) || !IsMapped(destination))
        {
            room[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(room[4..], (ushort)(TransportLayer.UdpSize + length));
            room[6] = (byte)IpProtocol.Udp;
            room[7] = HopLimit;
            BinaryPrimitives.WriteUInt128BigEndian(room[8..], source);
            BinaryPrimitives.WriteUInt128BigEndian(room[24..], destination);
            return MaxSize;
        }

        var ip = room[^(IPv4Size + TransportLayer.UdpSize)..];
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(IPv4Size + TransportLayer.UdpSize + length));
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], number);
        ip[8] = HopLimit;
        ip[9] = (byte)IpProtocol.Udp;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], (uint)source);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], (uint)destination);
        return ip.Length;
    }

    /// <summary>RFC 4291 §2.5.5.2.</summary>
    public static UInt128 Mapped(uint address) => new(0, 0xffff_0000_0000UL | address);

    private static bool IsMapped(UInt128 address) => address >> 32 == 0xffff;
}
