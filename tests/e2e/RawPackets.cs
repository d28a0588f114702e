using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>Packets as nobody's kernel would send them: any source, any flags, headers between. Needs root.</summary>
internal sealed class RawPackets : IDisposable
{
    private const byte Tcp = 6;
    private const byte Udp = 17;
    private const byte DestinationOptions = 60;

    // IPPROTO_RAW: the header of IP is ours too (raw(7), ipv6(7)).
    private readonly Socket _v4;
    private readonly Socket _v6;
    private ushort _number;

    public RawPackets(NetworkNamespace from)
    {
        _v4 = from.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Raw));
        _v6 = from.Enter(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.Raw));
    }

    /// <param name="source">An address, the sender's own or not.</param>
    /// <param name="destination">Of the same family.</param>
    /// <param name="protocol">tcp or udp.</param>
    /// <param name="port">Where it goes.</param>
    /// <param name="flags">Of TCP, by their first letters.</param>
    /// <param name="extra">Eight bytes of header more than there need be: options of IPv4, destination options of IPv6.</param>
    public void Send(string source, string destination, string protocol, int port, string flags = "S", bool extra = false)
    {
        var (from, to) = (IPAddress.Parse(source), IPAddress.Parse(destination));
        var segment = protocol is "udp" ? UdpSegment((ushort)port) : TcpSegment((ushort)port, flags);
        var transport = protocol is "udp" ? Udp : Tcp;
        var packet = from.AddressFamily == AddressFamily.InterNetwork ? V4(from, to, transport, segment, extra) : V6(from, to, transport, segment, extra);
        (from.AddressFamily == AddressFamily.InterNetwork ? _v4 : _v6).SendTo(packet, new IPEndPoint(to, 0));
    }

    /// <summary>A first segment of IPv4 with these fields, and no options.</summary>
    public void Send(string source, string destination, int port, ushort identification, uint sequence, uint acknowledgment, ushort window)
    {
        var segment = TcpSegment((ushort)port, "S");
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), acknowledgment);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), window);
        var (from, to) = (IPAddress.Parse(source), IPAddress.Parse(destination));
        var packet = V4(from, to, Tcp, segment, extra: false);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), identification);
        _v4.SendTo(packet, new IPEndPoint(to, 0));
    }

    public void Dispose()
    {
        _v4.Dispose();
        _v6.Dispose();
    }

    private byte[] TcpSegment(ushort port, string flags)
    {
        var segment = new byte[20];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)(40_000 + (++_number % 20_000)));
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), port);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), 7919u * _number);
        segment[12] = 5 << 4;
        segment[13] = (byte)flags.Sum(f => 1 << "FSRPAU".IndexOf(f, StringComparison.Ordinal));
        segment[14] = 4;
        return segment;
    }

    private byte[] UdpSegment(ushort port)
    {
        var segment = new byte[9];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)(40_000 + (++_number % 20_000)));
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), port);
        segment[5] = (byte)segment.Length;
        return segment;
    }

    private byte[] V4(IPAddress from, IPAddress to, byte protocol, byte[] segment, bool extra)
    {
        var size = extra ? 28 : 20;
        var packet = new byte[size + segment.Length];
        packet[0] = (byte)(0x40 | (size / 4));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), _number);
        packet[8] = 64;
        packet[9] = protocol;
        from.TryWriteBytes(packet.AsSpan(12), out _);
        to.TryWriteBytes(packet.AsSpan(16), out _);
        packet.AsSpan(20, size - 20).Fill(1); // no-operation
        segment.CopyTo(packet, size);
        return packet;
    }

    private static byte[] V6(IPAddress from, IPAddress to, byte protocol, byte[] segment, bool extra)
    {
        var size = extra ? 48 : 40;
        var packet = new byte[size + segment.Length];
        packet[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)(packet.Length - 40));
        packet[6] = extra ? DestinationOptions : protocol;
        packet[7] = 64;
        from.TryWriteBytes(packet.AsSpan(8), out _);
        to.TryWriteBytes(packet.AsSpan(24), out _);
        if (extra)
            (packet[40], packet[42], packet[43]) = (protocol, 1, 4); // PadN of six bytes
        segment.CopyTo(packet, size);
        return packet;
    }
}
