using Postern.Firewall.Nftables;
using Postern.Tests;

namespace Postern.Firewall.Tests;

/// <summary>Other tables are other people's.</summary>
public sealed class KernelNeighbourTests : IDisposable
{
    private static readonly ProtectedService Ssh = Lab.Service("ssh", "tcp/22");
    private static readonly ProtectedService Web = Lab.Service("web", "tcp/80 tcp/8000-8010", Appearance.Closed);
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    private const string DefaultDrop = """
        table inet filter {
            chain input {
                type filter hook input priority filter; policy drop;
                ct state established,related accept
                iif lo accept
                meta l4proto ipv6-icmp accept
                tcp dport { 22, 80 } accept
            }
        }
        """;

    [Fact]
    public void Other_tables_stay_byte_for_byte()
    {
        Needs.Program("iptables-nft");
        _lab.Nft(DefaultDrop);
        Lab.Shell(_lab.Host, "iptables-nft -A INPUT -p tcp --dport 9 -j REJECT; ip6tables-nft -A INPUT -p tcp --dport 9 -j DROP; iptables-nft -t nat -A PREROUTING -p tcp --dport 81 -j REDIRECT --to-ports 80");
        var before = _lab.NeighbourTables();
        Assert.Contains("REDIRECT", before, StringComparison.OrdinalIgnoreCase);
        _lab.Apply(Ssh);
        Assert.Equal(before, _lab.NeighbourTables());
        _lab.Open(Ssh, Lab.FriendV4);
        _lab.Apply(Ssh, Web);
        Assert.Equal(before, _lab.NeighbourTables());
        _lab.Close(Ssh, Lab.FriendV4);
        _lab.TearDown();
        Assert.Equal(before, _lab.NeighbourTables());
        Assert.DoesNotContain("postern", _lab.Nft("list", "tables"), StringComparison.Ordinal);
        _lab.TearDown();
    }

    [Fact]
    public void A_default_drop_that_lets_the_port_in_and_a_grant_agree()
    {
        _lab.ListenTcp(22);
        _lab.ListenTcp(2222);
        _lab.Nft(DefaultDrop);
        Lab.Shell(_lab.Host, "iptables-nft -A INPUT -p tcp --dport 22 -j ACCEPT");
        _lab.Apply(Ssh);
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
        _lab.Open(Ssh, Lab.FriendV4);
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 2222)); // a grant overrides nobody
    }

    [Fact]
    public void After_the_teardown_everything_is_as_the_host_has_it()
    {
        _lab.ListenTcp(22);
        _lab.Apply(Ssh);
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
        _lab.TearDown();
        Assert.Equal(Seen.Open, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
    }

    [Fact]
    public void A_rule_set_that_is_refused_changes_nothing()
    {
        _lab.Apply(Ssh);
        _lab.Open(Ssh, Lab.FriendV4);
        var before = _lab.Nft("-s", "-t", "list", "ruleset");
        var text = Ruleset.Update(new Protection([Web], []), []);

        // Refused by the parser, and by the kernel after it took all that stands before.
        var parser = Assert.Throws<FirewallException>(() => Load(text + "add rule inet postern gate nonsense\n"));
        Assert.Contains("nonsense", parser.Message, StringComparison.Ordinal);
        var kernel = Assert.Throws<FirewallException>(() => Load(text + "add rule inet postern gate jump nowhere\n"));
        Assert.Contains("jump nowhere", kernel.Message, StringComparison.Ordinal);
        Assert.Throws<FirewallException>(() => Load(text + "add chain inet postern late { type nat hook input priority -300; }\ndelete element inet postern grants4 { 192.0.2.9 . tcp . 7 }\n"));
        Assert.Throws<FirewallException>(() => _lab.Apply(new Protection([Web], ["a\"b"])));
        Assert.Equal(before, _lab.Nft("-s", "-t", "list", "ruleset"));
        Assert.Equal("ssh", _lab.Apply(Ssh).Single().Service);

        int Load(string rules) => Lab.In(_lab.Host, () =>
        {
            LibNftables.Load(rules);
            return 0;
        });
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("table inet f { chain c { type filter hook input priority 0; policy drop; tcp dport 22 accept; }; }", true)]
    [InlineData("table ip f { chain c { type filter hook input priority 0; policy accept; tcp dport 22 accept; counter drop; }; }", true)]
    [InlineData("table inet f { chain c { type filter hook input priority 0; policy drop; tcp dport 22 accept; reject; }; }", false)]
    [InlineData("table inet f { chain c { type filter hook input priority 0; policy accept; tcp dport 22 drop; }; }", false)]
    [InlineData("table inet f { chain c { type filter hook forward priority 0; policy drop; }; }", false)]
    [InlineData("table inet f { chain a { type filter hook input priority 10; policy drop; }; chain b { type filter hook input priority 5; reject; }; }", false)]
    public void Whether_the_host_drops_is_read_from_its_chains(string rules, bool drops)
    {
        if (rules.Length > 0)
            _lab.Nft(rules);
        _lab.Apply(Ssh);
        Assert.Equal(new FirewallState(InPlace: true, drops), Inspect());
    }

    [Fact]
    public void Iptables_that_reject_at_the_end_answer()
    {
        Needs.Program("iptables-nft");
        Lab.Shell(_lab.Host, "iptables-nft -P INPUT DROP; iptables-nft -A INPUT -p tcp --dport 9 -j ACCEPT");
        Assert.Equal(new FirewallState(InPlace: false, HostDrops: true), Inspect());
        Lab.Shell(_lab.Host, "iptables-nft -A INPUT -j REJECT");
        Assert.False(Inspect().HostDrops);
    }

    [Theory]
    [InlineData("delete table inet postern")]
    [InlineData("flush chain inet postern gate")]
    [InlineData("flush chain inet postern closed")]
    [InlineData("add table inet postern { flags dormant; }")]
    [InlineData("flush chain inet postern closed; flush chain inet postern answer; delete chain inet postern answer")]
    public void What_no_longer_guards_is_not_in_place_and_is_put_right(string harm)
    {
        _lab.ListenTcp(22);
        _lab.Apply(Ssh);
        Assert.True(Inspect().InPlace);
        _lab.Nft(harm);
        Assert.False(Inspect().InPlace);
        _lab.Apply(Ssh);
        Assert.True(Inspect().InPlace);
        Assert.Equal(Seen.Silence, _lab.Tcp(Lab.FriendV4, Lab.HostV4, 22));
    }

    private FirewallState Inspect() => Lab.In(_lab.Host, _lab.Firewall.Inspect);
}
