using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using Postern.Knocks.Sequences;

namespace Postern.Client;

/// <summary>Puts one packet of a knock on the wire, each from a socket of its own and so from a fresh source port.</summary>
internal static class PacketSender
{
    /// <summary>One zero byte, as the client of knockd sends it. Not an empty datagram: some firewalls on the way drop those as malformed.</summary>
    private static readonly byte[] Datagram = [0];

    /// <exception cref="KnockException">It did not leave.</exception>
    public static void Send(IPAddress target, KnockPacket packet)
    {
        var error = packet.Kind switch
        {
            StepKind.Tcp => ConnectAttempt.Knock(new IPEndPoint(target, packet.Value)),
            StepKind.Udp => SendDatagram(new IPEndPoint(target, packet.Value)),
            _ => SendEcho(target, packet.Value),
        };
        if (!HasLeft(packet.Kind, error))
            throw KnockException.From(error, target, packet.ToString());
    }

    /// <summary>A neighbour can answer a SYN before connect returns; then it has left all the same.</summary>
    private static bool HasLeft(StepKind kind, SocketError error) =>
        error == SocketError.Success || (kind == StepKind.Tcp && error is SocketError.ConnectionRefused or SocketError.ConnectionReset);

    private static SocketError SendDatagram(IPEndPoint endpoint)
    {
        using var socket = new Socket(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        return SendOn(socket, Datagram, endpoint);
    }

    private static SocketError SendEcho(IPAddress target, ushort size)
    {
        if (OperatingSystem.IsWindows())
            return SendEchoByService(target, size);
        using var socket = OpenEchoSocket(target.AddressFamily);
        var identifier = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
        return SendOn(socket, EchoRequest.Write(target.AddressFamily, identifier, size), new IPEndPoint(target, 0));
    }

    /// <summary>The ping socket needs no privilege where the system's settings allow it; the raw one needs CAP_NET_RAW.</summary>
    private static Socket OpenEchoSocket(AddressFamily family)
    {
        var protocol = family == AddressFamily.InterNetworkV6 ? ProtocolType.IcmpV6 : ProtocolType.Icmp;
        return TryOpen(family, SocketType.Dgram, protocol) ?? TryOpen(family, SocketType.Raw, protocol) ?? throw new KnockException(
            KnockFault.MissingPrivilege, "this user may not send ICMP echo requests",
            "allow it with: sudo sysctl -w net.ipv4.ping_group_range=\"0 2147483647\" (it governs IPv6 too)");
    }

    private static Socket? TryOpen(AddressFamily family, SocketType type, ProtocolType protocol)
    {
        try
        {
            return new Socket(family, type, protocol);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied or SocketError.ProtocolNotSupported or SocketError.SocketNotSupported)
        {
            return null;
        }
    }

    /// <summary>Windows has no ping socket, but a service that sends for everybody. Nobody waits for the answer.</summary>
    private static SocketError SendEchoByService(IPAddress target, ushort size)
    {
        using var ping = new Ping();
        ping.Send(target, timeout: 1, new byte[size]);
        return SocketError.Success;
    }

    private static SocketError SendOn(Socket socket, ReadOnlySpan<byte> message, IPEndPoint endpoint)
    {
        try
        {
            socket.SendTo(message, SocketFlags.None, endpoint);
            return SocketError.Success;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }
}
