using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Postern.Reports;

namespace Postern.Firewall.Tests;

/// <summary>Who holds a forward is led on, by the real kernel, from the guarded host to the one behind it; and nobody else is.</summary>
public sealed class KernelForwardTests : IDisposable
{
    private const string Alice = "0123456789abcdef";
    private const string HostInwardV4 = "10.8.0.1";
    private const string HostInwardV6 = "fd08::1";
    private const int Outside = 2222;

    private static readonly ProtectedService Fixed = Lab.Service("office", "tcp/2222 udp/2222") with
    {
        Forward = new() { Fixed = [new(Lab.Ip(Lab.InsideV4), 22), new(Lab.Ip(Lab.InsideV6), 22)] },
    };

    private static readonly ProtectedService Chosen = new("lan", [], Appearance.Silent)
    {
        Forward = new() { Within = [new(IPNetwork.Parse("10.8.0.0/24"), 0), new(IPNetwork.Parse("fd08::/64"), 0)] },
    };

    private static readonly ProtectedService Ssh = Lab.Service("ssh", "tcp/22");

    private readonly Lab _lab = new();

    public KernelForwardTests()
    {
        Greet('h', _lab.Host);
        Greet('i', _lab.Inside);
        _lab.EchoUdp(22, _lab.Inside);

        // The kernel's first look for a second IPv6 neighbour on a link takes it a second.
        foreach (var address in (string[])[Lab.FriendV4, Lab.StrangerV4, Lab.FriendV6, Lab.StrangerV6])
            Lab.Shell(_lab.Client, $"ping -q -c 1 -w 10 -I {address} {(address.Contains('.') ? Lab.InsideV4 : Lab.InsideV6)}");
    }

    public void Dispose() => _lab.Dispose();

    public static TheoryData<string, string, string, string> Families => new()
    {
        { Lab.FriendV4, Lab.StrangerV4, Lab.HostV4, Lab.InsideV4 },
        { Lab.FriendV6, Lab.StrangerV6, Lab.HostV6, Lab.InsideV6 },
    };

    /// <summary>A service at port 22 that says where it is.</summary>
    private void Greet(char place, string ns)
    {
        var listener = _lab.ListenTcp(22, ns);
        new Thread(() =>
        {
            try
            {
                while (true)
                {
                    using var socket = listener.Accept();
                    socket.Send([(byte)place]);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // the lab is over
            }
        }) { IsBackground = true }.Start();
    }

    /// <summary>Where a connection ends: 'h' the host, 'i' inside, '-' nowhere.</summary>
    private char Reach(string source, string destination, int port, int from = 0, string? ns = null) => Lab.In(ns ?? _lab.Client, () =>
    {
        var target = IPAddress.Parse(destination);
        using var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 3000 };
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Parse(source), from));
        socket.Blocking = false;
        try
        {
            socket.Connect(new IPEndPoint(target, port));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // under way
        }

        if (!socket.Poll(TimeSpan.FromMilliseconds(400), SelectMode.SelectWrite) || (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! != 0)
            return '-';
        socket.Blocking = true;
        var greeting = new byte[1];
        return socket.Receive(greeting) == 1 ? (char)greeting[0] : '?';
    });

    private void Lead(ProtectedService service, string source, PortForward forward, double seconds = 30, ushort port = 0) =>
        Assert.Equal(FirewallResult.Ok, _lab.Firewall.Open(service, new(Lab.Ip(source), port, Alice), forward, TimeSpan.FromSeconds(seconds)));

    private void Unlead(ProtectedService service, string source, PortForward forward) =>
        Assert.Equal(FirewallResult.Ok, _lab.Firewall.Close(service, new(Lab.Ip(source)), forward));

    private static PortForward Tcp(int outside, string target, int port = 22) => new(Transport.Tcp, (ushort)outside, new(target.Length == 0 ? Address.None : Lab.Ip(target), (ushort)port));

    [Theory]
    [MemberData(nameof(Families))]
    public void Before_and_after_it_is_silent_and_meanwhile_it_leads_one_client_in(string friend, string stranger, string host, string inside)
    {
        _lab.Apply(Fixed, Ssh);
        Assert.Equal('-', Reach(friend, host, Outside));
        _lab.Open(Fixed, friend, 4);
        Assert.Equal('i', Reach(friend, host, Outside));
        Assert.Equal(Seen.Open, _lab.Udp(friend, host, Outside));
        Assert.Equal('-', Reach(stranger, host, Outside));
        Assert.Equal(Seen.Silence, _lab.Udp(stranger, host, Outside));
        Assert.Equal('-', Reach(friend, host, 22)); // a forward is no grant to this host

        Thread.Sleep(4100);
        Assert.Equal('-', Reach(friend, host, Outside));
        Assert.Empty(_lab.Apply(Fixed, Ssh));
        Assert.DoesNotContain(inside, _lab.Nft("list", "table", "inet", "postern"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Ended_early_it_ends_at_once_and_what_is_connected_lives_on(string friend, string stranger, string host, string inside)
    {
        _lab.Apply(Fixed, Ssh);
        _lab.Open(Fixed, friend);
        _lab.Open(Fixed, stranger);
        using var listener = _lab.ListenTcp(1022, _lab.Inside);
        _lab.Apply(Fixed, Chosen);
        Lead(Chosen, friend, Tcp(3333, inside, 1022));
        var client = _lab.Connected(friend, host, 3333);
        using var server = listener.Accept();
        _lab.Close(Fixed, friend);
        Unlead(Chosen, friend, Tcp(3333, inside, 1022));
        Unlead(Chosen, friend, Tcp(3333, inside, 1022)); // and again, which is no error
        Assert.Equal('-', Reach(friend, host, Outside));
        Assert.Equal('i', Reach(stranger, host, Outside));
        Assert.Equal(Seen.Refused, _lab.Tcp(friend, host, 3333)); // as the host has it
        Assert.True(Lab.Carries(client, server));
        Assert.True(Lab.Carries(server, client));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_forward_for_one_source_port_is_for_that_only(string friend, string stranger, string host, string inside)
    {
        _ = (stranger, inside);
        _lab.Apply(Fixed);
        _lab.Open(Fixed, friend, 30, 40_022, Alice);
        Assert.Equal('-', Reach(friend, host, Outside, 40_023));
        Assert.Equal('i', Reach(friend, host, Outside, 40_022));
        _lab.Restart();
        Assert.Equal((40_022, Alice), _lab.Apply(Fixed).Select(grant => ((int)grant.To.SourcePort, grant.To.Holder)).Single());
        _lab.Close(Fixed, friend, 40_022);
        Assert.Empty(_lab.Apply(Fixed));
    }

    /// <summary>One address may hold several; and at a port that another service protects, neither ends the other.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void A_request_chooses_the_port_and_the_target(string friend, string stranger, string host, string inside)
    {
        _lab.Apply(Chosen, Ssh);
        _lab.Open(Ssh, friend);
        _lab.Open(Ssh, stranger);
        Assert.Equal('h', Reach(friend, host, 22));
        Lead(Chosen, friend, Tcp(22, inside));
        Lead(Chosen, friend, Tcp(4444, inside));
        Assert.Equal(('i', 'i', 'h', '-'), (Reach(friend, host, 22), Reach(friend, host, 4444), Reach(stranger, host, 22), Reach(stranger, host, 4444)));
        Unlead(Chosen, friend, Tcp(22, inside));
        Assert.Equal(('h', 'i'), (Reach(friend, host, 22), Reach(friend, host, 4444)));

        Lead(Chosen, friend, Tcp(22, inside));
        _lab.Close(Ssh, friend);
        Assert.Equal('i', Reach(friend, host, 22));
        Unlead(Chosen, friend, Tcp(22, inside));
        Assert.Equal('-', Reach(friend, host, 22));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Another_port_may_lead_to_one_of_this_host(string friend, string stranger, string host, string inside)
    {
        _ = inside;
        _lab.Apply(new Protection([Ssh], []) { HasLocalForwards = true });
        Lead(Ssh, friend, Tcp(Outside, ""), seconds: 100);
        Assert.Equal(('h', '-', '-'), (Reach(friend, host, Outside), Reach(friend, host, 22), Reach(stranger, host, Outside)));
        _lab.Restart();
        var standing = Assert.Single(_lab.Apply(new Protection([Ssh], []) { HasLocalForwards = true }));
        Assert.Equal((Tcp(Outside, ""), "ssh"), (standing.Chosen, standing.Service));
        Unlead(Ssh, friend, Tcp(Outside, ""));
        Assert.Equal('-', Reach(friend, host, Outside));
    }

    /// <summary>The SYN of a new connection under the ports of an old one: conntrack would lead it on.</summary>
    [Theory]
    [InlineData(Lab.FriendV4, Lab.HostV4, Lab.InsideV4, 3333)]
    [InlineData(Lab.FriendV6, Lab.HostV6, Lab.InsideV6, 3333)]
    [InlineData(Lab.FriendV4, Lab.HostV4, Lab.InsideV4, 22)]
    public void After_the_end_no_new_connection_is_led_on_whatever_conntrack_holds(string friend, string host, string inside, int outside)
    {
        _lab.Apply(Chosen, Ssh);
        Lead(Chosen, friend, Tcp(outside, inside));
        using var client = _lab.Connected(friend, host, outside, 45_000);
        Lab.Shell(_lab.Client, "nft add table inet quiet && nft add chain inet quiet out '{ type filter hook output priority 0; }' && nft add rule inet quiet out tcp flags \\& \\(fin \\| rst\\) != 0 drop");
        Lab.Shell(_lab.Inside, "nft add table inet count && nft add chain inet count in '{ type filter hook input priority 0; }' && nft add rule inet count in tcp flags \\& \\(syn \\| ack\\) == syn counter");
        client.LingerState = new(enable: true, 0);
        client.Close(); // gone, and nobody heard of it
        _ = Reach(friend, host, outside, 45_000);
        var whileItStood = Syns();
        Assert.NotEqual(0, whileItStood); // the way that is to be barred is there
        Unlead(Chosen, friend, Tcp(outside, inside));
        _lab.Open(Ssh, friend); // lets in to this host, and is no reason to lead on
        _ = Reach(friend, host, outside, 45_000);
        Assert.Equal(whileItStood, Syns());

        int Syns() => int.Parse(
            System.Text.RegularExpressions.Regex.Match(Lab.Run("ip", "netns", "exec", _lab.Inside, "nft", "list", "chain", "inet", "count", "in"), "packets (\\d+)").Groups[1].Value,
            CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData(Lab.FriendV4, Lab.HostV4, HostInwardV4)]
    [InlineData(Lab.FriendV4, Lab.HostV4, Lab.HostV4)]
    [InlineData(Lab.FriendV6, Lab.HostV6, HostInwardV6)]
    public void No_forward_leads_to_an_address_of_this_host(string friend, string host, string own)
    {
        _lab.Apply(Chosen, Ssh);
        Lead(Chosen, friend, Tcp(Outside, own));
        Assert.Equal('-', Reach(friend, host, Outside));
        Assert.Contains("never to an address of its own", _lab.Nft("list", "chain", "inet", "postern", "astray"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("0.0.0.1")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    [InlineData("febf::1")]
    [InlineData("ff02::1")]
    [InlineData("::10.0.0.1")]
    public void Nor_to_where_no_honest_one_does(string target)
    {
        _lab.Apply(Chosen);
        var friend = Lab.Ip(target).IsV4 ? Lab.FriendV4 : Lab.FriendV6;
        Assert.Throws<ArgumentOutOfRangeException>(() => _lab.Firewall.Open(Chosen, new(Lab.Ip(friend)), Tcp(Outside, target), TimeSpan.FromSeconds(1)));
    }

    /// <summary>As in the moment in which one of the two elements of a forward has ended: what was let in for its sake does not arrive here instead.</summary>
    [Fact]
    public void Let_in_and_not_led_on_is_not_let_in()
    {
        _lab.Apply(Chosen, Ssh);
        Lead(Chosen, Lab.FriendV4, Tcp(22, Lab.InsideV4));
        _lab.Nft("delete", "element", "inet", "postern", "forwards4", $"{{ {Lab.FriendV4} . tcp . 22 : {Lab.InsideV4} . 22 }}");
        Assert.Equal('-', Reach(Lab.FriendV4, Lab.HostV4, 22));
    }

    [Fact]
    public void It_leads_elsewhere_from_one_moment_to_the_next()
    {
        _lab.Apply(Chosen, Ssh);
        Lab.Shell(_lab.Inside, "ip addr add 10.8.0.3/24 dev wan");
        Lead(Chosen, Lab.FriendV4, Tcp(Outside, "10.8.0.99"), seconds: 500);
        Lead(Chosen, Lab.FriendV4, Tcp(Outside, "10.8.0.3"), seconds: 100);
        Assert.Equal('i', Reach(Lab.FriendV4, Lab.HostV4, Outside));
        var standing = Assert.Single(_lab.Apply(Chosen, Ssh));
        Assert.Equal(Tcp(Outside, "10.8.0.3"), standing.Chosen);
        Assert.InRange(standing.Remaining.TotalSeconds, 60, 100);
        Unlead(Chosen, Lab.FriendV4, Tcp(Outside, "10.8.0.99")); // whatever it led to
        Assert.Empty(_lab.Apply(Chosen, Ssh));
    }

    [Fact]
    public void A_restart_and_a_reload_keep_what_may_still_be()
    {
        _lab.Apply(Fixed, Chosen, Ssh);
        _lab.Open(Ssh, Lab.FriendV4, 100);
        _lab.Open(Fixed, Lab.FriendV4, 100, 0, Alice);
        _lab.Open(Fixed, Lab.FriendV6, 100);
        Lead(Chosen, Lab.FriendV4, Tcp(4444, Lab.InsideV4), 100);
        Lead(Chosen, Lab.FriendV4, Tcp(4445, Lab.InsideV4), 100);
        Lead(Chosen, Lab.FriendV6, Tcp(4444, Lab.InsideV6), 100);
        for (var turn = 0; turn < 3; turn++)
        {
            _lab.Restart();
            if (turn == 1)
                _lab.Nft("add set inet postern other { type mark; }"); // so that the whole table is made anew, from text
            var held = _lab.Apply(Fixed, Chosen, Ssh);
            Assert.Equal(
                [
                    $"lan 10.9.0.2 {Alice} tcp/4444=10.8.0.2:22 10.8.0.2:22", $"lan 10.9.0.2 {Alice} tcp/4445=10.8.0.2:22 10.8.0.2:22", $"lan fd09::2 {Alice} tcp/4444=[fd08::2]:22 [fd08::2]:22",
                    $"office 10.9.0.2 {Alice}  10.8.0.2:22", "office fd09::2   [fd08::2]:22", "ssh 10.9.0.2   ",
                ],
                held.Select(grant => $"{grant.Service} {grant.To.Source} {grant.To.Holder} {grant.Chosen} {grant.Forward}").Order(StringComparer.Ordinal));
            Assert.All(held, grant => Assert.InRange(grant.Remaining.TotalSeconds, 60, 100));
        }

        Assert.Equal(('i', 'i'), (Reach(Lab.FriendV4, Lab.HostV4, Outside), Reach(Lab.FriendV4, Lab.HostV4, 4445)));
        var less = Chosen with { Forward = new() { Within = [new(IPNetwork.Parse("fd08::/64"), 22), new(IPNetwork.Parse("10.8.0.2/32"), 23)] } };
        var elsewhere = Fixed with { Forward = new() { Fixed = [new(Lab.Ip("10.8.0.9"), 22), new(Lab.Ip(Lab.InsideV6), 22)] } };
        Assert.Equal(["lan fd09::2", "office fd09::2", "ssh 10.9.0.2"], _lab.Apply(elsewhere, less, Ssh).Select(grant => $"{grant.Service} {grant.To.Source}").Order(StringComparer.Ordinal));
        Assert.Equal('-', Reach(Lab.FriendV4, Lab.HostV4, Outside));
        Assert.Equal(["ssh 10.9.0.2"], _lab.Apply(Fixed with { Forward = null }, Ssh).Select(grant => $"{grant.Service} {grant.To.Source}"));
        Assert.DoesNotContain("forward", _lab.Nft("list", "table", "inet", "postern"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_opens_ports_of_this_host_does_not_become_a_forward_by_a_reload()
    {
        _lab.Apply(Fixed with { Forward = null });
        _lab.Open(Fixed with { Forward = null }, Lab.FriendV4, 100);
        Assert.Empty(_lab.Apply(Fixed));
        Assert.Equal('-', Reach(Lab.FriendV4, Lab.HostV4, Outside));
    }

    [Theory]
    [InlineData(false, '-')]
    [InlineData(true, 'i')]
    public void Masquerade_is_for_hosts_whose_way_back_leads_elsewhere(bool masquerade, char reached)
    {
        Lab.Shell(_lab.Inside, "ip route del default && ip -6 route del default");
        _lab.Apply(Fixed with { Forward = Fixed.Forward! with { Masquerade = masquerade } }, Chosen with { Forward = Chosen.Forward! with { Masquerade = masquerade } });
        foreach (var (friend, host, inside) in (ReadOnlySpan<(string, string, string)>)[(Lab.FriendV4, Lab.HostV4, Lab.InsideV4), (Lab.FriendV6, Lab.HostV6, Lab.InsideV6)])
        {
            _lab.Open(Fixed, friend);
            Lead(Chosen, friend, Tcp(4444, inside));
            Assert.Equal((reached, reached), (Reach(friend, host, Outside), Reach(friend, host, 4444)));
        }
    }

    /// <summary>Other connections to the same host and port keep their address.</summary>
    [Fact]
    public void Only_what_is_led_on_is_masqueraded()
    {
        using var listener = _lab.ListenTcp(1022, _lab.Inside);
        _lab.Apply(Chosen with { Forward = Chosen.Forward! with { Masquerade = true } });
        Lead(Chosen, Lab.FriendV4, Tcp(4444, Lab.InsideV4, 1022));
        Assert.Equal((HostInwardV4, Lab.FriendV4), (Peer(Lab.HostV4, 4444), Peer(Lab.InsideV4, 1022)));

        string Peer(string destination, int port)
        {
            using var client = _lab.Connected(Lab.FriendV4, destination, port);
            using var server = listener.Accept();
            return ((IPEndPoint)server.RemoteEndPoint!).Address.MapToIPv4().ToString();
        }
    }

    [Fact]
    public void What_is_not_for_this_host_is_not_led_elsewhere()
    {
        using var listener = _lab.ListenTcp(Outside, _lab.Inside);
        _lab.Apply(Chosen);
        Lead(Chosen, Lab.FriendV4, Tcp(Outside, "10.8.0.99"));
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.InsideV4, Outside));
    }

    [Fact]
    public void Where_the_host_is_not_guarded_nobody_is_led_on()
    {
        _lab.Apply(new Protection([Chosen], ["in"]));
        Lead(Chosen, Lab.FriendV4, Tcp(4444, Lab.InsideV4));
        Assert.Equal('-', Reach(Lab.FriendV4, Lab.HostV4, 4444));
    }

    [Fact]
    public void A_port_that_somebody_else_publishes_is_his_again_afterwards()
    {
        Lab.AcceptAll(_lab.ListenTcp(8443, _lab.Inside));
        _lab.Nft("table inet publish { chain pre { type nat hook prerouting priority dstnat; fib daddr type local tcp dport 2222 dnat ip to 10.8.0.2:8443; }; }");
        _lab.Apply(Chosen);
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, Outside));
        Lead(Chosen, Lab.FriendV4, Tcp(Outside, Lab.InsideV4));
        Assert.Equal('i', Reach(Lab.FriendV4, Lab.HostV4, Outside));
        Unlead(Chosen, Lab.FriendV4, Tcp(Outside, Lab.InsideV4));
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, Outside));
        _lab.TearDown();
        Assert.DoesNotContain("postern", _lab.Nft("list", "ruleset"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_thousand_stand_beside_each_other_and_are_read_back()
    {
        _lab.Apply(Chosen);
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < 1000; i++)
            Lead(Chosen, $"10.9.{i / 250}.{(i % 250) + 1}", Tcp(10_000 + i, Lab.InsideV4), 300);
        TestContext.Current.TestOutputHelper?.WriteLine($"1000 forwards in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms");
        _lab.Restart();
        Assert.Equal(1000, _lab.Apply(Chosen).Select(grant => grant.Chosen).Distinct().Count());
        Assert.Equal('i', Reach(Lab.FriendV4, Lab.HostV4, 10_001));
    }

    [Fact]
    public void Where_to_and_whose_stand_in_the_listing()
    {
        _lab.Apply(Chosen, Ssh);
        Lead(Chosen, Lab.FriendV4, Tcp(4444, Lab.InsideV4));
        Lead(Chosen, Lab.FriendV6, Tcp(4444, Lab.InsideV6, 8080));
        Lead(Ssh, Lab.FriendV4, Tcp(4445, ""));
        Assert.Matches($"10.9.0.2 . tcp . 4444 timeout 30s expires .* comment \"lan {Alice}\" : 10.8.0.2 . 22", _lab.Nft("list", "map", "inet", "postern", "forwards4"));
        Assert.Matches("fd09::2 . tcp . 4444 timeout 30s .* : fd08::2 . 8080", _lab.Nft("list", "map", "inet", "postern", "forwards6"));
        Assert.Matches($"10.9.0.2 . tcp . 4445 timeout 30s .* comment \"ssh {Alice}\" : 22", _lab.Nft("list", "map", "inet", "postern", "redirects4"));
        Assert.Matches($"10.9.0.2 . tcp . 4444 timeout 30s .*comment \"lan {Alice}\"", _lab.Nft("list", "set", "inet", "postern", "forwarded4"));
    }

    [Fact]
    public void What_keeps_forwards_from_getting_through_is_seen()
    {
        _lab.Apply(Ssh);
        Assert.Equal(ForwardObstacles.None, Inspect());
        _lab.Apply(Fixed);
        Assert.Equal(ForwardObstacles.None, Inspect());
        Lab.Shell(_lab.Host, "sysctl -qw net.ipv4.ip_forward=0");
        Assert.Equal(ForwardObstacles.V4Off, Inspect());
        Lab.Shell(_lab.Host, "sysctl -qw net.ipv6.conf.all.forwarding=0");
        _lab.Nft("table ip host { chain passing { type filter hook forward priority 0; policy drop; }; }");
        Assert.Equal(ForwardObstacles.V4Off | ForwardObstacles.V6Off | ForwardObstacles.Dropped, Inspect());

        ForwardObstacles Inspect() => Lab.In(_lab.Host, () => _lab.Firewall.Inspect().Obstacles);
    }

    [Fact]
    public void An_emptied_chain_is_no_guard()
    {
        _lab.Apply(Chosen);
        Assert.True(InPlace());
        _lab.Nft("flush chain inet postern lead");
        Assert.False(InPlace());
        _lab.Apply(Chosen);
        Assert.True(InPlace());
        _lab.Nft("delete chain inet postern lead");
        Assert.False(InPlace());

        bool InPlace() => Lab.In(_lab.Host, () => _lab.Firewall.Inspect().InPlace);
    }
}
