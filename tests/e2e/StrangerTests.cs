using System.Text.RegularExpressions;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>What someone who does not know the knock can see and do.</summary>
public sealed partial class StrangerTests
{
    private const string Guarded = """
        services:
          ssh:
            ports: [tcp/22, udp/22]
            open_for: 60s
            appear: APPEAR
        knocks:
          office:
            method: sequence
            sequence: [tcp/7000, tcp/8000, tcp/9000]
            opens: [ssh]
        """;

    /// <summary>Port 22 is protected and something listens there. Port 24 is filtered or closed by the host itself, with nothing of ours.</summary>
    [Theory]
    [InlineData("silent", GateHouse.Gate4)]
    [InlineData("silent", GateHouse.Gate6)]
    [InlineData("closed", GateHouse.Gate4)]
    [InlineData("closed", GateHouse.Gate6)]
    public void Nmap_sees_what_it_sees_of_a_port_that_is_really_so(string appear, string host)
    {
        Needs.Program("nmap");
        using var house = new GateHouse(Guarded.Replace("APPEAR", appear));
        house.ServeTcp(22);
        house.ServeUdp(22);
        if (appear == "silent")
            house.Gate.Run("nft", "add table inet host; add chain inet host input { type filter hook input priority 0; }; add rule inet host input meta l4proto { tcp, udp } th dport 24 drop");

        Same("before");
        Assert.Equal(0, house.Command("grant", "ssh", "10.77.0.77").Code); // somebody else's
        Assert.Equal(0, house.Command("grant", "ssh", "fd77::77").Code);
        Same("during");

        void Same(string when)
        {
            foreach (var scan in new[] { "-sS", "-sA", "-sF", "-sU" })
            {
                string[] family = host == GateHouse.Gate6 ? ["-6"] : [];
                var seen = house.FromClient(["nmap", .. family, "-n", "-Pn", scan, "--reason", "--max-retries", "1", "--max-rtt-timeout", "300ms", "-p", "22,24", host]).Output;
                var states = PortLine().Matches(seen).ToDictionary(m => m.Groups["port"].Value, m => m.Groups["state"].Value);
                Assert.True(states.Count == 2, seen);
                Assert.True(states["22"] == states["24"], $"{when} {scan}: {seen}");
                Assert.DoesNotContain("open ", states["22"], StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("-r")]
    [InlineData("--randomize-hosts")] // nmap's default: ports in random order
    public void A_scan_of_all_ports_does_not_open_the_door(string order)
    {
        Needs.Program("nmap");
        using var house = new GateHouse(Guarded.Replace("APPEAR", "closed"));
        house.FromClient("nmap", "-n", "-Pn", "-sS", order, "--min-rate", "15000", "--max-retries", "0", "-p", "1-65535", GateHouse.Gate4);
        GateHouse.Until(() => house.Ask("status").GetProperty("packets").GetProperty("read").GetInt64() > 20, "the scan to be seen");
        Assert.Equal(0, house.GrantCount);
    }

    [Fact]
    public void Junk_is_counted_and_disturbs_nobody()
    {
        Needs.Program("hping3");
        using var house = new GateHouse();
        house.ServeTcp(22);
        house.Client.TryRun("hping3", "-q", "-c", "2000", "-i", "u100", "--rand-source", "-S", "-p", "7000", GateHouse.Gate4);
        house.Client.TryRun("hping3", "-q", "-c", "20", "-i", "u1000", "-f", "-d", "64", "-S", "-p", "7000", GateHouse.Gate4); // fragments
        house.Knock("knock", GateHouse.Gate4, "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.GrantCount == 1, "the genuine knock");
        GateHouse.Until(() => Packets(house).GetProperty("read").GetInt64() >= 1900 && Packets(house).GetProperty("reports").GetInt64() > 0, "the sentry to tell what it has counted");
        Assert.Equal(1, Packets(house).GetProperty("reports").GetInt64());
    }

    private static System.Text.Json.JsonElement Packets(GateHouse house) => house.Ask("status").GetProperty("packets");

    [GeneratedRegex(@"^(?<port>\d+)/(tcp|udp)\s+(?<state>\S+)\s+\S+\s+(?<reason>\S+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PortLine();
}
