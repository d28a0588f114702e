using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>What a grant lets through, to whom, and until when; with the real kernel to say so.</summary>
public sealed class GrantTests
{
    [Theory]
    [InlineData(GateHouse.Gate4, GateHouse.Client4)]
    [InlineData(GateHouse.Gate6, GateHouse.Client6)]
    public void A_door_opens_for_one_address_for_a_while_and_connections_live_on(string host, string client)
    {
        using var house = new GateHouse(GateHouse.Configuration.Replace("open_for: 3s", "open_for: 8s"));
        house.ServeTcp(22);
        house.ServeUdp(22);
        var neighbour = host == GateHouse.Gate4 ? "10.77.0.3" : "fd77::3";
        string[] add = ["address", "add", neighbour + (host == GateHouse.Gate4 ? "/24" : "/64"), "dev", NetworkNamespace.Interface];
        house.Client.Run("ip", host == GateHouse.Gate4 ? add : [.. add, "nodad", "preferred_lft", "0"]);
        Assert.False(house.IsOpen(host, from: client));
        Assert.False(house.AnswersUdp(host));

        house.Knock("knock", host, "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.GrantCount == 1, "the grant");
        using var connection = house.TryConnect(host, 22, from: client);
        Assert.NotNull(connection);
        GateHouse.Until(() => house.AnswersUdp(host), "the echo of UDP"); // a datagram may be lost on the way through a busy test
        Assert.False(house.IsOpen(host, from: neighbour));

        GateHouse.Until(() => house.Log.Contains("] ended service=ssh"), "the grant to end");
        Assert.False(house.IsOpen(host, from: client));
        Assert.True(GateHouse.Carries(connection));
        Assert.Equal(0, house.GrantCount);
    }

    [Fact]
    public void Knocking_again_extends_without_a_gap_and_never_stacks()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        for (var i = 0; i < 8; i++)
        {
            house.Knock("knock", GateHouse.Gate4, "7000", "8000:udp", "9000");
            Thread.Sleep(500);
            Assert.True(house.IsOpen(GateHouse.Gate4), house.Log);
            Assert.Equal(1, house.GrantCount);
        }

        Thread.Sleep(3200);
        Assert.False(house.IsOpen(GateHouse.Gate4));
        Assert.Single(house.Log.Split('\n'), l => l.Contains("] ended service=ssh"));
    }

    [Fact]
    public void An_operator_sees_grants_and_ends_them()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        var (code, output) = house.Command("grant", "ssh", GateHouse.Client4, "--for", "10m");
        Assert.True(code == 0, output);
        Assert.True(house.IsOpen(GateHouse.Gate4));
        var grant = house.Ask("grants")[0];
        Assert.Equal("ssh", grant.GetProperty("service").GetString());
        Assert.Equal(GateHouse.Client4, grant.GetProperty("address").GetString());
        Assert.InRange(grant.GetProperty("seconds_left").GetDouble(), 500, 600);
        Assert.Contains(GateHouse.Client4, house.Command("grants").Output, StringComparison.Ordinal);

        Assert.Equal(0, house.Command("revoke", "ssh", GateHouse.Client4).Code);
        Assert.False(house.IsOpen(GateHouse.Gate4));
        (code, output) = house.Command("revoke", "ssh", GateHouse.Client4);
        Assert.Equal(1, code);
        Assert.Contains("no-such-grant", output, StringComparison.Ordinal);
        Assert.Equal(1, house.Command("revoke", "smtp", GateHouse.Client4).Code);
    }

    [Fact]
    public void A_knock_from_a_denied_address_is_refused_and_written_down()
    {
        using var house = new GateHouse(GateHouse.Configuration + "\npolicy:\n  deny: [10.77.0.0/24]\n");
        house.ServeTcp(22);
        house.Knock("knock", GateHouse.Gate4, "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.Log.Contains("refused address=10.77.0.2 knock=office stack=linux refusal=address-denied"), "the refusal: " + house.Log);
        Assert.False(house.IsOpen(GateHouse.Gate4));
        house.Knock("knock", GateHouse.Gate6, "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.Log.Contains("opened service=ssh address=fd77::2"), "the other family");
    }

    /// <summary>Conntrack takes a SYN on a half-closed connection for part of it. A grant would never end for who keeps one so.</summary>
    [Fact]
    public void A_half_closed_connection_is_no_way_to_a_new_one()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        Assert.Equal(0, house.Command("grant", "ssh", GateHouse.Client4).Code);
        var connection = house.TryConnect(GateHouse.Gate4, 22)!;
        Assert.True(GateHouse.Carries(connection));
        Assert.Equal(0, house.Command("revoke", "ssh", GateHouse.Client4).Code);
        Assert.True(GateHouse.Carries(connection)); // it lives on
        var port = ((System.Net.IPEndPoint)connection.LocalEndPoint!).Port;

        // The same tuple again, as a new connection, while conntrack still holds the old one.
        var seen = house.FromClient("hping3", "-q", "-c", "3", "-i", "u100000", "-S", "-s", $"{port}", "-k", "-p", "22", GateHouse.Gate4).Output;
        Assert.Contains("0 packets received", seen, StringComparison.Ordinal);
        Assert.True(GateHouse.Carries(connection));
        connection.Dispose();
    }

    [Theory]
    [InlineData("::", "unusable-address")]
    [InlineData("ff02::1", "unusable-address")]
    [InlineData("0.0.0.0", "unusable-address")]
    [InlineData("10.77.0.2", "no time", "--for", "1ms")]
    public void What_cannot_be_granted_is_refused_and_the_gate_goes_on(string address, string word, params string[] more)
    {
        using var house = new GateHouse();
        var (code, output) = house.Command(["grant", "ssh", address, .. more]);
        Assert.Equal(1, code);
        Assert.Contains(word, output, StringComparison.Ordinal);
        Assert.Equal(0, house.GrantCount);
    }
}
