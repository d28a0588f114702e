using System.Net;
using System.Net.Sockets;
using Postern.Reports;

namespace Postern.Client.Tokens;

/// <summary>The address that packets leave this host with.</summary>
public static class LeavingWith
{
    private const int Discard = 9;

    /// <exception cref="KnockException">There is no way there.</exception>
    public static Task<Address> TowardsAsync(IPAddress server, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(server, Discard); // nothing is sent: the system only chooses a way
            return Task.FromResult(Address.From(((IPEndPoint)socket.LocalEndPoint!).Address));
        }
        catch (SocketException e)
        {
            throw new KnockException(KnockFault.Unreachable, $"there is no way to {server}: {e.Message}", "look at this host's network");
        }
    }
}
