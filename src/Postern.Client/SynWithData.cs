using System.Net;
using System.Net.Sockets;

namespace Postern.Client;

/// <summary>
/// A SYN that carries data, from an unprivileged user: TCP Fast Open (RFC 7413) without its cookie, which Linux allows for each socket. The socket is gone
/// before the SYN could be repeated or the connection come about.
/// </summary>
internal static class SynWithData
{
    // include/uapi/linux/tcp.h
    private const int IpProtoTcp = 6;
    private const int FastOpenConnect = 30;
    private const int FastOpenNoCookie = 34;

    private static readonly LingerOption Abandon = new(enable: true, seconds: 0);

    /// <exception cref="KnockException">This system cannot.</exception>
    public static Socket Open(AddressFamily family)
    {
        if (!OperatingSystem.IsLinux())
            throw Unsupported("only Linux lets a program send data in a SYN", null);
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp) { Blocking = false, LingerState = Abandon };
        try
        {
            socket.SetRawSocketOption(IpProtoTcp, FastOpenConnect, BitConverter.GetBytes(1));
            socket.SetRawSocketOption(IpProtoTcp, FastOpenNoCookie, BitConverter.GetBytes(1));
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw Unsupported("this system does not let a program send data in a SYN", e);
        }
    }

    /// <exception cref="KnockException">Not all of it fits one SYN.</exception>
    public static SocketError Send(IPEndPoint endpoint, ReadOnlySpan<byte> data)
    {
        using var socket = Open(endpoint.AddressFamily);
        try
        {
            socket.Connect(endpoint); // is put off until there is data
            var sent = socket.Send(data, SocketFlags.None, out var error);
            if (error == SocketError.Success && sent < data.Length)
                throw new KnockException(KnockFault.Unsupported, $"a SYN to {endpoint.Address} cannot carry {data.Length} bytes", "use another carrier: --carrier udp");
            return error == SocketError.WouldBlock ? SocketError.Success : error;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    private static KnockException Unsupported(string what, Exception? inner) => new(
        KnockFault.Unsupported, what, "use another carrier: --carrier udp, or icmp; on Linux: sudo sysctl -w net.ipv4.tcp_fastopen=1", inner);
}
