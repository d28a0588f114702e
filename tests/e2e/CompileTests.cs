using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary><c>postern compile</c>: rules that a kernel holds with no program beside it, knocked at with knock, nmap and ping.</summary>
public sealed class CompileTests
{
    private const string Configuration = """
        services:
          ssh: {ports: [tcp/22, udp/22], open_for: 4s}
          web: {ports: [tcp/80], open_for: 20s}
        knocks:
          any: {sequence: [tcp/7000, udp/8000, tcp/9000], within: 6s, opens: [ssh]}
          strict: {sequence: [tcp/7001, udp/8001, icmp/120], order: strict, within: 6s, opens: [web]}
          leave: {sequence: [udp/8002, tcp/9002], closes: [web]}
        """;

    public static TheoryData<string, string> All => new() { { "nftables", GateHouse.Gate4 }, { "nftables", GateHouse.Gate6 }, { "iptables", GateHouse.Gate4 }, { "ip6tables", GateHouse.Gate6 } };

    [Theory]
    [MemberData(nameof(All))]
    public void A_knock_in_any_order_opens_until_the_time_is_over_and_what_is_connected_lives_on(string rules, string gate)
    {
        using var house = Load(rules, Configuration);
        Assert.False(house.IsOpen(gate));
        Assert.False(house.AnswersUdp(gate));
        Knock(house, gate, "9000", "8000:udp");
        Assert.False(house.IsOpen(gate));
        Knock(house, gate, "8000:udp", "9000", "7000"); // two of them again: no harm
        using var connection = house.TryConnect(gate, 22);
        Assert.NotNull(connection);
        GateHouse.Until(() => house.AnswersUdp(gate), "the echo of UDP"); // a datagram may be lost on the way through a busy test
        GateHouse.Until(() => !house.IsOpen(gate), "the port to close");
        Assert.True(GateHouse.Carries(connection));
        Knock(house, gate, "7000", "8000:udp", "9000");
        Assert.True(house.IsOpen(gate));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_strict_knock_opens_in_its_order_alone(string rules, string gate)
    {
        using var house = Load(rules, Configuration);
        Knock(house, gate, "8001:udp", "7001");
        Ping(house, gate);
        Assert.False(house.IsOpen(gate, 80));
        Knock(house, gate, "7001");
        Ping(house, gate); // out of turn
        Knock(house, gate, "8001:udp");
        Ping(house, gate);
        Assert.False(house.IsOpen(gate, 80));
        Knock(house, gate, "7001", "7001", "8001:udp", "8001:udp", "7001"); // again, and late: no harm
        Ping(house, gate);
        Assert.True(house.IsOpen(gate, 80));
        Assert.False(house.IsOpen(gate, 22));
        Knock(house, gate, "9002", "8002:udp");
        Assert.False(house.IsOpen(gate, 80));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Another_port_undoes_what_was_done_and_a_scan_opens_nothing(string rules, string gate)
    {
        Needs.Program("nmap");
        using var house = Load(rules, Configuration);
        Knock(house, gate, "7000", "8000:udp", "12345", "9000");
        Assert.False(house.IsOpen(gate));
        string[] family = gate.Contains(':', StringComparison.Ordinal) ? ["-6"] : [];
        house.Client.Run("nmap", [.. family, "-n", "-Pn", "-sS", "-r", "-T5", "--max-retries", "1", "-p", "6990-9010", gate]);
        Assert.False(house.IsOpen(gate));
        Knock(house, gate, "7000", "8000:udp", "9000");
        Assert.True(house.IsOpen(gate));
    }

    [Theory]
    [InlineData("nftables")]
    [InlineData("iptables")]
    public void A_try_ends_after_its_time(string rules)
    {
        using var house = Load(rules, Configuration.Replace("within: 6s", "within: 2s", StringComparison.Ordinal));
        Knock(house, GateHouse.Gate4, "7000", "8000:udp");
        Knock(house, GateHouse.Gate4, "7001", "8001:udp");
        Thread.Sleep(3500); // nothing may come of it: to wait longer than this is no fault
        Knock(house, GateHouse.Gate4, "9000");
        Ping(house, GateHouse.Gate4);
        Assert.False(house.IsOpen(GateHouse.Gate4));
        Assert.False(house.IsOpen(GateHouse.Gate4, 80));
    }

    [Fact]
    public void A_one_time_sequence_opens_once()
    {
        using var house = new GateHouse(start: false);
        var sequences = Path.Combine(Path.GetDirectoryName(house.ConfigurationFile)!, "sequences");
        File.WriteAllText(sequences, "tcp/7000,udp/8000,tcp/9000\ntcp/7100,udp/8100,tcp/9100\n");
        File.SetUnixFileMode(sequences, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Load(house, "nftables", "services: {ssh: {ports: [tcp/22], open_for: 2s}}\nknocks: {once: {method: one-time, sequences_file: " + sequences + ", opens: [ssh]}}");
        Knock(house, GateHouse.Gate4, "7000", "8000:udp", "9000");
        Assert.True(house.IsOpen(GateHouse.Gate4));
        GateHouse.Until(() => !house.IsOpen(GateHouse.Gate4), "the port to close");
        foreach (var gate in new[] { GateHouse.Gate4, GateHouse.Gate6 })
        {
            Knock(house, gate, "7000", "8000:udp", "9000");
            Knock(house, gate, "9000", "7000", "8000:udp");
            Assert.False(house.IsOpen(gate));
        }

        Knock(house, GateHouse.Gate4, "7100", "8100:udp", "9100");
        Assert.True(house.IsOpen(GateHouse.Gate4));
    }

    /// <summary>
    /// Two processors may see at once that a sequence was not used. What then stands between is the limit within the mark, so the second knock comes without the look that would have stopped it.
    /// </summary>
    [Fact]
    public void To_mark_a_sequence_as_used_lets_one_packet_by_and_no_other()
    {
        using var house = new GateHouse(start: false);
        var sequences = Path.Combine(Path.GetDirectoryName(house.ConfigurationFile)!, "sequences");
        File.WriteAllText(sequences, "tcp/7000,udp/8000,tcp/9000\n");
        File.SetUnixFileMode(sequences, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Load(house, "nftables", "services: {ssh: {ports: [tcp/22], open_for: 2s}}\nknocks: {once: {method: one-time, sequences_file: " + sequences + ", opens: [ssh]}}", text =>
        {
            var blind = text.Replace("fib daddr type @knock1_used return", "", StringComparison.Ordinal);
            Assert.NotEqual(text, blind);
            return blind;
        });
        Knock(house, GateHouse.Gate4, "7000", "8000:udp", "9000");
        Assert.True(house.IsOpen(GateHouse.Gate4));
        GateHouse.Until(() => !house.IsOpen(GateHouse.Gate4), "the port to close");
        foreach (var gate in new[] { GateHouse.Gate4, GateHouse.Gate6 })
        {
            Knock(house, gate, "7000", "8000:udp", "9000");
            Assert.False(house.IsOpen(gate));
        }
    }

    /// <summary>Who may not knock does not, and where nobody guards nothing is closed.</summary>
    [Theory]
    [InlineData("nftables")]
    [InlineData("iptables")]
    public void The_policy_and_the_interfaces_are_those_of_the_configuration(string rules)
    {
        var denied = "\npolicy: {deny: [" + GateHouse.Client4 + "/32]}\n";
        using (var house = Load(rules, Configuration + denied))
        {
            Knock(house, GateHouse.Gate4, "7000", "8000:udp", "9000");
            Assert.False(house.IsOpen(GateHouse.Gate4));
        }

        using (var house = Load(rules, Configuration + "\npolicy: {allow: [192.0.2.0/24]}\n"))
        {
            Knock(house, GateHouse.Gate4, "7000", "8000:udp", "9000");
            Assert.False(house.IsOpen(GateHouse.Gate4));
        }

        using var elsewhere = new GateHouse(start: false);
        elsewhere.Write(Configuration, "  interfaces: [nowhere0]\n");
        LoadWritten(elsewhere, rules, null);
        Assert.True(elsewhere.IsOpen(GateHouse.Gate4));
        using var here = new GateHouse(start: false);
        here.Write(Configuration, $"  interfaces: [{NetworkNamespace.Interface}]\n");
        LoadWritten(here, rules, null);
        Assert.False(here.IsOpen(GateHouse.Gate4));
        Knock(here, GateHouse.Gate4, "7000", "8000:udp", "9000");
        Assert.True(here.IsOpen(GateHouse.Gate4));
    }

    /// <summary>To iptables "lan+" is every name that begins with "lan": an interface that nobody named would be guarded, and knocked at.</summary>
    [Theory]
    [InlineData("iptables")]
    [InlineData("ip6tables")]
    public void A_name_that_iptables_takes_for_many_is_refused(string rules)
    {
        Needs.Root();
        using var house = new GateHouse(start: false);
        house.Write(Configuration, "  interfaces: [eth0, lan+]\n");
        var (code, output) = house.RunToEnd(GateHouse.Postern, "compile", "--to", rules, "--config", house.ConfigurationFile);
        Assert.NotEqual(0, code);
        Assert.Contains("the interface 'lan+' cannot be written for iptables", output, StringComparison.Ordinal);
        Assert.DoesNotContain("PREROUTING", output, StringComparison.Ordinal);
        Assert.Equal(0, house.RunToEnd(GateHouse.Postern, "compile", "--to", "nftables", "--config", house.ConfigurationFile).Code);
    }

    /// <summary>Whoever loads the rules over SSH must not cut himself off, whether or not conntrack saw him come.</summary>
    [Fact]
    public void Loading_it_cuts_off_nobody()
    {
        Needs.Root();
        using var house = new GateHouse(start: false);
        house.ServeTcp(23);
        using var connection = house.TryConnect(GateHouse.Gate4, 23);
        Load(house, "nftables", Configuration.Replace("tcp/22", "tcp/23", StringComparison.Ordinal));
        Assert.True(GateHouse.Carries(connection!));
        Assert.False(house.IsOpen(GateHouse.Gate4, 23));
    }

    [Fact]
    public void What_rules_cannot_do_is_left_out_and_said_with_its_place()
    {
        Needs.Root();
        using var house = new GateHouse(start: false);
        house.Write("""
            services:
              ssh: {ports: [tcp/22]}
              bell: {run: [/bin/true]}
            knocks:
              good: {sequence: [tcp/7000, udp/8000, tcp/9000], opens: [ssh]}
              twice: {sequence: [tcp/7100, tcp/7100, tcp/9100], order: strict, opens: [ssh]}
              rings: {sequence: [tcp/7200, tcp/7300, tcp/9200], opens: [bell]}
              knockd: {sequence: [tcp/7400, tcp/7500, tcp/9400], order: strict, strict: true, opens: [ssh]}
            """);
        var (code, output) = house.RunToEnd(GateHouse.Postern, "compile", "--to", "nftables", "--config", house.ConfigurationFile);
        Assert.Equal(0, code);
        Assert.Contains("postern.yaml:5: the service 'bell' is left out: rules cannot run a command", output, StringComparison.Ordinal);
        Assert.Contains("postern.yaml:8: the knock 'twice' is left out: two of its steps are the same", output, StringComparison.Ordinal);
        Assert.Contains("postern.yaml:9: the knock 'rings' is left out: rules cannot do what the service 'bell' does", output, StringComparison.Ordinal);
        Assert.Contains("postern.yaml:10: the knock 'knockd' is left out: 'strict: true' needs a gate", output, StringComparison.Ordinal);
        Assert.DoesNotContain("7100", output, StringComparison.Ordinal);
        house.Write("policy: {hours: [Mon-Fri 08:00-18:00]}\n");
        Assert.NotEqual(0, house.RunToEnd(GateHouse.Postern, "compile", "--to", "nftables", "--config", house.ConfigurationFile).Code);
    }

    private static GateHouse Load(string rules, string configuration)
    {
        Needs.Root();
        Needs.Program("knock");
        var house = new GateHouse(start: false);
        Load(house, rules, configuration);
        return house;
    }

    private static void Load(GateHouse house, string rules, string configuration, Func<string, string>? change = null)
    {
        house.Write(configuration);
        LoadWritten(house, rules, change);
    }

    private static void LoadWritten(GateHouse house, string rules, Func<string, string>? change)
    {
        var loader = rules is "nftables" ? "nft" : $"{rules}-restore";
        Needs.Program(loader);
        var file = house.ConfigurationFile + ".rules";
        var text = house.Gate.Run(GateHouse.Postern, "compile", "--to", rules, "--config", house.ConfigurationFile);
        File.WriteAllText(file, change is null ? text : change(text));
        house.Gate.Run(loader, rules is "nftables" ? ["-f", file] : ["--noflush", file]);
        house.ServeTcp(22);
        house.ServeTcp(80);
        house.ServeUdp(22);
    }

    private static void Knock(GateHouse house, string gate, params string[] steps) =>
        house.Knock("knock", [.. gate.Contains(':', StringComparison.Ordinal) ? ["-6"] : Array.Empty<string>(), "-d", "20", gate, .. steps]);

    private static void Ping(GateHouse house, string gate) => house.Client.TryRun("ping", "-q", "-c", "1", "-W", "1", "-s", "120", gate);
}
