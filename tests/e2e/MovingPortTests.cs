using System.Globalization;
using System.Text.Json;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>A port for single packets that moves with the time: the client finds it by the invitation alone, and to any other there is nothing but silence.</summary>
public sealed class MovingPortTests
{
    private const string Pool = "  pool: udp/10000-19999";

    [Theory]
    [InlineData("", GateHouse.Gate4)]
    [InlineData("", GateHouse.Gate6)]
    [InlineData("  capture: nflog\n", GateHouse.Gate4)]
    public void The_clients_commands_open_a_port_by_it(string gate, string host)
    {
        using var house = new SpaHouse(ports: "", spa: Pool, gate: gate);
        house.Enroll(host, "moving");
        house.House.ServeTcp(22);
        Assert.Contains("p=udp/10000-19999@60", File.ReadAllText(house.InClient("moving.invitation")), StringComparison.Ordinal);
        Assert.Contains("udp/10000-19999@60", house.Client("profile", "show", "moving").Output, StringComparison.Ordinal);
        Assert.False(house.House.IsOpen(host));
        var (code, output) = house.Client("knock", "moving", "ssh", "tcp/22");
        Assert.True(code == 0, output + house.House.Log);
        Assert.True(house.House.IsOpen(host));
        Assert.Contains("udp/10000-19999@60", house.House.Command("status").Output, StringComparison.Ordinal);
        Assert.Equal(0, Refused(house));
    }

    [Fact]
    public void A_packet_to_the_port_of_an_hour_ago_is_refused_by_name_and_its_neighbours_are_good()
    {
        Needs.Program("faketime");
        using var house = new SpaHouse(ports: "", spa: Pool + "\n  step: 10m");
        house.House.Gate.Run("nft", "table inet host { chain in { type filter hook input priority filter; udp dport 10000-19999 drop; }; }");
        using var sniffer = house.House.Gate.Start("tcpdump", "-n", "-l", "-i", NetworkNamespace.Interface, "-Q", "out", "icmp or udp");
        GateHouse.Until(() => house.House.Gate.Run("ss", "-0Hp").Contains("tcpdump", StringComparison.Ordinal), "tcpdump");

        house.SendUdp(house.Packet("knock", "gate", "ssh"), port: PortOf(house, "-1h"));
        house.SendUdp(house.Packet("knock", "gate", "ssh"), port: PortOf(house, "+20m"));
        GateHouse.Until(() => Refused(house) == 2, "both to be counted");
        Assert.Equal(0, house.House.GrantCount);

        // What was refused for its port alone was not looked at: sent where it belongs, it opens.
        house.SendUdp(house.Packet("knock", "gate", "ssh"), port: PortOf(house, "-10m"));
        GateHouse.Until(() => house.Opened == 1, "the grant by the port of before: " + house.House.Log);
        house.SendUdp(house.Packet("knock", "gate", "web"), port: PortOf(house, "+10m"));
        GateHouse.Until(() => house.Opened == 2, "the grant by the port after: " + house.House.Log);
        Assert.Equal(2, Refused(house));
        sniffer.Kill();
        Assert.Equal("", sniffer.StandardOutput.ReadToEnd());
    }

    [Theory]
    [InlineData("10s", "-10s")]
    [InlineData("1m", "+60s")]
    [InlineData("1m", "+110s")] // beyond what the gate may take: a later round tries the step before
    public void Clients_whose_clock_is_a_step_off_come_in(string step, string off)
    {
        Needs.Program("faketime");
        using var house = new SpaHouse(ports: "", spa: $"{Pool}\n  step: {step}\n  clock_skew: 5m");
        house.House.ServeTcp(22);
        if (off.StartsWith('-'))
            Thread.Sleep(TimeSpan.FromSeconds(11)); // a gate believes nothing that was signed before its ledger was there
        var (code, output) = house.At(house.House.Client, "faketime", "-f", off, GateHouse.Postern, "knock", "gate", "ssh", "tcp/22");
        Assert.True(code == 0, output + house.House.Log);
        Assert.True(house.House.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void A_reload_moves_the_port_and_the_one_that_stands()
    {
        using var house = new SpaHouse(ports: "udp/62201");
        house.Spa = "  pool: udp/30000-30999\n  step: 1h";
        house.WriteConfiguration();
        var (code, output) = house.House.Command("reload");
        Assert.True(code == 0, output);
        house.Enroll(name: "both");
        var packet = house.Packet("knock", "both", "ssh");
        house.SendUdp(packet, port: PortOf(house, null, "both"));
        GateHouse.Until(() => house.Opened == 1, "the port that moves: " + house.House.Log);
        house.SendUdp(house.Packet("knock", "both", "web"));
        GateHouse.Until(() => house.Opened == 2, "the port that stands: " + house.House.Log);
    }

    private static long Refused(SpaHouse house) => house.House.Ask("status").GetProperty("packets").GetProperty("refused").GetProperty("wrong-port").GetInt64();

    /// <summary>What <c>--dry-run</c> says of it, by a clock that is so far off.</summary>
    private static int PortOf(SpaHouse house, string? off, string profile = "gate")
    {
        string[] knock = [GateHouse.Postern, "knock", profile, "ssh", "--dry-run", "--json"];
        // With a home of its own: what is signed by another clock is not to be the last time of this device.
        var (code, output) = house.At(house.House.Client, off is null ? knock : ["env", $"XDG_STATE_HOME={house.InClient("elsewhere")}", "faketime", "-f", off, .. knock]);
        Assert.True(code == 0, output);
        return int.Parse(JsonDocument.Parse(output).RootElement.GetProperty("ports_now")[0].GetString()!["udp/".Length..], CultureInfo.InvariantCulture);
    }
}
