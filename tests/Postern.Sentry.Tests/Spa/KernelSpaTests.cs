using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Postern.Packets;
using Postern.Packets.Tests;
using Postern.Reports;
using Postern.Tests;
using static Postern.Sentry.Tests.SpaCraft;

namespace Postern.Sentry.Tests.Spa;

/// <summary>SPA packets on a real wire: sent from one namespace by every carrier, through the kernel's filter and the ring of another, to a report.</summary>
public sealed class KernelSpaTests : IDisposable
{
    private const string VlanLeft = "10.78.0.1";
    private const string VlanRight = "10.78.0.2";

    private readonly SpaCraft _craft = new();
    private readonly (NetworkNamespace Gate, NetworkNamespace Client) _net = NetworkNamespace.Pair();

    private NetworkNamespace Client => _net.Client;

    public void Dispose()
    {
        _craft.Dispose();
        _net.Client.Dispose();
        _net.Gate.Dispose();
    }

    public static TheoryData<string, int> EveryAddressAndSize() => new(
        from address in new[] { NetworkNamespace.Left4, NetworkNamespace.Left6 } from size in new[] { 320, 512, 1200 } select (address, size));

    private Post Ring(Func<SpaWatchOptions, SpaWatchOptions>? change = null)
    {
        var options = _craft.SentryOptions with { Spa = change is null ? _craft.Options : change(_craft.Options) };
        return new(options, _net.Gate.Enter(() => PacketRing.Open(options.Filter(), [], RingSize.For(options.Filter()))));
    }

    [Theory]
    [MemberData(nameof(EveryAddressAndSize))]
    public void A_datagram(string to, int size)
    {
        using var post = Ring();
        var port = SendDatagram(to, _craft.Packet(size));
        post.Expect(size, SourceOf(to), to, port);
    }

    [Theory]
    [MemberData(nameof(EveryAddressAndSize))]
    public void An_echo_request(string to, int size)
    {
        using var post = Ring();
        SendEcho(to, _craft.Packet(size));
        post.Expect(size, SourceOf(to), to, 0);
    }

    /// <summary>A segment that is no system's own: no cookie, no Fast Open option, data all the same.</summary>
    [Theory]
    [MemberData(nameof(EveryAddressAndSize))]
    public void A_SYN_that_carries_data(string to, int size)
    {
        using var post = Ring();
        Client.Enter(() =>
        {
            var address = IPAddress.Parse(to);
            using var socket = new Socket(address.AddressFamily, SocketType.Raw, ProtocolType.Tcp);
            socket.SendTo(Craft.Tcp(TcpPort, source: 4567, payload: _craft.Packet(size)), new IPEndPoint(address, 0));
        });
        post.Expect(size, SourceOf(to), to, 4567);
    }

    /// <summary>
    /// TCP_FASTOPEN_CONNECT (30) puts what is sent first into the SYN; TCP_FASTOPEN_NO_COOKIE (34) does so without having been there before. The
    /// port is closed, and says so, when the SYN has been seen.
    /// </summary>
    [Theory]
    [MemberData(nameof(EveryAddressAndSize))]
    public void The_SYN_of_Linux_with_Fast_Open(string to, int size)
    {
        using var post = Ring();
        var port = Client.Enter(() =>
        {
            const int Tcp = 6;
            var address = IPAddress.Parse(to);
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.SetRawSocketOption(Tcp, 30, BitConverter.GetBytes(1));
            socket.SetRawSocketOption(Tcp, 34, BitConverter.GetBytes(1));
            socket.Bind(new IPEndPoint(IPAddress.Parse(SourceOf(to)), 0));
            var local = ((IPEndPoint)socket.LocalEndPoint!).Port;
            socket.Connect(address, TcpPort);
            Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => socket.Send(_craft.Packet(size))).SocketErrorCode);
            return local;
        });
        post.Expect(size, SourceOf(to), to, port);
    }

    /// <summary>The ring sees such a packet on the VLAN and on the interface below it: one report, one copy.</summary>
    [Fact]
    public void Over_a_VLAN()
    {
        foreach (var (space, address) in new[] { (_net.Gate, VlanLeft), (Client, VlanRight) })
        {
            Assert.SkipUnless(
                space.TryRun("ip", "link", "add", "link", NetworkNamespace.Interface, "name", "v5", "type", "vlan", "id", "5"), "needs VLAN interfaces (CONFIG_VLAN_8021Q)");
            space.Run("ip", "address", "add", address + "/24", "dev", "v5");
            space.Run("ip", "link", "set", "v5", "up");
        }

        using var post = Ring();
        for (var i = 1; i <= 3; i++)
        {
            var port = SendDatagram(VlanLeft, _craft.Packet(1200));
            post.Expect(1200, VlanRight, VlanLeft, port);
        }

        SendDatagram(VlanLeft, _craft.Bytes(320));
        Assert.True(SpinWait.SpinUntil(() => post.Counters.Refused(Refusal.Junk) == 2, TimeSpan.FromSeconds(10)));
        Assert.Equal(3, post.Counters.Refused(Refusal.Copy));
    }

    [Fact]
    public void Copies_junk_and_what_the_filter_lets_nobody_see()
    {
        using var post = Ring();
        var packet = _craft.Packet();
        SendDatagram(NetworkNamespace.Left4, packet[..^1]);
        SendDatagram(NetworkNamespace.Left4, [.. packet, 0]);
        SendEcho(NetworkNamespace.Left4, new byte[56]);
        SendDatagram(NetworkNamespace.Left6, _craft.Bytes(512));
        var port = SendDatagram(NetworkNamespace.Left4, packet);
        post.Expect(320, NetworkNamespace.Right4, NetworkNamespace.Left4, port);
        SendDatagram(NetworkNamespace.Left6, packet);
        SendEcho(NetworkNamespace.Left6, packet);
        Assert.True(SpinWait.SpinUntil(() => post.Counters.Refused(Refusal.Copy) == 2, TimeSpan.FromSeconds(10)));
        Assert.Equal(1, post.Counters.Refused(Refusal.Junk));
        Assert.Equal(0, post.Counters.Refused(Refusal.WrongSize));
        Assert.Equal(4, post.Counters.Read);
    }

    [Fact]
    public void Carriers_that_are_off_wake_nobody()
    {
        using var post = Ring(o => o with { TcpPorts = [], Echo = false });
        SendEcho(NetworkNamespace.Left4, _craft.Packet());
        var port = SendDatagram(NetworkNamespace.Left4, _craft.Packet());
        post.Expect(320, NetworkNamespace.Right4, NetworkNamespace.Left4, port);
        Assert.Equal(1, post.Counters.Read);
    }

    [Theory]
    [MemberData(nameof(EveryAddressAndSize))]
    public void A_datagram_to_a_bound_socket(string to, int size)
    {
        using var post = new Post(_craft.SentryOptions, _net.Gate.Enter(() => UdpSocketSource.Open([Port])));
        SendDatagram(to, _craft.Packet(size)[..^1]);
        SendDatagram(to, new byte[1600]);
        var port = SendDatagram(to, _craft.Packet(size));
        post.Expect(size, SourceOf(to), to, port);
        Assert.Equal(2, post.Counters.Refused(Refusal.WrongSize));
    }

    private static string SourceOf(string to) => to == NetworkNamespace.Left4 ? NetworkNamespace.Right4 : NetworkNamespace.Right6;

    private int SendDatagram(string to, byte[] payload) => Client.Enter(() =>
    {
        var address = IPAddress.Parse(to);
        using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.SendTo(payload, new IPEndPoint(address, Port));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    });

    /// <summary>Linux fills in the checksum of ICMPv6; nobody before the ring looks at that of ICMP.</summary>
    private void SendEcho(string to, byte[] payload) => Client.Enter(() =>
    {
        var address = IPAddress.Parse(to);
        var isV4 = address.AddressFamily == AddressFamily.InterNetwork;
        using var socket = new Socket(address.AddressFamily, SocketType.Raw, isV4 ? ProtocolType.Icmp : ProtocolType.IcmpV6);
        socket.SendTo(Craft.Icmp(isV4 ? (byte)8 : (byte)128, payload: payload), new IPEndPoint(address, 0));
    });

    /// <summary>A thread that does what the gate's does: reads the source, asks the sentry, keeps what it says.</summary>
    private sealed class Post : IDisposable
    {
        private readonly BlockingCollection<Report> _reports = [];
        private readonly IPacketSource _source;
        private readonly Thread _thread;

        public Post(SentryOptions options, IPacketSource source)
        {
            _source = source;
            _thread = new Thread(() => Watch(new Sentry(options, Counters))) { IsBackground = true };
            _thread.Start();
        }

        public SentryCounters Counters { get; } = new();

        private void Watch(Sentry sentry)
        {
            while (_source.TryRead(out var packet))
            {
                foreach (ref readonly var report in sentry.Watch(packet))
                    _reports.Add(report with { Request = report.Request.ToArray() });
            }
        }

        public void Expect(int size, string source, string destination, int sourcePort)
        {
            Assert.True(_reports.TryTake(out var report, TimeSpan.FromSeconds(10)), "no report: " + string.Join(", ", Counters.Refusals()));
            Assert.Equal(
                (ReportKind.SignedRequest, size - 88, source, destination, (ushort)sourcePort),
                (report.Kind, report.Request.Length, report.Source.ToString(), report.Destination.ToString(), report.SourcePort));
        }

        public void Dispose()
        {
            _source.Stop();
            Assert.True(_thread.Join(TimeSpan.FromSeconds(10)));
            _source.Dispose();
            _reports.Dispose();
        }
    }
}
