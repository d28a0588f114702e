using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>A knock that is taken only from what looks like a Linux host: the real one, and scanners on the same host.</summary>
public sealed class StackTests
{
    private const string Configuration = """
        services:
          ssh:
            ports: [tcp/22]
            open_for: 3s
        knocks:
          office:
            method: sequence
            sequence: [tcp/7000, tcp/8000, tcp/9000]
            order: strict
            stack: [linux, android]
            opens: [ssh]
        """;

    [Fact]
    public void The_hosts_own_stack_opens_and_the_audit_names_it()
    {
        using var house = new GateHouse(Configuration);
        house.ServeTcp(22);
        house.Knock("knock", GateHouse.Gate4, "7000", "8000", "9000");
        GateHouse.Until(() => house.Log.Contains("opened service=ssh", StringComparison.Ordinal), "the grant");
        Assert.Contains($"address={GateHouse.Client4} knock=office stack=linux", house.Log, StringComparison.Ordinal);
        Assert.True(house.IsOpen(GateHouse.Gate4));
    }

    [Theory]
    [InlineData("linux", "opened service=ssh")]
    [InlineData("windows", "stack=linux refusal=stack-not-allowed")]
    public void A_token_too_is_taken_only_from_what_looks_like_it(string stack, string expected)
    {
        using var token = new TokenHouse($"    method: syn\n    ports: [tcp/8443]\n    stack: {stack}");
        token.Profile($"method: syn\nhost: {GateHouse.Gate4}\nsecret: {TokenHouse.Secret}\nservices: [ssh]\nports: {{ssh: tcp/22}}\nsyn_ports: [tcp/8443]");
        token.Postern("knock", "gate", "--timeout", "2s");
        GateHouse.Until(() => token.House.Log.Contains(expected, StringComparison.Ordinal), expected);
        Assert.Equal(stack is "linux", token.House.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void The_same_steps_by_a_scanner_do_not()
    {
        Needs.Program("hping3");
        using var house = new GateHouse(Configuration);
        house.ServeTcp(22);
        foreach (var port in new[] { "7000", "8000", "9000" })
            house.Client.TryRun("hping3", "-q", "-S", "-c", "1", "-p", port, GateHouse.Gate4);
        GateHouse.Until(() => house.Log.Contains("refusal=stack-not-allowed", StringComparison.Ordinal), "the refusal");
        Assert.Contains($"refused address={GateHouse.Client4} knock=office stack=hping3 refusal=stack-not-allowed", house.Log, StringComparison.Ordinal);
        Assert.False(house.IsOpen(GateHouse.Gate4));
    }
}
