using System.Buffers.Binary;
using Postern.Packets;

namespace Postern.Fuzz.Targets;

/// <summary>
/// Writes what a view says as the plainest packet that says it: no options, no extension headers, cut where the view was. The shapes stand
/// at the readers, which it does not use.
/// </summary>
internal static class PlainPacket
{
    public static byte[] Write(in PacketView view)
    {
        var transport = view.Protocol == IpProtocol.Tcp ? 20 : 8;
        var isV4 = view.Source >> 32 == 0xffff && view.Protocol != IpProtocol.IcmpV6;
        var ip = isV4 ? 20 : 40;
        var packet = new byte[ip + transport + view.Payload.Length];
        var length = transport + view.PayloadLength;
        var identification = view.Protocol == IpProtocol.Tcp ? (ushort)0 : (ushort)view.Distinction;
        if (isV4)
            WriteV4(packet, view, ip + length, identification);
        else
            WriteV6(packet, view, length);
        var header = packet.AsSpan(ip);
        switch (view.Protocol)
        {
            case IpProtocol.Tcp:
                BinaryPrimitives.WriteUInt16BigEndian(header, view.SourcePort);
                BinaryPrimitives.WriteUInt16BigEndian(header[2..], view.DestinationPort);
                BinaryPrimitives.WriteUInt32BigEndian(header[4..], (uint)view.Distinction);
                header[12] = 5 << 4;
                header[13] = (byte)view.Flags;
                break;
            case IpProtocol.Udp:
                BinaryPrimitives.WriteUInt16BigEndian(header, view.SourcePort);
                BinaryPrimitives.WriteUInt16BigEndian(header[2..], view.DestinationPort);
                BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)length);
                BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)(view.Distinction >> 16));
                break;
            default:
                header[0] = view.IsEchoRequest ? (byte)(view.Protocol == IpProtocol.Icmp ? 8 : 128) : (byte)3;
                BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(view.Distinction >> 16));
                BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(view.Distinction >> 48));
                BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)(view.Distinction >> 32));
                break;
        }

        view.Payload.CopyTo(header[transport..]);
        return packet;
    }

    private static void WriteV4(Span<byte> packet, in PacketView view, int total, ushort identification)
    {
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)total);
        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], identification);
        packet[9] = (byte)view.Protocol;
        BinaryPrimitives.WriteUInt32BigEndian(packet[12..], (uint)view.Source);
        BinaryPrimitives.WriteUInt32BigEndian(packet[16..], (uint)view.Destination);
    }

    private static void WriteV6(Span<byte> packet, in PacketView view, int length)
    {
        packet[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)length);
        packet[6] = (byte)view.Protocol;
        BinaryPrimitives.WriteUInt128BigEndian(packet[8..], view.Source);
        BinaryPrimitives.WriteUInt128BigEndian(packet[24..], view.Destination);
    }
}
