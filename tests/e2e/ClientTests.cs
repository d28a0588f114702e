using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>Every client that can make the packets opens the gate, ours and those that have never heard of it.</summary>
public sealed class ClientTests
{
    private const string Three = """
        services:
          ssh:
            ports: [tcp/22]
            open_for: 20s
        knocks:
          office:
            method: sequence
            sequence: [SEQUENCE]
            opens: [ssh]
            order: ORDER
        """;

    [Theory]
    [InlineData("tcp/7000, tcp/8000, tcp/9000", "any", "7000", "8000", "9000")]
    [InlineData("tcp/7000, tcp/8000, tcp/9000", "strict", "7000", "8000", "9000")]
    [InlineData("udp/7000, udp/8000, udp/9000", "strict", "7000:udp", "8000:udp", "9000:udp")]
    [InlineData("tcp/7000, udp/8000, tcp/9000", "any", "9000:tcp", "8000:udp", "7000:tcp")]
    public void The_client_of_Debians_knockd(string sequence, string order, params string[] ports)
    {
        Needs.Program("knock");
        foreach (var (flag, host) in new[] { ("-4", GateHouse.Gate4), ("-6", GateHouse.Gate6) })
        {
            using var house = new GateHouse(Three.Replace("SEQUENCE", sequence).Replace("ORDER", order));
            house.ServeTcp(22);
            Assert.False(house.IsOpen(host));
            house.Knock("knock", [flag, host, .. ports]);
            GateHouse.Until(() => house.Log.Contains("opened service=ssh"), "the knock to open: " + house.Log);
            Assert.True(house.IsOpen(host));
        }
    }

    [Theory]
    [InlineData(GateHouse.Gate4, "-4")]
    [InlineData(GateHouse.Gate6, "-6")]
    public void Netcat_and_ping(string host, string family)
    {
        using var house = new GateHouse(Three.Replace("SEQUENCE", "icmp/77, tcp/7000, udp/8000").Replace("ORDER", "strict"));
        house.ServeTcp(22);
        house.Knock("ping", family, "-q", "-c", "1", "-W", "1", "-s", "77", host);
        house.Client.TryRun("nc", family, "-z", "-w", "1", host, "7000"); // refused: nobody listens, and that is fine
        house.Client.TryRun("bash", "-c", $"echo -n x | nc {family} -u -w 1 -q 0 {host} 8000");
        GateHouse.Until(() => house.Log.Contains("opened service=ssh"), "the knock to open: " + house.Log);
        Assert.True(house.IsOpen(host));
    }

    [Theory]
    [InlineData(GateHouse.Gate4)]
    [InlineData(GateHouse.Gate6)]
    public void Our_own_client_waits_until_it_is_open_and_closes_again(string host)
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        var (code, output) = house.FromClient(GateHouse.Postern, "knock", host, "tcp/22", "--sequence", "tcp/7000,udp/8000,tcp/9000");
        Assert.True(code == 0, output);
        Assert.Contains("opened tcp/22", output, StringComparison.Ordinal);
        Assert.True(house.IsOpen(host));

        (code, output) = house.FromClient(GateHouse.Postern, "close", host, "tcp/22", "--sequence", "tcp/9001,udp/8001,tcp/7001");
        Assert.True(code == 0, output);
        Assert.False(house.IsOpen(host));
        Assert.Contains("closed service=ssh", house.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_sequence_is_told_by_two_lines_and_exit_code_1()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        var (code, output) = house.FromClient(GateHouse.Postern, "knock", GateHouse.Gate4, "tcp/22", "--sequence", "tcp/7000,udp/8000,tcp/9999", "--timeout", "2s");
        Assert.Equal(1, code);
        Assert.Contains("postern: error: ", output, StringComparison.Ordinal);
        Assert.Contains("postern: hint: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Knocks_over_several_interfaces_and_addresses_are_one_sequence()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        house.Gate.Run("ip", "address", "add", "10.77.0.9/24", "dev", NetworkNamespace.Interface);
        house.Knock("knock", GateHouse.Gate4, "7000");
        house.Knock("knock", "-u", "10.77.0.9", "8000"); // an address that came after the gate
        house.Knock("knock", GateHouse.Gate4, "9000");
        GateHouse.Until(() => house.Log.Contains("opened service=ssh"), "the knock to open");
    }
}
