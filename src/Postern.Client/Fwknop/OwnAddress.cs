using System.Net;
using System.Net.Sockets;
using Postern.Reports;

namespace Postern.Client.Fwknop;

/// <summary>Under which address a server probably sees us, without asking anybody.</summary>
public static class OwnAddress
{
    /// <summary>
    /// The address that packets to the server leave with, where nothing on the way is likely to change it: it is a public one, or the server's is none either.
    /// Else <see cref="Address.None"/>, the source of the packet, which fwknop may be set to refuse.
    /// </summary>
    public static Task<Address> TowardsAsync(IPAddress server, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(server);
        cancellation.ThrowIfCancellationRequested();
        try
        {
            using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(server, FwknopPath.UsualPort); // nothing is sent: the system only chooses a way
            var own = ((IPEndPoint)socket.LocalEndPoint!).Address;
            return Task.FromResult(IsPrivate(own) && !IsPrivate(server) ? Address.None : Address.From(own));
        }
        catch (SocketException)
        {
            return Task.FromResult(Address.None); // that there is no way is told when it is sent
        }
    }

    /// <summary>RFC 1918, RFC 6598 (shared by a provider's customers), link-local and loopback.</summary>
    internal static bool IsPrivate(IPAddress address) =>
        Networks.Any(n => n.Contains(address));

    private static readonly IPNetwork[] Networks =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"),
        IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("127.0.0.0/8"),
    ];
}
