using System.Net;
using System.Net.Sockets;

namespace Postern.Client;

/// <summary>A whole connection that carries some bytes in its first segment, and is closed again. Nothing is read from it.</summary>
internal static class StreamWithData
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <exception cref="KnockException">Nobody took the connection.</exception>
    public static SocketError Send(IPEndPoint endpoint, ReadOnlySpan<byte> data)
    {
        using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false, NoDelay = true };
        var error = Connect(socket, endpoint);
        if (error is SocketError.ConnectionRefused or SocketError.ConnectionReset or SocketError.TimedOut)
            throw NobodyThere(endpoint, error);
        if (error != SocketError.Success)
            return error;
        socket.Send(data, SocketFlags.None, out error); // a fresh connection has room for a kilobyte
        if (error == SocketError.Success)
            socket.Shutdown(SocketShutdown.Send);
        return error;
    }

    private static SocketError Connect(Socket socket, IPEndPoint endpoint)
    {
        try
        {
            socket.Connect(endpoint);
            return SocketError.Success;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            return socket.Poll(Patience, SelectMode.SelectWrite) ? (SocketError)(int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! : SocketError.TimedOut;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    private static KnockException NobodyThere(IPEndPoint endpoint, SocketError error) => new(
        KnockFault.Unreachable,
        FormattableString.Invariant($"{endpoint} {(error == SocketError.TimedOut ? "does not answer" : "refuses connections")}, and this packet travels in one"),
        "let something listen there (fwknopd: ENABLE_TCP_SERVER), name its port, or use another transport: udp");
}
