using System.Runtime.CompilerServices;
using Postern.Firewall.Nftables;
using Postern.Reports;

namespace Postern.Firewall.Tests;

/// <summary>The rule set as text, byte for byte: golden/*.nft. Each of them is also loaded into a kernel.</summary>
public sealed class RulesetTests
{
    private static readonly Protection Everywhere = new([Lab.Service("ssh", "tcp/22"), Lab.Service("mosh", "udp/60000-61000"), Lab.Service("web", "tcp/80 tcp/443", Appearance.Closed)], []);

    private static readonly Protection OnTwo = Everywhere with { Interfaces = ["eth0", "we-ird*"] };

    private static readonly GrantElement[] Elements =
    [
        new("ssh", new(Lab.Ip("192.0.2.7")), Transport.Tcp, 22, TimeSpan.FromSeconds(30)),
        new("mosh", new(Lab.Ip("2001:db8::7")), Transport.Udp, 60000, new TimeSpan(40, 5, 6, 7, 8)),
        new("ssh", new(Lab.Ip("192.0.2.7"), 50_022, "0123456789abcdef"), Transport.Tcp, 22, TimeSpan.FromSeconds(30)),
        new("mosh", new(Lab.Ip("2001:db8::7"), 1, ""), Transport.Udp, 60000, TimeSpan.FromSeconds(30)),
        new("mosh", new(Lab.Ip("2001:db8::8"), 0, "fedcba9876543210"), Transport.Udp, 60000, TimeSpan.FromSeconds(30)),
    ];

    private static readonly ForwardTarget Inside4 = new(Lab.Ip("10.0.0.5"), 22);

    private static readonly Protection Leading = new(
        [
            Lab.Service("ssh", "tcp/22"),
            Lab.Service("office", "tcp/2222") with { Forward = new() { Fixed = [Inside4, new(Lab.Ip("fd00::5"), 22)], Masquerade = true } },
            new("lan", [], Appearance.Silent) { Forward = new() { Within = [new(System.Net.IPNetwork.Parse("10.0.0.0/24"), 0), new(System.Net.IPNetwork.Parse("fd00::/64"), 80)], Masquerade = true } },
        ],
        ["eth0"]);

    private static readonly GrantElement[] Forwards =
    [
        new("office", new(Lab.Ip("192.0.2.7"), 0, "0123456789abcdef"), Transport.Tcp, 2222, TimeSpan.FromSeconds(30)) { Target = Inside4 },
        new("office", new(Lab.Ip("2001:db8::7"), 40_000), Transport.Tcp, 2222, TimeSpan.FromSeconds(30)) { Target = new(Lab.Ip("fd00::5"), 22) },
        new("ssh", new(Lab.Ip("192.0.2.7")), Transport.Tcp, 2223, TimeSpan.FromSeconds(30)) { Target = new(Address.None, 22) },
    ];

    [Fact]
    public void Knocks_are_copied_from_the_interfaces_that_are_guarded_alone()
    {
        Assert.Contains("eth0", Knocks(OnTwo), StringComparison.Ordinal);
        Assert.DoesNotContain("iif", Knocks(Everywhere).Replace("iif \"lo\"", "", StringComparison.Ordinal), StringComparison.Ordinal);

        static string Knocks(Protection protection)
        {
            var text = Ruleset.Replace(protection with { Knocks = new(5, [new([new(Transport.Tcp, 7000)]) { SnapLength = 64 }]) }, [], []);
            var chain = text[text.IndexOf("chain knocks", StringComparison.Ordinal)..];
            return chain[..chain.IndexOf("\t}", StringComparison.Ordinal)];
        }
    }

    public static TheoryData<string> Golden => new("first", "interfaces", "update", "remove", "forwards", "forwards-update");

    private static string Text(string name) => name switch
    {
        "first" => Ruleset.Replace(Everywhere, Elements, [new LiveSocket(Lab.Ip("192.0.2.9"), 50000, 22), new LiveSocket(Lab.Ip("2001:db8::9"), 50001, 22)]),
        "interfaces" => Ruleset.Replace(OnTwo, [], []),
        "forwards" => Ruleset.Replace(Leading, Forwards, []),
        "forwards-update" => Ruleset.Update(Leading, Forwards),
        "update" => Ruleset.Update(Everywhere, Elements),
        _ => Ruleset.Remove,
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void The_text_is_the_golden_one(string name) => Assert.Equal(File.ReadAllText(PathOf(name)), Text(name));

    [Fact]
    public void The_kernel_takes_them_one_after_the_other()
    {
        using var lab = new Lab();
        foreach (var name in (string[])["remove", "first", "update", "interfaces", "forwards", "forwards-update", "first", "remove"])
            lab.Nft("-f", PathOf(name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a\"; }")]
    [InlineData("sixteen-letters-")]
    public void A_name_that_no_interface_can_have_is_refused(string name) =>
        Assert.Throws<FirewallException>(() => Ruleset.Replace(Everywhere with { Interfaces = [name] }, [], []));

    [Fact]
    public void A_name_cannot_end_its_comment()
    {
        var text = Ruleset.Replace(new Protection([new ProtectedService("x\" }\nflush ruleset\\", [new PortRange(Transport.Tcp, 1)], Appearance.Silent)], []), [], []);
        Assert.Contains("comment \"x_ }_flush ruleset_\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rule set:9:3-8: Error: Could not process rule: Operation not permitted", true, "CAP_NET_ADMIN")]
    [InlineData("Error: Could not process rule: No such file or directory\n\t\tfib daddr type { unicast } accept", false, "nft_fib_inet")]
    [InlineData("Error: Could not process rule: No such file or directory\n\t\tmeta l4proto tcp counter reject with tcp reset", false, "nft_reject_inet")]
    [InlineData("Error: Could not process rule: No such file or directory\n\t\tct state established accept", false, "nft_ct")]
    [InlineData("Error: Could not process rule: No such file or directory\n\tchain lead {\n\t\ttype nat hook prerouting", false, "nf_nat")]
    [InlineData("Error: Could not process rule: No such file or directory\n\t\tdnat ip to ip saddr", false, "nft_nat")]
    [InlineData("Error: Could not process rule: No such file or directory\n\t\tmeta l4proto { tcp, udp } redirect to :ip saddr", false, "nft_redir")]
    [InlineData("Error: Could not process rule: No such file or directory\n\t\tip daddr 10.0.0.5 masquerade", false, "nft_masq")]
    [InlineData("Error: Could not process rule: Operation not supported\n\t\tct label set 98", false, "NF_CONNTRACK_LABELS")]
    public void What_the_library_says_leads_to_a_mend(string message, bool missingPrivilege, string hint)
    {
        var failure = LibNftables.Refused(message);
        Assert.Equal(missingPrivilege, failure.MissingPrivilege);
        Assert.Contains(hint, failure.Hint, StringComparison.Ordinal);
    }

    public static string PathOf(string name, [CallerFilePath] string here = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(here)!, "golden", $"{name}.nft");
        if (Environment.GetEnvironmentVariable("POSTERN_WRITE_GOLDEN") == "1" && Golden.Any(row => row.Data == name))
            File.WriteAllText(path, Text(name));
        return path;
    }
}
