using System.Net;
using System.Net.Sockets;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary><c>capture: nflog</c>: a rule of the gate's own table copies the knocks to it, and no packet socket is opened.</summary>
public sealed class NflogTests
{
    private const string Capture = "  capture: nflog\n";

    [Fact]
    public void A_sequence_opens_a_port_over_IPv4_and_IPv6()
    {
        using var house = Start();
        Assert.False(house.IsOpen(GateHouse.Gate4));
        Knock(house, GateHouse.Gate4);
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate4), "the port to open");
        Assert.False(house.IsOpen(GateHouse.Gate6));
        Knock(house, GateHouse.Gate6);
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate6), "the port to open over IPv6");
        Assert.Equal("nflog:62201", house.Ask("status").GetProperty("capture").GetString());
        foreach (var part in new[] { GateProcess.Steward, GateProcess.Warden, GateProcess.Sentry })
            Assert.DoesNotContain("packet", GateProcess.Find(house, part).SocketKinds());
        Assert.Equal("0000000000000000", GateProcess.Find(house, GateProcess.Sentry).Status("CapEff"));
    }

    [Fact]
    public void A_single_packet_opens_what_it_asks_for()
    {
        using var house = new SpaHouse(gate: Capture);
        house.House.ServeTcp(22);
        var (code, output) = house.Client("knock", "gate", "ssh", "tcp/22");
        Assert.True(code == 0, output + house.House.Log);
        Assert.True(house.House.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void Steps_that_come_in_at_several_interfaces_are_one_sequence()
    {
        using var house = Start();
        // A second cable between the two, and the client's one address routed over it for one step.
        house.Gate.Run("ip", "link", "add", "second", "type", "veth", "peer", "name", "second", "netns", house.Client.Name);
        foreach (var side in new[] { house.Gate, house.Client })
            side.Run("ip", "link", "set", "second", "up");
        house.Gate.Run("ip", "address", "add", "10.78.0.1/24", "dev", "second");
        house.Client.Run("ip", "address", "add", "10.78.0.2/24", "dev", "second");
        house.Gate.Run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.second.rp_filter=0");
        using var packets = new RawPackets(house.Client);
        packets.Send(GateHouse.Client4, GateHouse.Gate4, "tcp", 7000);
        packets.Send(GateHouse.Client4, "10.78.0.1", "udp", 8000);
        packets.Send(GateHouse.Client4, GateHouse.Gate4, "tcp", 9000);
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate4), "the port to open");
    }

    [Fact]
    public void Rules_that_somebody_removed_are_back_and_a_reload_watches_for_other_knocks()
    {
        using var house = Start();
        house.Gate.Run("nft", "flush", "ruleset");
        GateHouse.Until(() => house.Log.Contains("removed our rules", StringComparison.Ordinal), "the rules to be put back");
        Knock(house, GateHouse.Gate4);
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate4), "the port to open");
        house.Gate.Run("nft", "flush", "chain", "inet", "postern", "knocks");
        GateHouse.Until(() => house.Gate.Run("nft", "list", "chain", "inet", "postern", "knocks").Contains("log group 62201", StringComparison.Ordinal), "the chain to be whole again");
        house.Write(GateHouse.Configuration.Replace("tcp/7000, udp/8000, tcp/9000", "tcp/7100, udp/8100, tcp/9100", StringComparison.Ordinal), Capture);
        Assert.Equal(0, house.Command("reload").Code);
        GateHouse.Until(() => !house.IsOpen(GateHouse.Gate4), "the port to close");
        house.Knock("knock", "-d", "30", GateHouse.Gate4, "7100", "8100:udp", "9100");
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate4), "the port to open by the new knock");
    }

    [Fact]
    public void What_overran_is_counted_and_a_knock_after_it_opens()
    {
        using var house = Start();
        var sentry = GateProcess.Find(house, GateProcess.Sentry);
        GateHouse.Send(sentry.Pid, Signal.Stop);
        using var socket = house.Client.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        var to = new IPEndPoint(IPAddress.Parse(GateHouse.Gate4), 8000);
        for (var i = 0; i < 30_000; i++)
            socket.SendTo([1], to);
        GateHouse.Send(sentry.Pid, 18); // SIGCONT
        GateHouse.Until(() => house.Ask("status").GetProperty("packets").GetProperty("dropped_by_ring").GetInt64() > 0, "the overrun to be counted");
        Knock(house, GateHouse.Gate4);
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate4), "the port to open");
    }

    private static GateHouse Start()
    {
        Needs.Root();
        Needs.Program("knock");
        var house = new GateHouse(start: false);
        house.ServeTcp(22);
        house.Write(GateHouse.Configuration, Capture);
        house.Start();
        return house;
    }

    private static void Knock(GateHouse house, string gate) =>
        house.Knock("knock", [.. gate.Contains(':', StringComparison.Ordinal) ? ["-6"] : Array.Empty<string>(), "-d", "30", gate, "7000", "8000:udp", "9000"]);
}
