using Postern.Reports;

namespace Postern.Firewall.Tests;

/// <summary>Grants that are given in one batch, and those that are tried as new.</summary>
public sealed class KernelTogetherTests : IDisposable
{
    private static readonly ProtectedService Ssh = Lab.Service("ssh", "tcp/22");
    private static readonly ProtectedService Web = Lab.Service("web", "tcp/80 tcp/443");
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    private static Opening New(ProtectedService service, string source, double seconds = 30) => new(service, new(Lab.Ip(source)), TimeSpan.FromSeconds(seconds)) { IsNew = true };

    private int[] Open(params Opening[] openings)
    {
        var results = new FirewallResult[openings.Length];
        Array.Fill(results, new FirewallResult(-1));
        _lab.Firewall.Open(openings, results);
        return Array.ConvertAll(results, result => result.Error);
    }

    private string Grants() => _lab.Nft("list", "set", "inet", "postern", "grants4");

    [Fact]
    public void What_is_new_is_opened_and_what_somebody_else_put_there_becomes_ours()
    {
        _lab.Apply(Ssh);
        _lab.Nft("add element inet postern grants4 { 10.9.0.2 . tcp . 22 timeout 9h comment \"another's\" }");
        Assert.Equal([0], Open(New(Ssh, Lab.FriendV4)));
        Assert.Matches("10.9.0.2 . tcp . 22 timeout 30s expires .* comment \"ssh\"", Grants());
        Assert.DoesNotContain("another's", Grants(), StringComparison.Ordinal);

        Assert.Equal([0], Open(New(Ssh, Lab.StrangerV4)));
        Assert.Equal([0], Open(New(Ssh, Lab.StrangerV4, 50))); // the book was wrong
        Assert.Matches("10.9.0.3 . tcp . 22 timeout 50s", Grants());
    }

    [Fact]
    public void One_that_fails_in_a_batch_keeps_none_of_the_others_out()
    {
        _lab.Apply(Ssh, Web);
        _lab.Nft("delete table inet postern; add table inet postern; add set inet postern grants4 { type ipv4_addr . inet_proto . inet_service; size 3; flags timeout; }");
        Assert.Equal([0, 0, 23, 0], Open(New(Ssh, "11.0.0.1"), New(Ssh, "11.0.0.2"), New(Web, "11.0.0.3"), New(Ssh, "11.0.0.4"))); // ENFILE: two ports, and room for one
        Assert.Equal(["11.0.0.1", "11.0.0.2", "11.0.0.4"], Enumerable.Range(1, 4).Select(i => $"11.0.0.{i}").Where(a => Grants().Contains(a, StringComparison.Ordinal)));
    }

    [Fact]
    public void A_batch_takes_the_known_and_the_foreign_and_the_same_twice()
    {
        _lab.Apply(Ssh, Web);
        _lab.Open(Ssh, "11.0.0.1", seconds: 9);
        _lab.Nft("add element inet postern grants4 { 11.0.0.2 . tcp . 22 timeout 9h comment \"another's\" }");
        var known = New(Ssh, "11.0.0.1", 40) with { IsNew = false };
        Assert.Equal([0, 0, 0, 0], Open(known, New(Ssh, "11.0.0.2", 40), New(Ssh, "11.0.0.3", 9), New(Ssh, "11.0.0.3", 40)));
        for (var i = 1; i <= 3; i++)
            Assert.Matches($"11.0.0.{i} . tcp . 22 timeout 40s", Grants());
    }

    [Fact]
    public void More_than_fit_into_one_batch_are_several()
    {
        var wide = Lab.Service("wide", "tcp/1000-1299");
        _lab.Apply(Ssh, wide);
        Opening[] all = [.. Enumerable.Range(0, 300).Select(i => New(i % 50 == 0 ? wide : Ssh, $"11.0.1.{i % 256}", 30 + (i / 256))) ];
        Assert.All(Open(all), error => Assert.Equal(0, error));
        var text = Grants();
        Assert.Equal((6 * 300) + 250 + 1, System.Text.RegularExpressions.Regex.Count(text, @"timeout 3\ds"));
        Assert.Matches(@"11\.0\.1\.250 \. tcp \. 1299 timeout 30s", text);
    }

    /// <summary>An element has no service in its key: what one of them has opened is not new to the other, and is not undone over it.</summary>
    [Fact]
    public void Services_that_share_a_port_are_both_opened()
    {
        var both = Lab.Service("both", "tcp/22 tcp/80");
        _lab.Apply(Ssh, both);
        Assert.Equal([0, 0], Open(New(Ssh, Lab.FriendV4), New(both, Lab.FriendV4, 40)));
        Assert.Matches("10.9.0.2 . tcp . 22 timeout 40s expires .* comment \"both\"", Grants());
    }

    [Fact]
    public void Narrow_ones_and_forwards_go_together()
    {
        var away = new ProtectedService("away", [new PortRange(Transport.Tcp, 8080)], Appearance.Silent)
        {
            Forward = new() { Fixed = [new(Lab.Ip(Lab.InsideV4), 80)] },
        };
        _lab.Apply(new Protection([Ssh, away], []));
        var friend = new Grantee(Lab.Ip(Lab.FriendV4), 4000, "0123456789abcdef");
        Assert.Equal([0, 0, 0], Open(new(Ssh, friend, TimeSpan.FromSeconds(30)) { IsNew = true }, new(away, friend, TimeSpan.FromSeconds(30)) { IsNew = true }, New(Ssh, Lab.StrangerV6)));
        Assert.Contains("10.9.0.2 . tcp . 22 . 4000", _lab.Nft("list", "set", "inet", "postern", "narrow4"), StringComparison.Ordinal);
        Assert.Contains("10.8.0.2 . 80", _lab.Nft("list", "map", "inet", "postern", "narrow_forwards4"), StringComparison.Ordinal);
        Assert.Contains("fd09::3", _lab.Nft("list", "set", "inet", "postern", "grants6"), StringComparison.Ordinal);
    }
}
