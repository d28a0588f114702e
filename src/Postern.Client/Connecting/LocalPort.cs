using System.Net;
using System.Net.Sockets;

namespace Postern.Client.Connecting;

/// <summary>
/// A TCP port of this host, held for one connection. Every attempt binds it anew; in between it is held by a socket that does nothing, so that no other program
/// gets it while the gate is being asked to open to it.
/// </summary>
internal sealed class LocalPort : IDisposable
{
    private readonly Socket _holder;

    /// <exception cref="KnockException">The system has none to give.</exception>
    public LocalPort(AddressFamily family, ushort wanted)
    {
        _holder = Bind(family, wanted);
        Number = (ushort)((IPEndPoint)_holder.LocalEndPoint!).Port;
    }

    public ushort Number { get; }

    public Socket Open() => Bind(_holder.AddressFamily, Number);

    public void Dispose() => _holder.Dispose();

    private static Socket Bind(AddressFamily family, ushort port)
    {
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (family == AddressFamily.InterNetworkV6)
                socket.DualMode = false;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, optionValue: true);
            socket.Bind(new IPEndPoint(family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, port));
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new KnockException(KnockFault.Unreachable, $"the local port {port} cannot be had: {e.Message}", "leave --source-port out, and a free one is taken", e);
        }
    }
}
