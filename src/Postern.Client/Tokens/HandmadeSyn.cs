using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Postern.Knocks.Counted;

namespace Postern.Client.Tokens;

/// <summary>
/// A first segment that no kernel made, with the fields of one that Linux makes. Needs CAP_NET_RAW.
/// <code>
/// IPv4  DF, hops 64, identification of the token       (IPv6: the kernel writes the header)
/// TCP   a port above 32767 · the port · sequence number of the token · acknowledgment 0 · SYN · window: whole segments, as many as fit 16 bits
///       MSS · SACK permitted · time stamp of the token, its echo 0 · no operation · window scale 7
/// </code>
/// </summary>
internal static class HandmadeSyn
{
    private const int IPv4Size = 20;
    private const int TcpSize = 40;
    private const ushort SegmentIPv4 = 1460;
    private const ushort SegmentIPv6 = 1440;
    private const int FirstPort = 32_768;
    private const int LastPort = 60_999;
    private const byte Tcp = 6;

    // include/uapi/linux/in6.h
    private const int SolIPv6 = 41;
    private const int IPv6Checksum = 7;
    private const int ChecksumAt = 16;

    /// <exception cref="KnockException">This user may not.</exception>
    public static SocketError Send(IPEndPoint endpoint, SynToken token)
    {
        using var socket = Open(endpoint.AddressFamily);
        try
        {
            var packet = endpoint.AddressFamily == AddressFamily.InterNetwork ? WriteIPv4(SourceTowards(endpoint), endpoint, token) : WriteTcp(endpoint, token, SegmentIPv6);
            socket.SendTo(packet, SocketFlags.None, new IPEndPoint(endpoint.Address, 0));
            return SocketError.Success;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    private static Socket Open(AddressFamily family)
    {
        if (!OperatingSystem.IsLinux())
            throw new KnockException(KnockFault.Unsupported, "only on Linux can a SYN be written by hand", "knock by another method");
        try
        {
            if (family == AddressFamily.InterNetwork)
                return new Socket(family, SocketType.Raw, ProtocolType.Raw);
            var socket = new Socket(family, SocketType.Raw, ProtocolType.Tcp);
            socket.SetRawSocketOption(SolIPv6, IPv6Checksum, BitConverter.GetBytes(ChecksumAt));
            return socket;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            throw new KnockException(KnockFault.MissingPrivilege, "this user may not write a SYN by hand", "run it with sudo, or give the program the capability CAP_NET_RAW; the methods rolling and ports need none", e);
        }
    }

    /// <summary>The address that the system would send from: the checksum has it in it.</summary>
    private static IPAddress SourceTowards(IPEndPoint endpoint)
    {
        using var socket = new Socket(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(endpoint); // nothing is sent: the system only chooses a way
        return ((IPEndPoint)socket.LocalEndPoint!).Address;
    }

    private static byte[] WriteIPv4(IPAddress source, IPEndPoint endpoint, SynToken token)
    {
        var packet = new byte[IPv4Size + TcpSize];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), token.Identification);
        packet[6] = 0x40; // DF
        packet[8] = 64;
        packet[9] = Tcp;
        source.TryWriteBytes(packet.AsSpan(12), out _);
        endpoint.Address.TryWriteBytes(packet.AsSpan(16), out _);
        WriteTcp(endpoint, token, SegmentIPv4).CopyTo(packet, IPv4Size);

        // RFC 9293 §3.1: over source, destination, protocol, length and the segment. The checksum of IP itself is the kernel's.
        Span<byte> summed = stackalloc byte[12 + TcpSize];
        packet.AsSpan(12, 8).CopyTo(summed);
        (summed[9], summed[11]) = (Tcp, TcpSize);
        packet.AsSpan(IPv4Size).CopyTo(summed[12..]);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(IPv4Size + ChecksumAt), Checksum(summed));
        return packet;
    }

    private static byte[] WriteTcp(IPEndPoint endpoint, SynToken token, ushort segment)
    {
        var tcp = new byte[TcpSize];
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)RandomNumberGenerator.GetInt32(FirstPort, LastPort + 1));
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(2), (ushort)endpoint.Port);
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(4), token.Sequence);
        (tcp[12], tcp[13]) = (TcpSize / 4 << 4, 2); // SYN
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(14), (ushort)(ushort.MaxValue / segment * segment));
        ReadOnlySpan<byte> options = [2, 4, (byte)(segment >> 8), (byte)segment, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7];
        options.CopyTo(tcp.AsSpan(20));
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(28), token.Timestamp);
        return tcp;
    }

    private static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0u;
        for (var i = 0; i < bytes.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        while (sum >> 16 != 0)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
