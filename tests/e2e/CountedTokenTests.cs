using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>Tokens in the headers of a SYN and in the pattern of a ping, to a port that opens.</summary>
public sealed class CountedTokenTests
{
    private static string ProfileOf(string method, string host, string more) => $"""
        method: {method}
        host: "{host}"
        secret: {TokenHouse.Secret}
        services: [ssh]
        ports:
          ssh: [tcp/22]
        {more}
        """;

    private static string ConfigOf(TokenHouse token) => Path.Combine(Path.GetDirectoryName(token.SecretFile)!, "config");

    [Theory]
    [InlineData("", "", GateHouse.Gate4)]
    [InlineData("", "", GateHouse.Gate6)]
    [InlineData("bind: address", "bind: address", GateHouse.Gate4)]
    [InlineData("bind: address", "bind: address", GateHouse.Gate6)]
    public void A_SYN_that_is_written_by_hand_opens_and_looks_like_Linux(string gate, string client, string host)
    {
        using var token = new TokenHouse($"    method: syn\n    ports: [tcp/8443]\n    {gate}");
        token.Profile(ProfileOf("syn", host, "syn_ports: [tcp/8443]\n" + client));
        Assert.False(token.House.IsOpen(host));
        var (code, output) = token.Postern("knock", "gate");
        Assert.True(code == 0, output + token.House.Log);
        Assert.StartsWith("opened tcp/22", output);
        Assert.Contains("knock=phone stack=linux", token.House.Log, StringComparison.Ordinal);
        Assert.True(token.House.IsOpen(host, 80));
    }

    [Theory]
    [InlineData("-net_raw", "address", "knock", "gate")]
    [InlineData("-net_admin", "connection", "connect", "gate", "22")]
    public void Without_the_right_to_do_it_the_client_says_which(string without, string grant, params string[] command)
    {
        Needs.Program("setpriv");
        using var token = new TokenHouse($"    method: syn\n    ports: [tcp/22, tcp/80]\n    grant: {grant}");
        token.Profile(ProfileOf("syn", GateHouse.Gate4, "syn_ports: [tcp/22]"));
        var (code, output) = token.House.FromClient(["setpriv", "--bounding-set", without, "env", $"XDG_CONFIG_HOME={ConfigOf(token)}", GateHouse.Postern, .. command]);
        Assert.True(code == 3, output);
        Assert.Contains("CAP_" + without[1..].ToUpperInvariant(), output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(GateHouse.Gate4)]
    [InlineData(GateHouse.Gate6)]
    public void A_connection_lets_itself_in_and_nothing_else_of_that_address(string host)
    {
        using var token = new TokenHouse("    method: syn\n    ports: [tcp/22, tcp/80]\n    grant: connection");
        token.Profile(ProfileOf("syn", host, "syn_ports: [tcp/22]"));
        var (code, output) = token.House.FromClient("sh", "-c", $"printf 'is it you?' | XDG_CONFIG_HOME={ConfigOf(token)} {GateHouse.Postern} connect gate 22");
        Assert.True(code == 0, output + token.House.Log);
        Assert.Contains("is it you?", output, StringComparison.Ordinal);
        Assert.Contains("opened service=ssh address=", token.House.Log, StringComparison.Ordinal);
        Assert.Matches(@"port=\d+ knock=phone stack=linux", token.House.Log);
        Assert.Equal(1, token.House.GrantCount);
        Assert.False(token.House.IsOpen(host));
        Assert.False(token.House.IsOpen(host, 80));
        Assert.DoesNotContain("refusal=", token.House.Log, StringComparison.Ordinal); // the segment that came again was a copy
    }

    /// <summary>Of a service with two ports it is the one that the connection goes to.</summary>
    [Fact]
    public void A_connection_opens_no_other_port_of_its_service()
    {
        using var token = new TokenHouse("    method: syn\n    ports: [tcp/22, tcp/80]\n    grant: connection");
        token.Profile(ProfileOf("syn", GateHouse.Gate4, "syn_ports: [tcp/80]").Replace("services: [ssh]", "services: [web]", StringComparison.Ordinal).Replace("ssh: [tcp/22]", "web: [tcp/80]", StringComparison.Ordinal));
        var (code, output) = token.House.FromClient("sh", "-c", $"printf 'is it you?' | XDG_CONFIG_HOME={ConfigOf(token)} {GateHouse.Postern} connect gate 80");
        Assert.True(code == 0, output + token.House.Log);
        Assert.Contains("is it you?", output, StringComparison.Ordinal);
        Assert.Equal("tcp/80", Assert.Single(Assert.Single(token.House.Ask("grants").EnumerateArray()).GetProperty("ports").EnumerateArray()).GetString());
        Assert.DoesNotContain("8080", token.House.Gate.Run("nft", "list", "set", "inet", "postern", "narrow4"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_with_another_secret_does_not_get_in()
    {
        using var token = new TokenHouse("    method: syn\n    ports: [tcp/22, tcp/80]\n    grant: connection");
        token.Profile(ProfileOf("syn", GateHouse.Gate4, "syn_ports: [tcp/22]").Replace("0001020304", "0001020305", StringComparison.Ordinal));
        var (code, output) = token.Postern("connect", "gate", "22", "--timeout", "2s");
        Assert.True(code == 1, output);
        Assert.Contains("no connection to port 22", output, StringComparison.Ordinal);
        Assert.Equal(0, token.House.GrantCount);
    }

    [Theory]
    [InlineData("", "", GateHouse.Gate4)]
    [InlineData("bind: address", "bind: address", GateHouse.Gate6)]
    public void Our_client_pings(string gate, string client, string host)
    {
        using var token = new TokenHouse($"    method: icmp\n    {gate}");
        token.Profile(ProfileOf("icmp", host, client));
        var (code, output) = token.Postern("knock", "gate");
        Assert.True(code == 0, output + token.House.Log);
        Assert.True(token.House.IsOpen(host));
    }

    [Theory]
    [InlineData(GateHouse.Gate4)]
    [InlineData(GateHouse.Gate6)]
    public void A_page_of_shell_and_the_systems_own_ping_open_it_and_the_same_pattern_does_not_open_twice(string host)
    {
        Needs.Program("ping");
        Needs.Program("openssl");
        using var token = new TokenHouse("    method: icmp");
        token.House.FromClient("sh", Path.Combine(GateHouse.Root, "docs", "clients", "knock-ping.sh"), host, TokenHouse.Secret);
        GateHouse.Until(() => token.House.Log.Contains("opened service=ssh", StringComparison.Ordinal), "the ping to open it: " + token.House.Log);
        Assert.True(token.House.IsOpen(host));
    }

    [Theory]
    [InlineData(GateHouse.Gate4)]
    [InlineData(GateHouse.Gate6)]
    public void Sizes_and_counts_of_ping_are_steps_of_a_sequence(string host)
    {
        Needs.Program("ping");
        using var house = new GateHouse("""
            services:
              ssh:
                ports: [tcp/22]
                open_for: 20s
            knocks:
              pings:
                sequence: [icmp/120, icmp/120, icmp/64]
                opens: [ssh]
            """);
        house.ServeTcp(22);
        house.Client.TryRun("ping", "-q", "-W", "1", "-c", "1", "-s", "120", host);
        house.Client.TryRun("ping", "-q", "-W", "1", "-c", "1", "-s", "64", host);
        Assert.Equal(0, house.GrantCount);
        house.Client.TryRun("ping", "-q", "-W", "1", "-i", "0.2", "-c", "2", "-s", "120", host);
        GateHouse.Until(() => house.GrantCount == 1, "the pings to open it: " + house.Log);
        Assert.True(house.IsOpen(host));
    }

    [Fact]
    public void The_command_that_ping_takes_is_printed_and_opens_and_a_neighbour_who_saw_it_is_refused_by_name()
    {
        Needs.Program("ping");
        using var token = new TokenHouse("    method: icmp");
        token.Profile(ProfileOf("icmp", GateHouse.Gate4, ""));
        var (code, output) = token.Postern("knock", "gate", "--print-ping");
        Assert.True(code == 0, output);
        Assert.Matches("^ping -c 1 -p [0-9a-f]{32} 10.77.0.1\n$", output);
        string[] command = output.TrimEnd('\n').Split(' ');
        token.House.Knock(command[0], command[1..]);
        GateHouse.Until(() => token.House.Log.Contains("opened service=ssh", StringComparison.Ordinal), "the ping to open it");
        token.House.Client.Run("ip", "address", "add", "10.77.0.9/24", "dev", NetworkNamespace.Interface);
        token.House.Client.TryRun(command[0], ["-I", "10.77.0.9", .. command[1..]]);
        GateHouse.Until(() => token.House.Log.Contains("refused address=10.77.0.9 knock=phone refusal=replayed", StringComparison.Ordinal), "the refusal: " + token.House.Log);
        Assert.False(token.House.IsOpen(GateHouse.Gate4, from: "10.77.0.9"));
    }
}
