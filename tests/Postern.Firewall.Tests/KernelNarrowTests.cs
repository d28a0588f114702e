using Postern.Reports;

namespace Postern.Firewall.Tests;

/// <summary>Grants for one source port of an address: who sits behind the same address is a stranger still.</summary>
public sealed class KernelNarrowTests : IDisposable
{
    private const string Alice = "0123456789abcdef";
    private const ushort Hers = 40_022;
    private const ushort Neighbour = 40_023;

    private static readonly ProtectedService Ssh = Lab.Service("ssh", "tcp/22");
    private static readonly ProtectedService Time = Lab.Service("time", "udp/123");
    private static readonly ProtectedService Web = Lab.Service("web", "tcp/80 udp/80", Appearance.Closed);
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData(Lab.FriendV4, Lab.HostV4)]
    [InlineData(Lab.FriendV6, Lab.HostV6)]
    public void One_source_port_is_let_in_its_neighbour_is_not_and_it_ends_on_time(string friend, string host)
    {
        Lab.AcceptAll(_lab.ListenTcp(22));
        _lab.EchoUdp(123);
        _lab.Apply(Ssh, Time);
        _lab.Open(Ssh, friend, 4, Hers, Alice);
        _lab.Open(Time, friend, 4, Hers, Alice);
        Assert.Equal(Seen.Silence, _lab.Tcp(friend, host, 22, from: Neighbour));
        Assert.Equal(Seen.Silence, _lab.Udp(friend, host, 123, from: Neighbour));
        Assert.Equal(Seen.Open, _lab.Tcp(friend, host, 22, from: Hers));
        Assert.Equal(Seen.Open, _lab.Udp(friend, host, 123, from: Hers));
        Assert.Equal(Seen.Silence, _lab.Udp(friend, host, 123, from: Neighbour)); // a connection of hers is not one of his

        Thread.Sleep(4100);
        Assert.Equal(Seen.Silence, _lab.Tcp(friend, host, 22, from: Hers));
        Assert.Empty(_lab.Apply(Ssh, Time));
    }

    /// <summary>A connection that carried its own token got the port that it goes to, and no other of the service; who takes over knows that.</summary>
    [Fact]
    public void One_port_of_a_service_for_one_source_port_is_no_other_and_is_found_again()
    {
        Lab.AcceptAll(_lab.ListenTcp(80));
        Lab.AcceptAll(_lab.ListenTcp(443));
        var site = Lab.Service("site", "tcp/80 tcp/443");
        _lab.Apply(site);
        _lab.Open(site with { Ports = [new(Transport.Tcp, 443)] }, Lab.FriendV4, 30, Hers);
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 80, from: Hers));
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 443, from: Hers));
        Assert.Equal(new PortRange(Transport.Tcp, 443), Assert.Single(_lab.Apply(site)).Only);
        _lab.Open(site, Lab.FriendV4, 30, Hers);
        Assert.Null(Assert.Single(_lab.Apply(site)).Only);
    }

    /// <summary>Its SYN, which is judged before "established" is; then all that follows, also beyond the grant's end; and no second SYN.</summary>
    [Theory]
    [InlineData(Lab.FriendV4, Lab.HostV4)]
    [InlineData(Lab.FriendV6, Lab.HostV6)]
    public void The_whole_connection_goes_through_and_outlives_the_grant(string friend, string host)
    {
        using var listener = _lab.ListenTcp(22);
        _lab.Apply(Ssh);
        _lab.Open(Ssh, friend, 30, Hers, Alice);
        var client = _lab.Connected(friend, host, 22, Hers);
        using var server = listener.Accept();
        Assert.True(Lab.Carries(client, server));
        _lab.Close(Ssh, friend, Hers);
        Assert.True(Lab.Carries(client, server));
        Assert.True(Lab.Carries(server, client));
        server.Close(); // first, so that it is not the client who must wait before the port is free again
        client.Close();
        Assert.Equal(Seen.Silence, _lab.Tcp(friend, host, 22, from: Hers));
    }

    [Fact]
    public void To_the_neighbour_a_port_that_looks_closed_goes_on_looking_closed()
    {
        Lab.AcceptAll(_lab.ListenTcp(80));
        _lab.EchoUdp(80);
        _lab.Apply(Web);
        foreach (var (friend, host) in (ReadOnlySpan<(string, string)>)[(Lab.FriendV4, Lab.HostV4), (Lab.FriendV6, Lab.HostV6)])
        {
            _lab.Open(Web, friend, 30, Hers, Alice);
            Assert.Equal(Seen.Refused, _lab.Tcp(friend, host, 80, from: Neighbour));
            Assert.Equal(Seen.Refused, _lab.Udp(friend, host, 80, from: Neighbour));
            Assert.Equal(Seen.Open, _lab.Tcp(friend, host, 80, from: Hers));
            Assert.Equal(Seen.Open, _lab.Udp(friend, host, 80, from: Hers));
        }
    }

    [Fact]
    public void Narrow_and_wide_are_two_grants_each_with_its_own_end()
    {
        Lab.AcceptAll(_lab.ListenTcp(22));
        _lab.Apply(Ssh);
        _lab.Open(Ssh, Lab.FriendV4, 100, Hers, Alice);
        _lab.Open(Ssh, Lab.FriendV4, 50);
        _lab.Open(Ssh, Lab.FriendV4, 200, Hers, Alice); // extended
        Assert.Equal([(0, 50), (Hers, 200)], _lab.Apply(Ssh).Select(grant => ((int)grant.To.SourcePort, (int)Math.Ceiling(grant.Remaining.TotalSeconds / 10) * 10)).Order());
        _lab.Close(Ssh, Lab.FriendV4);
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22, from: Neighbour));
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22, from: Hers));
        _lab.Close(Ssh, Lab.FriendV4, Hers);
        _lab.Close(Ssh, Lab.FriendV4, Hers); // and again, which is no error
        Assert.Empty(_lab.Apply(Ssh));
    }

    [Fact]
    public void A_restart_and_a_reload_keep_source_port_and_holder()
    {
        Lab.AcceptAll(_lab.ListenTcp(22));
        _lab.Apply(Ssh, Web);
        _lab.Open(Ssh, Lab.FriendV4, 100, Hers, Alice);
        _lab.Open(Ssh, Lab.FriendV6, 100, Hers);
        _lab.Open(Web, Lab.FriendV6, 100, 0, Alice);
        for (var turn = 0; turn < 3; turn++)
        {
            _lab.Restart();
            if (turn == 1)
                _lab.Nft("add set inet postern other { type mark; }"); // so that the whole table is made anew, from text
            var held = _lab.Apply(Ssh, Web).OrderBy(grant => grant.Service, StringComparer.Ordinal).ThenBy(grant => grant.To.Source.Value).ToArray();
            Assert.Equal(
                [("ssh", new Grantee(Lab.Ip(Lab.FriendV4), Hers, Alice)), ("ssh", new(Lab.Ip(Lab.FriendV6), Hers)), ("web", new(Lab.Ip(Lab.FriendV6), 0, Alice))],
                held.Select(grant => (grant.Service, grant.To)));
            Assert.All(held, grant => Assert.InRange(grant.Remaining.TotalSeconds, 60, 100));
        }

        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22, from: Hers));
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22, from: Neighbour));
        Assert.Empty(_lab.Apply(Lab.Service("mail", "tcp/25"))); // and without their services they end
        Assert.DoesNotContain("expires", _lab.Nft("list", "table", "inet", "postern"), StringComparison.Ordinal);
    }

    /// <summary>A table as version 0.1.0 wrote it, with grants in force.</summary>
    [Fact]
    public void The_table_of_the_version_before_is_taken_over_without_a_loss()
    {
        Lab.AcceptAll(_lab.ListenTcp(22));
        _lab.Nft("-f", RulesetTests.PathOf("version-0.1.0"));
        _lab.Nft($"add element inet postern grants4 {{ {Lab.FriendV4} . tcp . 22 timeout 100s comment \"ssh\" }}");
        _lab.Nft($"add element inet postern grants6 {{ {Lab.FriendV6} . tcp . 80 timeout 100s comment \"web\" }}");
        Assert.Equal(
            [("ssh", new Grantee(Lab.Ip(Lab.FriendV4))), ("web", new(Lab.Ip(Lab.FriendV6)))],
            _lab.Apply(Ssh, Web).Select(grant => (grant.Service, grant.To)).OrderBy(grant => grant.Service, StringComparer.Ordinal));
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
        _lab.Open(Ssh, Lab.StrangerV4, 30, Hers, Alice);
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.StrangerV4, Lab.HostV4, 22, from: Hers));
        Assert.Equal(3, _lab.Apply(Ssh, Web).Length);
    }

    [Fact]
    public void Holder_and_source_port_stand_in_the_listing()
    {
        _lab.Apply(Ssh);
        _lab.Open(Ssh, Lab.FriendV4, 30, Hers, Alice);
        Assert.Matches($"10.9.0.2 . tcp . 22 . {Hers} timeout 30s expires .* comment \"ssh {Alice}\"", _lab.Nft("list", "set", "inet", "postern", "narrow4"));
        Assert.DoesNotContain("10.9.0.2", _lab.Nft("list", "set", "inet", "postern", "grants4"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_others_put_into_the_narrow_sets_is_no_grant()
    {
        _lab.Apply(Ssh);
        _lab.Nft("add element inet postern narrow4 { 10.9.0.2 . tcp . 22 . 5 comment \"ssh\", 10.9.0.3 . tcp . 22 . 5 timeout 1h, 10.9.0.2 . tcp . 22 . 0 timeout 1h comment \"ssh\" }");
        _lab.Open(Ssh, Lab.FriendV4);
        Assert.Equal(new Grantee(Lab.Ip(Lab.FriendV4)), Assert.Single(_lab.Apply(Ssh)).To);
    }
}
