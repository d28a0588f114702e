using System.Net;
using System.Net.Sockets;
using Postern.Firewall.Nftables;

namespace Postern.Firewall.Tests;

/// <summary>Lines of /proc/net/tcp and tcp6, recorded and live.</summary>
public sealed class KernelSocketTableTests
{
    [Theory]
    [InlineData("   1: 0100A8C0:0016 0701A8C0:C350 01 00000000:00000000 02:000A 0 0 1 4 20 4 31 10 -1", "192.168.1.7", 50000, 22)]
    [InlineData("   2: 0000000000000000FFFF00000100A8C0:0016 0000000000000000FFFF00000701A8C0:C350 08 00000000:00000000", "192.168.1.7", 50000, 22)]
    [InlineData("   3: B80D0120000000000000000001000000:0016 B80D0120000000000000000007000000:C351 01 0:0", "2001:db8::7", 50001, 22)]
    public void A_live_connection_is_read(string line, string peer, int peerPort, int localPort)
    {
        Assert.True(LiveSockets.TryParse(line, out var socket));
        Assert.Equal(new LiveSocket(Lab.Ip(peer), (ushort)peerPort, (ushort)localPort), socket);
    }

    [Theory]
    [InlineData("   0: 00000000:0016 00000000:0000 0A 00000000:00000000")] // listens
    [InlineData("   0: 0100A8C0:0016 0701A8C0:C350 06 00000000:00000000")] // over
    [InlineData("   0: 0100A8C0:0016 0701A8C0:C350 03 00000000:00000000")] // not yet begun
    [InlineData("  sl  local_address rem_address   st tx_queue rx_queue")]
    [InlineData("   0: 0100A8C0:0016 0701A8C:C350 01 0")]
    [InlineData("   0: 0100A8C0:0016 0701A8C0:1C350 01 0")]
    [InlineData("")]
    public void Anything_else_is_not(string line) => Assert.False(LiveSockets.TryParse(line, out _));

    [Fact]
    public void The_kernel_s_own_table_is_read()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var port = (ushort)((IPEndPoint)listener.LocalEndPoint!).Port;
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        var found = Assert.Single(LiveSockets.Read(PortPlan.Of([Lab.Service("x", $"tcp/{port}")])));
        Assert.Equal(new LiveSocket(Lab.Ip("127.0.0.1"), (ushort)((IPEndPoint)client.LocalEndPoint!).Port, port), found);
    }
}
