using Postern.Cli.Configuration;
using Postern.Cli.Profiles;

namespace Postern.Cli.Tests.Profiles;

/// <summary>The text of a profile: what it means, and every fault by its place.</summary>
public sealed class ProfileReaderTests
{
    private const string Whole = """
        host: gate.example.org
        gate_key: fE4IJLf_PKvCLWhbCMKX9rceA_4gjzhazLfuwgGdxCw
        gate_secret: hgbNTb29CZ0rEcpAPlKcfFVXDy7AjnDbIdcVj85JVpc

        """;

    private static (SpaProfile? Profile, string[] Faults) Read(string text)
    {
        var faults = new FaultList();
        var profile = ProfileReader.Read("home", "f", text, faults);
        return ((SpaProfile?)profile, [.. faults.Faults.Select(f => f.ToString())]);
    }

    [Fact]
    public void What_is_left_out_has_its_default()
    {
        var (profile, faults) = Read(Whole);
        Assert.Empty(faults);
        Assert.Equal(("gate.example.org", "udp/62201", 0, 0, null, "auto", false),
            (profile!.Host, string.Join(',', profile.Carriers), profile.Services.Length, profile.Ports.Count, profile.Key, profile.Address.ToString(), profile.Receipts));
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        var (profile, _) = Read(Whole + """
            carriers: [icmp, udp/1, tcp/443]
            services: [ssh, web]
            ports:
              ssh: tcp/2222
              web: [tcp/80, tcp/443, udp/443]
            key: "agent SHA256:it's"
            address: https://echo.example.org/ip
            receipts: yes
            """);
        var text = ProfileWriter.Write(profile!, secrets: true);
        var (back, faults) = Read(text);
        Assert.Empty(faults);
        Assert.Equal(text, ProfileWriter.Write(back!, secrets: true));
        Assert.Equal("agent SHA256:it's", back!.Key);
        Assert.Equal("tcp/80,tcp/443,udp/443", string.Join(',', back.Ports["web"]));
        Assert.DoesNotContain("hgbN", ProfileWriter.Write(back, secrets: false), StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_with_a_quote_in_its_zone_is_written_and_read_back()
    {
        var (profile, _) = Read(Whole.Replace("gate.example.org", "\"fe80::1%a'b\"", StringComparison.Ordinal));
        var (back, faults) = Read(ProfileWriter.Write(profile!, secrets: true));
        Assert.Empty(faults);
        Assert.Equal("fe80::1%a'b", back!.Host);
    }

    [Theory]
    [InlineData("", "f:1:1: the profile holds nothing")]
    [InlineData("- a", "f:1:1: the profile holds a list")]
    [InlineData("a: [", "f:2:1: not YAML")]
    [InlineData("host: a", "f:1:1: 'gate_key' is missing")]
    [InlineData(Whole + "hots: a", "f:4:1: unknown key 'hots' in a profile; did you mean 'host'?")]
    [InlineData(Whole + "host: b", "f:4:1: 'host' is already set at f:1:1")]
    [InlineData("host: 'a b'", "f:1:7: 'host' cannot be 'a b'")]
    [InlineData("gate_key: AAAA", "f:1:11: 'gate_key' is not a key")]
    [InlineData("gate_key: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "f:1:11: 'gate_key' is not a key")]
    [InlineData("gate_secret: hunter2", "f:1:14: 'gate_secret' is not a secret")]
    [InlineData(Whole + "carriers: []", "f:4:11: 'carriers' names none")]
    [InlineData(Whole + "carriers: [udp/0]", "f:4:12: 'udp/0' is no carrier; write udp/62201, tcp/443 or icmp")]
    [InlineData(Whole + "carriers: [udp/1, udp/1]", "f:4:19: 'udp/1' is there twice")]
    [InlineData(Whole + "services: [a, b, c, d, e, f, g, h, i]", "f:4:36: 'services' has more than 8")]
    [InlineData(Whole + "services: [SSH]", "f:4:12: 'SSH' is no service")]
    [InlineData(Whole + "ports: {ssh: tcp/1-2}", "f:4:14: 'tcp/1-2' is no port; write one port: tcp/22")]
    [InlineData(Whole + "ports: {SSH: tcp/1}", "f:4:9: 'SSH' cannot be the name of a service")]
    [InlineData(Whole + "ports: tcp/22", "f:4:8: 'ports' holds text")]
    [InlineData(Whole + "key:", "f:4:5: 'key' holds nothing")]
    [InlineData(Whole + "address: http://echo.example.org", "f:4:10: 'address' cannot be 'http://echo.example.org'")]
    [InlineData(Whole + "address: '::'", "f:4:10: 'address' cannot be '::'")]
    [InlineData(Whole + "key: \"a\\nb\"", "f:4:6: 'key' cannot be 'a\\u000ab'; write agent")]
    [InlineData(Whole + "key: \"a\\0b\"", "f:4:6: 'key' cannot be 'a\\u0000b'; write agent")]
    [InlineData(Whole + "address: \"https://echo.example.org/\\n\"", "f:4:10: 'address' cannot be 'https://echo.example.org/\\u000a'")]
    [InlineData(Whole + "receipts: maybe", "f:4:11: 'receipts' cannot be 'maybe'; write yes or no")]
    public void Every_fault_has_its_place(string text, string expected)
    {
        var (profile, faults) = Read(text);
        Assert.Null(profile);
        Assert.Contains(faults, f => f.StartsWith(expected, StringComparison.Ordinal));
        Assert.All(faults, f => Assert.DoesNotContain("hunter2", f, StringComparison.Ordinal));
    }
}
