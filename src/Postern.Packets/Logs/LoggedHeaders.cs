using System.Buffers.Binary;
using Postern.Packets.Headers;

namespace Postern.Packets.Logs;

/// <summary>
/// Writes what a line tells of a packet as the headers of one, so that whoever reads packets can read it: first the network's, then the transport's. The shapes
/// stand at <see cref="IPv4Header"/>, <see cref="IPv6Header"/> and <see cref="TransportLayer"/>, which read them. Checksums are zero; nobody looks at them.
/// </summary>
internal ref struct LoggedHeaders(Span<byte> room)
{
    public const int IPv4Size = 20;
    public const int IPv6Size = IPv6Header.Size;
    public const int MaxIPv4Options = 40;
    public const int TcpSize = 20;
    public const int MaxTcpOptions = 40;
    public const int UdpSize = TransportLayer.UdpSize;
    public const int EchoSize = TransportLayer.IcmpSize;
    public const byte EchoRequest = TransportLayer.EchoRequest;
    public const byte EchoRequestV6 = TransportLayer.EchoRequestV6;

    private const byte NoOperation = 1;

    private readonly Span<byte> _room = room[..LogLine.PacketRoom];
    private int _network;
    private int _size;

    public readonly ReadOnlySpan<byte> Written => _room[.._size];

    public void IPv4(byte service, byte hops, ushort identification)
    {
        _room.Clear();
        _network = IPv4Size;
        _room[0] = 0x45;
        _room[1] = service;
        BinaryPrimitives.WriteUInt16BigEndian(_room[4..], identification);
        _room[8] = hops;
    }

    public void IPv6(byte traffic, byte hops, uint flow)
    {
        _room.Clear();
        _network = IPv6Size;
        BinaryPrimitives.WriteUInt32BigEndian(_room, 6u << 28 | (uint)traffic << 20 | flow);
        _room[7] = hops;
    }

    public readonly void Addresses(bool isV4, UInt128 source, UInt128 destination)
    {
        if (isV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(_room[12..], (uint)source);
            BinaryPrimitives.WriteUInt32BigEndian(_room[16..], (uint)destination);
        }
        else
        {
            BinaryPrimitives.WriteUInt128BigEndian(_room[8..], source);
            BinaryPrimitives.WriteUInt128BigEndian(_room[24..], destination);
        }
    }

    /// <param name="sourcePort">As the next six, a field of the header.</param>
    /// <param name="port">Field.</param>
    /// <param name="sequence">Field.</param>
    /// <param name="acknowledged">Field.</param>
    /// <param name="flags">Field.</param>
    /// <param name="window">Field.</param>
    /// <param name="urgent">Field.</param>
    /// <param name="options">Their hexadecimal digits; none: not known.</param>
    /// <param name="size">Of the options, in bytes.</param>
    /// <param name="length">Of the segment, header and data.</param>
    public void Tcp(ushort sourcePort, ushort port, uint sequence, uint acknowledged, TcpFlags flags, ushort window, ushort urgent, ReadOnlySpan<byte> options, int size, int length)
    {
        var header = Begin(IpProtocol.Tcp, TcpSize + size, length);
        BinaryPrimitives.WriteUInt16BigEndian(header, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], port);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(header[8..], acknowledged);
        header[12] = (byte)((TcpSize + size) / 4 << 4);
        header[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(header[14..], window);
        BinaryPrimitives.WriteUInt16BigEndian(header[18..], urgent);
        if (options.IsEmpty)
            header[TcpSize..].Fill(NoOperation);
        else
            _ = Convert.FromHexString(options, header[TcpSize..], out _, out _);
    }

    public void Udp(ushort sourcePort, ushort port, int length)
    {
        var header = Begin(IpProtocol.Udp, UdpSize, length);
        BinaryPrimitives.WriteUInt16BigEndian(header, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], port);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)length);
    }

    public void Echo(byte type, byte code, ushort identifier, ushort number, int length)
    {
        var header = Begin(_network == IPv4Size ? IpProtocol.Icmp : IpProtocol.IcmpV6, EchoSize, length);
        header[0] = type;
        header[1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], identifier);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], number);
    }

    private Span<byte> Begin(IpProtocol protocol, int size, int length)
    {
        var isV4 = _network == IPv4Size;
        _room[isV4 ? 9 : 6] = (byte)protocol;
        BinaryPrimitives.WriteUInt16BigEndian(_room[(isV4 ? 2 : 4)..], (ushort)(isV4 ? IPv4Size + length : length));
        _size = _network + size;
        return _room[_network.._size];
    }
}
