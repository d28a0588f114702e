using Postern.Reports;

namespace Postern.Firewall.Tests;

public sealed class KernelGrantTests : IDisposable
{
    private static readonly ProtectedService Ssh = Lab.Service("ssh", "tcp/22");
    private static readonly ProtectedService Time = Lab.Service("time", "udp/123");
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData(Lab.FriendV4, Lab.StrangerV4, Lab.HostV4)]
    [InlineData(Lab.FriendV6, Lab.StrangerV6, Lab.HostV6)]
    public void A_port_is_closed_open_to_one_address_and_closed_again(string friend, string stranger, string host)
    {
        _lab.ListenTcp(22);
        _lab.EchoUdp(123);
        Assert.Equal(Seen.Open, _lab.Tcp(friend, host, 22));
        Assert.Equal(Seen.Open, _lab.Udp(friend, host, 123));

        Assert.Empty(_lab.Apply(Ssh, Time));
        Assert.Equal(Seen.Silence, _lab.Tcp(friend, host, 22));
        Assert.Equal(Seen.Silence, _lab.Udp(friend, host, 123));

        _lab.Open(Ssh, friend, 3);
        _lab.Open(Time, friend, 3);
        Assert.Equal(Seen.Open, _lab.Tcp(friend, host, 22));
        Assert.Equal(Seen.Open, _lab.Udp(friend, host, 123));
        Assert.Equal(Seen.Silence, _lab.Tcp(stranger, host, 22));
        Assert.Equal(Seen.Silence, _lab.Udp(stranger, host, 123));

        Thread.Sleep(3100);
        Assert.Equal(Seen.Silence, _lab.Tcp(friend, host, 22));
        Assert.Equal(Seen.Silence, _lab.Udp(friend, host, 123));
    }

    [Fact]
    public void A_grant_opens_its_service_only()
    {
        _lab.ListenTcp(22);
        _lab.ListenTcp(80);
        var web = Lab.Service("web", "tcp/80");
        _lab.Apply(Ssh, web);
        _lab.Open(web, Lab.FriendV4);
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 80));
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
    }

    [Fact]
    public void Ports_that_are_not_protected_and_loopback_are_left_alone()
    {
        _lab.ListenTcp(22);
        _lab.ListenTcp(2222);
        _lab.EchoUdp(22);
        _lab.Apply(Ssh);
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.StrangerV4, Lab.HostV4, 2222));
        Assert.Equal(Seen.Open, _lab.Udp(Lab.StrangerV6, Lab.HostV6, 22)); // the other protocol
        Assert.Equal(Seen.Open, _lab.Tcp("", Lab.HostV4, 22, _lab.Host));
        Assert.Equal(Seen.Open, _lab.Tcp("", "::1", 22, _lab.Host));
        Lab.Run("ip", "netns", "exec", _lab.Client, "ping", "-c1", "-W1", Lab.HostV4);
    }

    [Fact]
    public void Link_local_destinations_are_guarded_too()
    {
        _lab.ListenTcp(22);
        var line = Lab.Run("ip", "-n", _lab.Host, "-6", "-o", "addr", "show", "dev", "out", "scope", "link");
        var host = line.Split("inet6 ")[1].Split('/')[0] + "%wan";
        var peer = Lab.Run("ip", "-n", _lab.Client, "-6", "-o", "addr", "show", "dev", "wan", "scope", "link").Split("inet6 ")[1].Split('/')[0];
        Assert.Equal(Seen.Open, Zoned(host));
        _lab.Apply(Ssh);
        Assert.Equal(Seen.Silence, Zoned(host));
        _lab.Open(Ssh, peer);
        Assert.Equal(Seen.Open, Zoned(host));

        // Lab.Tcp parses the zone in the client's namespace, where the interface is.
        Seen Zoned(string address) => _lab.Tcp("", address, 22);
    }

    [Fact]
    public void An_established_connection_outlives_its_grant()
    {
        using var listener = _lab.ListenTcp(22);
        _lab.Apply(Ssh);
        _lab.Open(Ssh, Lab.FriendV4, 2);
        var client = _lab.Connected(Lab.FriendV4, Lab.HostV4, 22);
        using var server = listener.Accept();
        Thread.Sleep(2100);
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
        Assert.True(Lab.Carries(client, server));
        Assert.True(Lab.Carries(server, client));
    }

    [Theory]
    [InlineData(Lab.FriendV4, Lab.HostV4)]
    [InlineData(Lab.FriendV6, Lab.HostV6)]
    public void Closing_ends_it_at_once_and_twice_is_no_error(string friend, string host)
    {
        _lab.ListenTcp(22);
        _lab.Apply(Ssh);
        _lab.Close(Ssh, friend);
        _lab.Open(Ssh, friend);
        Assert.Equal(Seen.Open, _lab.Tcp(friend, host, 22));
        _lab.Close(Ssh, friend);
        Assert.Equal(Seen.Silence, _lab.Tcp(friend, host, 22));
        _lab.Close(Ssh, friend);
        Assert.Empty(_lab.Apply(Ssh));
    }

    [Fact]
    public void Opening_again_sets_the_time_anew_and_never_adds_up()
    {
        _lab.Apply(Ssh);
        for (var i = 0; i < 5; i++)
            _lab.Open(Ssh, Lab.FriendV4, 100);
        Assert.InRange(_lab.Apply(Ssh).Single().Remaining.TotalSeconds, 90, 100);
        _lab.Open(Ssh, Lab.FriendV4, 500);
        Assert.InRange(_lab.Apply(Ssh).Single().Remaining.TotalSeconds, 490, 500);
        _lab.Open(Ssh, Lab.FriendV4, 20); // shorter is anew too
        Assert.InRange(_lab.Apply(Ssh).Single().Remaining.TotalSeconds, 10, 20);
    }

    [Fact]
    public void Extending_leaves_no_gap()
    {
        Lab.AcceptAll(_lab.ListenTcp(22)); // a full queue of connections drops too
        _lab.Apply(Ssh);
        _lab.Open(Ssh, Lab.FriendV4);
        using var stop = new CancellationTokenSource();
        var tried = 0;
        var failed = 0;
        var knocking = new Thread(() => Lab.In(_lab.Client, () =>
        {
            while (!stop.IsCancellationRequested)
            {
                if (Lab.ConnectOnce(Lab.FriendV4, Lab.HostV4, 22) != Seen.Open)
                    failed++;
                tried++;
            }

            return 0;
        }));
        knocking.Start();
        for (var i = 0; i < 2000 || tried < 500; i++)
            _lab.Open(Ssh, Lab.FriendV4);
        stop.Cancel();
        knocking.Join();
        Assert.True(failed == 0, $"{failed} of {tried} connections failed");
        TestContext.Current.TestOutputHelper?.WriteLine($"{tried} connections while the grant was extended again and again");
    }

    [Fact]
    public void A_range_opens_port_by_port_in_one_batch()
    {
        var mosh = Lab.Service("mosh", "udp/60000-61000 tcp/22 tcp/20-25");
        _lab.EchoUdp(60000);
        _lab.EchoUdp(60999);
        _lab.Apply(mosh);
        Assert.Equal(Seen.Silence, _lab.Udp(Lab.FriendV6, Lab.HostV6, 60999));
        _lab.Open(mosh, Lab.FriendV6);
        _lab.Open(mosh, Lab.FriendV6);
        Assert.Equal(Seen.Open, _lab.Udp(Lab.FriendV6, Lab.HostV6, 60000));
        Assert.Equal(Seen.Open, _lab.Udp(Lab.FriendV6, Lab.HostV6, 60999));
        Assert.Equal(1001 + 6, _lab.Nft("list", "set", "inet", "postern", "grants6").Split("expires").Length - 1);
        Assert.Equal("mosh", Assert.Single(_lab.Apply(mosh)).Service);
        _lab.Close(mosh, Lab.FriendV6);
        Assert.Empty(_lab.Apply(mosh));
    }

    [Fact]
    public void A_half_gone_range_is_extended_whole_and_closed_whole()
    {
        var web = Lab.Service("web", "tcp/80 tcp/443");
        _lab.Apply(web);
        _lab.Open(web, Lab.FriendV4);
        _lab.Nft("delete element inet postern grants4 { 10.9.0.2 . tcp . 80 }");
        _lab.Open(web, Lab.FriendV4);
        Assert.Contains("10.9.0.2 . tcp . 80 ", _lab.Nft("list", "set", "inet", "postern", "grants4"), StringComparison.Ordinal);
        _lab.Nft("delete element inet postern grants4 { 10.9.0.2 . tcp . 443 }");
        _lab.Close(web, Lab.FriendV4);
        Assert.DoesNotContain("10.9.0.2", _lab.Nft("list", "set", "inet", "postern", "grants4"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_service_stands_in_the_listing()
    {
        _lab.Apply(Ssh);
        _lab.Open(Ssh, Lab.FriendV4);
        Assert.Matches("10.9.0.2 . tcp . 22 timeout 30s expires .* comment \"ssh\"", _lab.Nft("list", "set", "inet", "postern", "grants4"));
    }

    [Fact]
    public void A_lost_table_is_told_and_a_full_set_too()
    {
        _lab.Apply(Ssh);
        _lab.Nft("delete", "table", "inet", "postern");
        Assert.Equal(2, _lab.Firewall.Open(Ssh, new(Lab.Ip(Lab.FriendV4)), TimeSpan.FromSeconds(9)).Error); // ENOENT
        Assert.Equal(2, _lab.Firewall.Close(Ssh, new(Lab.Ip(Lab.FriendV4))).Error);

        _lab.Nft("add table inet postern; add set inet postern grants4 { type ipv4_addr . inet_proto . inet_service; size 2; flags timeout; }");
        var web = Lab.Service("web", "tcp/80 tcp/443");
        _lab.Open(Ssh, Lab.FriendV4);
        _lab.Open(Ssh, Lab.StrangerV4);
        Assert.Equal(23, _lab.Firewall.Open(web, new(Lab.Ip(Lab.FriendV4)), TimeSpan.FromSeconds(9)).Error); // ENFILE
        _lab.Open(Ssh, Lab.StrangerV4); // there already, and takes no more room
        _lab.Close(web, Lab.FriendV4);
        Assert.Contains("10.9.0.3", _lab.Nft("list", "ruleset"), StringComparison.Ordinal);
        _lab.Close(Ssh, Lab.StrangerV4);
        Assert.DoesNotContain("10.9.0.3", _lab.Nft("list", "ruleset"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_a_grant_is_a_mistake_of_the_caller()
    {
        var friend = new Grantee(Lab.Ip(Lab.FriendV4));
        Assert.Throws<ArgumentOutOfRangeException>(() => _lab.Firewall.Open(Ssh, friend, TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => _lab.Firewall.Open(Ssh, new(Address.None), TimeSpan.FromSeconds(1)));
        foreach (var holder in (string[])["x", "0123456789ABCDEF", "0123456789abcdef0", "\"; flush ruleset #"])
            Assert.Throws<ArgumentOutOfRangeException>(() => _lab.Firewall.Open(Ssh, friend with { Holder = holder }, TimeSpan.FromSeconds(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _lab.Firewall.Open(Lab.Service("much", "tcp/1-1025"), friend, TimeSpan.FromSeconds(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _lab.Firewall.Open(new ProtectedService(new string('x', 33), Ssh.Ports, Appearance.Silent), friend, TimeSpan.FromSeconds(1)));
    }
}
