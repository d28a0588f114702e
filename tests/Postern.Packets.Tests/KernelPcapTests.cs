using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Postern.Packets;
using Postern.Tests;

namespace Postern.Packets.Tests;

/// <summary>Files that the real tcpdump wrote.</summary>
public sealed class KernelPcapTests
{
    [Theory]
    [InlineData(LinkType.Ethernet, NetworkNamespace.Interface, "EN10MB", "micro")]
    [InlineData(LinkType.Ethernet, NetworkNamespace.Interface, "EN10MB", "nano")]
    [InlineData(LinkType.LinuxCooked, "any", "LINUX_SLL", "micro")]
    [InlineData(LinkType.LinuxCooked2, "any", "LINUX_SLL2", "nano")]
    public void Of_tcpdump(LinkType link, string face, string name, string precision)
    {
        Needs.Program("tcpdump");
        var (gate, client) = NetworkNamespace.Pair();
        var path = Path.GetTempFileName();
        try
        {
            using (gate)
            using (client)
            {
                using var tcpdump = gate.Start("tcpdump", "-Z", "root", "-n", "-i", face, "-y", name, "-Q", "in", "-s", "120", "-c", "4",
                    "--time-stamp-precision=" + precision, "--immediate-mode", "-w", path, "udp port 7000 or tcp port 7001");
                while (tcpdump.StandardError.ReadLine() is { } line && !line.Contains("listening", StringComparison.Ordinal))
                    continue;
                Send(client);
                Assert.True(tcpdump.WaitForExit(TimeSpan.FromSeconds(15)));
            }

            using var file = CaptureFile.Open(path);
            Check(file, link);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Send(NetworkNamespace client) => client.Enter(() =>
    {
        foreach (var address in new[] { NetworkNamespace.Left4, NetworkNamespace.Left6 })
        {
            var family = IPAddress.Parse(address).AddressFamily;
            using var udp = new Socket(family, SocketType.Dgram, ProtocolType.Udp);
            udp.SendTo(new byte[200], new IPEndPoint(IPAddress.Parse(address), 7000));
            using var tcp = new Socket(family, SocketType.Stream, ProtocolType.Tcp);
            Assert.Throws<SocketException>(() => tcp.Connect(IPAddress.Parse(address), 7001));
        }
    });

    private static void Check(CaptureFile file, LinkType link)
    {
        var now = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).TotalSeconds;
        foreach (var (source, isTcp) in new[] { (NetworkNamespace.Right4, false), (NetworkNamespace.Right4, true), (NetworkNamespace.Right6, false), (NetworkNamespace.Right6, true) })
        {
            Assert.True(file.TryRead(out var packet));
            Assert.Equal(link, packet.Link);
            Assert.InRange(packet.Time / 1e9, now - 60, now);
            Assert.Equal(PacketFault.None, PacketView.TryRead(packet.Bytes, packet.Link, out var view));
            Assert.Equal(Craft.Address(source), view.Source);
            Assert.Equal(isTcp ? IpProtocol.Tcp : IpProtocol.Udp, view.Protocol);
            Assert.Equal(isTcp ? 7001 : 7000, view.DestinationPort);
            Assert.Equal(isTcp ? TcpFlags.Syn : TcpFlags.None, view.Flags);
            Assert.Equal(isTcp ? 0 : 200, view.PayloadLength);
            Assert.True(view.Payload.Length < 120);
        }

        Assert.False(file.TryRead(out _));
        Assert.Null(file.Fault);
    }
}
