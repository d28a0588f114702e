using Postern.Reports;

namespace Postern.Firewall.Tests;

/// <summary>What is set up a second time: after a crash, with another configuration, over a table of another make.</summary>
public sealed class KernelRestartTests : IDisposable
{
    private static readonly ProtectedService Ssh = Lab.Service("ssh", "tcp/22");
    private static readonly ProtectedService Web = Lab.Service("web", "tcp/80 tcp/443");
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void A_restart_keeps_grants_and_their_time()
    {
        _lab.ListenTcp(22);
        _lab.Apply(Ssh, Web);
        _lab.Open(Ssh, Lab.FriendV4, 60);
        _lab.Open(Web, Lab.FriendV6, 600);
        Thread.Sleep(1000);
        _lab.Restart();
        var held = _lab.Apply(Ssh, Web).OrderBy(grant => grant.Service, StringComparer.Ordinal).ToArray();
        Assert.Equal([("ssh", Lab.Ip(Lab.FriendV4)), ("web", Lab.Ip(Lab.FriendV6))], held.Select(grant => (grant.Service, grant.To.Source)));
        Assert.InRange(held[0].Remaining.TotalSeconds, 50, 59.1);
        Assert.InRange(held[1].Remaining.TotalSeconds, 590, 599.1);
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
    }

    [Fact]
    public void What_a_reload_no_longer_names_is_closed_and_what_it_adds_is_not_opened()
    {
        _lab.ListenTcp(22);
        _lab.ListenTcp(80);
        _lab.ListenTcp(443);
        _lab.Apply(Ssh, Web);
        _lab.Open(Ssh, Lab.FriendV4);
        _lab.Open(Web, Lab.FriendV4);

        // Ssh is gone, and its port is another service's; web has lost tcp/443 and won tcp/8080.
        var admin = Lab.Service("admin", "tcp/22 tcp/443");
        var web = Lab.Service("web", "tcp/80 tcp/8080");
        _lab.ListenTcp(8080);
        Assert.Equal(("web", Lab.Ip(Lab.FriendV4)), Assert.Single(_lab.Apply(admin, web).Select(grant => (grant.Service, grant.To.Source))));
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 443));
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 8080));
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 80));

        Assert.Empty(_lab.Apply(Ssh));
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.StrangerV4, Lab.HostV4, 80)); // nobody's now
    }

    [Fact]
    public void What_others_put_into_the_sets_is_no_grant()
    {
        _lab.Apply(Ssh);
        _lab.Nft("add element inet postern grants4 { 10.9.0.2 . tcp . 22 comment \"ssh\", 10.9.0.3 . tcp . 22 timeout 1h }");
        _lab.Nft("add element inet postern grants6 { fd09::2 . tcp . 22 timeout 1h comment \"ftp\" }");
        Assert.Empty(_lab.Apply(Ssh));
        Assert.DoesNotContain("expires", _lab.Nft("list", "table", "inet", "postern"), StringComparison.Ordinal);
        Assert.DoesNotContain("10.9.0.2", _lab.Nft("list", "table", "inet", "postern"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_of_another_shape_is_replaced_with_its_living_grants()
    {
        _lab.ListenTcp(22);
        _lab.Apply(Ssh);
        _lab.Open(Ssh, Lab.FriendV4, 100);
        _lab.Open(Ssh, Lab.FriendV6, 100);
        _lab.Open(Ssh, Lab.StrangerV4, 100 * 86400);
        _lab.Nft("add chain inet postern old { type filter hook input priority 0; policy drop; }; add set inet postern more { type mark; }");
        var held = _lab.Apply(Ssh);
        Assert.Equal(3, held.Length);
        held = _lab.Apply(Ssh);
        Assert.All(held, grant => Assert.InRange(grant.Remaining.TotalSeconds % 86400, grant.To.Source == Lab.Ip(Lab.StrangerV4) ? 86390 : 90, grant.To.Source == Lab.Ip(Lab.StrangerV4) ? 86400 : 100));
        Assert.Equal(99, held.Max(grant => grant.Remaining.Days));
        Assert.DoesNotContain("old", _lab.Nft("list", "chains", "inet"), StringComparison.Ordinal);
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
        Assert.Equal(3, _lab.Apply(Ssh).Length); // and they still carry the service
    }

    [Fact]
    public void A_table_made_by_hand_is_replaced()
    {
        _lab.ListenTcp(22);
        _lab.Nft("table inet postern { set grants4 { type ipv4_addr; flags timeout; elements = { 10.9.0.2 timeout 1h comment \"ssh\" }; }; chain gate { type filter hook input priority 0; ip saddr @grants4 accept; }; }");
        Assert.Empty(_lab.Apply(Ssh));
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
    }

    [Fact]
    public void Nothing_to_protect_is_a_table_that_touches_nothing()
    {
        _lab.ListenTcp(22);
        Assert.Empty(_lab.Apply());
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
    }

    [Fact]
    public void Services_that_share_a_port_do_not_stop_the_rule_set()
    {
        _lab.Apply(Lab.Service("a", "tcp/20-30 udp/5"), Lab.Service("b", "tcp/25-40 tcp/41", Appearance.Closed), Lab.Service("c", "tcp/22"));
        Assert.Contains("25-30 comment \"a b\"", _lab.Nft("list", "set", "inet", "postern", "protected_tcp"), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_the_privilege_it_says_so()
    {
        var (missing, apply) = Lab.In(_lab.Host, () =>
        {
            Lab.DropPrivileges();
            using var firewall = new NftablesFirewall();
            var failure = Assert.Throws<FirewallException>(() => firewall.Apply(new Protection([Ssh], [])));
            return (failure, firewall.Open(Ssh, new(Lab.Ip(Lab.FriendV4)), TimeSpan.FromSeconds(1)));
        });
        Assert.True(missing.MissingPrivilege);
        Assert.Contains("CAP_NET_ADMIN", missing.Hint, StringComparison.Ordinal);
        Assert.Equal(new FirewallResult(1), apply);
    }
}
