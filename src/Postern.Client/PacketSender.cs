using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using Postern.Client.Tokens;
using Postern.Knocks.Sequences;

namespace Postern.Client;

/// <summary>
/// Puts the packets of one letter on the wire. Each packet of a sequence comes from a socket of its own and so from a fresh source port; datagrams with a
/// payload come from one, which stays open for the gate's answer.
/// </summary>
internal sealed class PacketSender : IDisposable
{
    /// <summary>One zero byte, as the client of knockd sends it. Not an empty datagram: some firewalls on the way drop those as malformed.</summary>
    private static readonly byte[] Datagram = [0];

    private readonly IPAddress _target;

    public PacketSender(IPAddress target, KnockLetter letter)
    {
        _target = target;
        RemoteEndPoint = new(target, 0);
        if (letter.Messages is not [{ Packet.Kind: StepKind.Udp, Payload.IsEmpty: false } first, ..])
            return;
        RemoteEndPoint = new(target, first.Packet.Value);
        Datagrams = OpenDatagramSocket(target, letter.SourcePort);
    }

    /// <summary>Where an answer comes to; null where none can.</summary>
    public Socket? Datagrams { get; }

    public IPEndPoint RemoteEndPoint { get; }

    /// <exception cref="KnockException">It did not leave.</exception>
    public void Send(KnockMessage message)
    {
        var packet = message.Packet;
        var endpoint = new IPEndPoint(_target, packet.Kind == StepKind.Echo ? 0 : packet.Value);
        var error = (packet.Kind, message.Payload.IsEmpty) switch
        {
            (StepKind.Tcp, _) when message.Syn is { } token => HandmadeSyn.Send(endpoint, token),
            (StepKind.Tcp, true) => ConnectAttempt.Knock(endpoint),
            (StepKind.Tcp, false) when message.IsStream => StreamWithData.Send(endpoint, message.Payload.Span),
            (StepKind.Tcp, false) => SynWithData.Send(endpoint, message.Payload.Span),
            (StepKind.Udp, true) => SendDatagram(endpoint),
            (StepKind.Udp, false) => SendOn(Datagrams!, message.Payload.Span, endpoint),
            (_, true) => SendEcho(EchoRequest.Data(packet.Value)),
            (_, false) => SendEcho(message.Payload.Span),
        };
        if (!HasLeft(packet.Kind, error))
            throw KnockException.From(error, _target, message.ToString());
    }

    /// <summary>Why such a packet cannot leave here at all; null where it can.</summary>
    public static KnockException? WhyNot(StepKind kind, AddressFamily family)
    {
        try
        {
            if (kind == StepKind.Echo && !OperatingSystem.IsWindows())
                OpenEchoSocket(family).Dispose();
            else if (kind == StepKind.Tcp)
                SynWithData.Open(family).Dispose();
            return null;
        }
        catch (KnockException e)
        {
            return e;
        }
    }

    /// <summary>A neighbour can answer a SYN before connect returns; then it has left all the same.</summary>
    private static bool HasLeft(StepKind kind, SocketError error) =>
        error == SocketError.Success || (kind == StepKind.Tcp && error is SocketError.ConnectionRefused or SocketError.ConnectionReset);

    private static Socket OpenDatagramSocket(IPAddress target, ushort sourcePort)
    {
        var socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        if (target.AddressFamily == AddressFamily.InterNetwork)
            socket.DontFragment = true; // gates do not put fragments together; of IPv6 every packet of ours fits the smallest MTU
        if (sourcePort != 0)
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true); // the round before holds it still
        try
        {
            socket.Bind(new IPEndPoint(target.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, sourcePort));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new KnockException(
                e.SocketErrorCode == SocketError.AccessDenied ? KnockFault.MissingPrivilege : KnockFault.Unsupported,
                FormattableString.Invariant($"the source port {sourcePort} cannot be had: {e.Message}"), "name one above 1023 that nobody uses, or none", e);
        }

        return socket;
    }

    private static SocketError SendDatagram(IPEndPoint endpoint)
    {
        using var socket = new Socket(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        return SendOn(socket, Datagram, endpoint);
    }

    private SocketError SendEcho(ReadOnlySpan<byte> data)
    {
        if (OperatingSystem.IsWindows())
            return SendEchoByService(data);
        using var socket = OpenEchoSocket(_target.AddressFamily);
        var identifier = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
        return SendOn(socket, EchoRequest.Write(_target.AddressFamily, identifier, data), new IPEndPoint(_target, 0));
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
    private SocketError SendEchoByService(ReadOnlySpan<byte> data)
    {
        using var ping = new Ping();
        ping.Send(_target, timeout: 1, data.ToArray());
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

    public void Dispose() => Datagrams?.Dispose();
}
