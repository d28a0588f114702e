using System.Net;
using System.Net.Sockets;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>A client, the gate, and a host behind it: whoever proves himself is led there, and nobody else.</summary>
public sealed class ForwardTests : IDisposable
{
    private const string Inside4 = "10.78.0.5";
    private const string Inside6 = "fd78::5";
    private const string Stranger4 = "10.77.0.3";
    private const string Stranger6 = "fd77::3";
    private const string ByHand = "10.77.0.50";

    private const string Configuration = """
        services:
          office:
            ports: [tcp/2222]
            forward: ["10.78.0.5:22", "[fd78::5]:22"]
            open_for: 3s
          lan:
            forward: ["10.78.0.0/24:*", "[fd78::/64]:22"]
          ssh:
            ports: [tcp/22]
        knocks:
          door:
            sequence: [tcp/7000, udp/8000, tcp/9000]
            opens: [office]
          leave:
            sequence: [tcp/9001, udp/8001, tcp/7001]
            closes: [office]
        """;

    private readonly GateHouse _house = new(Configuration, start: false);
    private readonly NetworkNamespace _inside = NetworkNamespace.Create();
    private readonly Socket _service;

    public ForwardTests()
    {
        _house.Gate.Run("sh", "-ec", $"""
            ip link add in0 type veth peer name out0 netns {_inside.Name}
            ip addr add 10.78.0.1/24 dev in0 && ip addr add fd78::1/64 dev in0 nodad && ip link set in0 up
            sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
            """);
        _inside.Run("sh", "-ec", """
            ip addr add 10.78.0.5/24 dev out0 && ip addr add fd78::5/64 dev out0 nodad && ip link set out0 up
            ip route add default via 10.78.0.1 && ip -6 route add default via fd78::1
            """);
        _house.Client.Run("sh", "-ec", $"ip addr add {Stranger4}/24 dev {NetworkNamespace.Interface} && ip addr add {Stranger6}/64 dev {NetworkNamespace.Interface} nodad preferred_lft 0");
        _service = _inside.Enter(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true });
        _service.Bind(new IPEndPoint(IPAddress.IPv6Any, 22));
        _service.Listen(64);
        _house.Start();
    }

    public void Dispose()
    {
        _house.Dispose();
        _service.Dispose();
        _inside.Dispose();
    }

    /// <summary>Whose address the inside host sees, where the connection gets there; otherwise null.</summary>
    private string? Seen(string host, int port, string? from = null)
    {
        using var client = _house.TryConnect(host, port, 500, from);
        if (client is null)
            return null;
        using var server = _service.Accept();
        var peer = ((IPEndPoint)server.RemoteEndPoint!).Address;
        return (peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer).ToString();
    }

    private void Knock(string host) => _house.Knock("knock", host, "7000", "8000:udp", "9000");

    [Theory]
    [InlineData(GateHouse.Gate4, GateHouse.Client4, Stranger4)]
    [InlineData(GateHouse.Gate6, GateHouse.Client6, Stranger6)]
    public void A_knock_leads_in_for_a_while_and_nobody_else(string gate, string client, string stranger)
    {
        Assert.Null(Seen(gate, 2222, client));
        if (gate == GateHouse.Gate6)
            Assert.Equal(0, _house.FromClient(GateHouse.Postern, "knock", gate, "tcp/2222", "-s", "tcp/7000,udp/8000,tcp/9000", "-6").Code);
        else
            Knock(gate);
        GateHouse.Until(() => Seen(gate, 2222, client) == client, "the forward");
        Assert.Null(Seen(gate, 2222, stranger));
        Assert.Null(Seen(gate, 22, client));
        Assert.Contains(" -> ", _house.Command("grants").Output, StringComparison.Ordinal);
        Assert.Contains("forward=", _house.Log, StringComparison.Ordinal);
        GateHouse.Until(() => Seen(gate, 2222, client) is null, "its end");
        Assert.Equal(0, _house.GrantCount);
    }

    [Fact]
    public void By_hand_a_forward_is_chosen_shown_and_taken_back()
    {
        var (code, output) = _house.Command("grant", "lan", GateHouse.Client4);
        Assert.Equal(1, code);
        Assert.Contains("--forward tcp/2222=", output, StringComparison.Ordinal);
        Assert.Equal(2, _house.Command("grant", "lan", GateHouse.Client4, "--forward", "4444=22").Code);
        Assert.Equal(1, _house.Command("grant", "lan", GateHouse.Client4, "--forward", "tcp/4444=127.0.0.1:22").Code);

        Assert.Equal(0, _house.Command("grant", "lan", GateHouse.Client4, "--forward", $"tcp/4444={Inside4}:22", "--for", "1h").Code);
        Assert.Equal(0, _house.Command("grant", "lan", GateHouse.Client4, "--forward", $"tcp/22={Inside4}:22", "--for", "1h").Code);
        Assert.Equal((GateHouse.Client4, GateHouse.Client4, null), (Seen(GateHouse.Gate4, 4444), Seen(GateHouse.Gate4, 22), Seen(GateHouse.Gate4, 4444, Stranger4)));
        Assert.Equal(
            [("tcp/22", $"{Inside4}:22"), ("tcp/4444", $"{Inside4}:22")],
            _house.Ask("grants").EnumerateArray().Select(g => (g.GetProperty("ports")[0].GetString(), g.GetProperty("forward").GetString())).Order());
        Assert.Contains($"at=tcp/4444 forward={Inside4}:22", _house.Log, StringComparison.Ordinal);

        Assert.Equal(0, _house.Command("revoke", "lan", GateHouse.Client4).Code);
        Assert.Null(Seen(GateHouse.Gate4, 4444));
        Assert.Equal(0, _house.GrantCount);
    }

    [Fact]
    public void With_every_process_killed_it_stands_and_ends_on_time_and_the_next_start_picks_up_the_living()
    {
        Assert.Equal(0, _house.Command("grant", "lan", GateHouse.Client4, "--forward", $"tcp/4444={Inside4}:22", "--for", "4s").Code);
        Assert.Equal(0, _house.Command("grant", "lan", ByHand, "--forward", $"tcp/4444={Inside4}:22", "--for", "1h").Code);
        _house.Kill(Signal.Kill);
        Assert.Equal(GateHouse.Client4, Seen(GateHouse.Gate4, 4444));
        GateHouse.Until(() => Seen(GateHouse.Gate4, 4444) is null, "the kernel to end it");
        _house.Start();
        Assert.Contains($"kept service=lan address={ByHand} at=tcp/4444 forward={Inside4}:22", _house.Log, StringComparison.Ordinal);
        Assert.Equal(1, _house.GrantCount);
        Assert.Equal(0, _house.Command("revoke", "lan", ByHand).Code);
        Assert.DoesNotContain(Inside4, _house.Gate.Run("nft", "list", "table", "inet", "postern"), StringComparison.Ordinal);
    }

    /// <summary>Grants of all kinds: the warden's book outlives the table.</summary>
    [Fact]
    public void Rules_that_somebody_removes_are_put_back_with_the_grants()
    {
        _house.ServeTcp(22);
        Assert.Equal(0, _house.Command("grant", "lan", GateHouse.Client4, "--forward", $"tcp/4444={Inside4}:22", "--for", "1h").Code);
        Assert.Equal(0, _house.Command("grant", "ssh", GateHouse.Client4, "--for", "1h").Code);
        Assert.Equal(0, _house.Command("grant", "office", GateHouse.Client6, "--for", "1h").Code);
        _house.Gate.Run("nft", "flush", "ruleset");
        GateHouse.Until(() => _house.Log.Contains("they are back, and 3 grants with them"), "the rules");
        GateHouse.Until(() => Seen(GateHouse.Gate4, 4444) == GateHouse.Client4, "the forward of IPv4");
        GateHouse.Until(() => Seen(GateHouse.Gate6, 2222, GateHouse.Client6) == GateHouse.Client6, "the forward of IPv6"); // neighbours have to find each other first
        Assert.True(_house.IsOpen(GateHouse.Gate4));
        Assert.False(_house.IsOpen(GateHouse.Gate4, from: Stranger4));
        Assert.All(_house.Ask("grants").EnumerateArray(), grant => Assert.InRange(grant.GetProperty("seconds_left").GetDouble(), 3000, 3600));
    }

    [Fact]
    public void A_reload_ends_what_is_no_longer_allowed()
    {
        Assert.Equal(0, _house.Command("grant", "lan", GateHouse.Client4, "--forward", $"tcp/4444={Inside4}:22", "--for", "1h").Code);
        Assert.Equal(0, _house.Command("grant", "lan", GateHouse.Client6, "--forward", $"tcp/4444=[{Inside6}]:22", "--for", "1h").Code);
        _house.Write(Configuration.Replace("10.78.0.0/24:*", "10.78.0.6:22"));
        Assert.Equal(0, _house.Command("reload").Code);
        Assert.Null(Seen(GateHouse.Gate4, 4444));
        GateHouse.Until(() => Seen(GateHouse.Gate6, 4444, GateHouse.Client6) == GateHouse.Client6, "the forward of IPv6"); // neighbours have to find each other first
        Assert.Equal(1, _house.GrantCount);
    }

    [Fact]
    public void Masquerade_shows_the_gate_to_a_host_with_another_way_back()
    {
        _inside.Run("ip", "route", "del", "default");
        Assert.Equal(0, _house.Command("grant", "office", GateHouse.Client4, "--for", "1h").Code);
        Assert.Null(Seen(GateHouse.Gate4, 2222));
        _house.Write(Configuration.Replace("open_for: 3s", "masquerade: true"));
        Assert.Equal(0, _house.Command("reload").Code);
        Assert.Equal("10.78.0.1", Seen(GateHouse.Gate4, 2222));
    }

    [Fact]
    public void What_keeps_forwards_from_getting_through_is_told()
    {
        Assert.DoesNotContain("NOT THROUGH", _house.Command("status").Output, StringComparison.Ordinal);
        _house.Gate.Run("sysctl", "-qw", "net.ipv4.ip_forward=0");
        Assert.Contains("ip_forward=1", _house.Command("status").Output, StringComparison.Ordinal);
        Assert.Contains("warning: forwards do not get through", _house.RunToEnd(GateHouse.Postern, "check", "--config", _house.ConfigurationFile).Output, StringComparison.Ordinal);
        Assert.Equal(1, _house.Ask("status").GetProperty("forwards_blocked").GetArrayLength());
    }

    [Fact]
    public void A_teardown_waits_for_the_gate_to_be_stopped()
    {
        Assert.Equal(0, _house.Command("grant", "lan", GateHouse.Client4, "--forward", $"tcp/4444={Inside4}:22", "--for", "1h").Code);
        var (code, output) = _house.RunToEnd(GateHouse.Postern, "teardown");
        Assert.Equal(1, code);
        Assert.Contains("a gate is running", output, StringComparison.Ordinal);
        Assert.Equal(GateHouse.Client4, Seen(GateHouse.Gate4, 4444));
        _house.Kill(Signal.Terminate);
        Assert.Equal(0, _house.RunToEnd(GateHouse.Postern, "teardown").Code);
        Assert.DoesNotContain("postern", _house.Gate.Run("nft", "list", "ruleset"), StringComparison.Ordinal);
    }
}
