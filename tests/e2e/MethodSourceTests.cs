using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>
/// The table of docs/methods.md: each method by each source that can see it, to a port that opens. By packet sockets each has tests of its own, and so has the plain sequence by each source.
/// </summary>
[Collection(KernelLog.Collection)]
public sealed class MethodSourceTests : IDisposable
{
    private const string Nflog = "  capture: nflog\n";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-source-");

    public void Dispose() => _folder.Delete(recursive: true);

    internal static string ProfileOf(string method) => $"""
        method: {method}
        host: "{GateHouse.Gate4}"
        secret: {TokenHouse.Secret}
        services: [ssh]
        ports:
          ssh: [tcp/22]
        {(method is "syn" ? "syn_ports: [tcp/22]" : "")}
        """;

    internal static string KnockOf(string method) => $"    method: {method}{(method is "syn" ? "\n    ports: [tcp/22, tcp/80]" : "")}";

    internal static bool ConnectionCarriesItsToken(TokenHouse token)
    {
        token.Profile(ProfileOf("syn"));
        var config = Path.Combine(Path.GetDirectoryName(token.SecretFile)!, "config");
        var (code, output) = token.House.FromClient("sh", "-c", $"printf 'is it you?' | XDG_CONFIG_HOME={config} {GateHouse.Postern} connect gate 22");
        return code == 0 && output.Contains("is it you?", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rolling")]
    [InlineData("ports")]
    [InlineData("icmp")]
    [InlineData("syn")]
    public void A_token_opens_a_port_by_nflog(string method)
    {
        using var token = new TokenHouse(KnockOf(method), gate: Nflog);
        token.Profile(ProfileOf(method));
        var (code, output) = token.Postern("knock", "gate");
        Assert.True(code == 0, output + token.House.Log);
        Assert.True(token.House.IsOpen(GateHouse.Gate4));
        Assert.DoesNotContain("packet", GateProcess.Find(token.House, GateProcess.Sentry).SocketKinds());
    }

    [Fact]
    public void A_connection_that_carries_its_token_gets_in_by_nflog()
    {
        using var token = new TokenHouse(KnockOf("syn") + "\n    grant: connection", gate: Nflog);
        Assert.True(ConnectionCarriesItsToken(token), token.House.Log);
    }

    [Theory]
    [InlineData("capture: nflog")]
    [InlineData("capture: udp")]
    public void A_packet_of_fwknop_opens_a_port(string capture)
    {
        using var house = new FwknopHouse { Gate = $"  {capture}\n" };
        house.Service("ssh", "ports: [tcp/22]");
        house.Stanza("alice", "opens: [ssh]");
        house.House.ServeTcp(22);
        house.Start();
        house.Send("alice", "-A", "tcp/22");
        house.Opens("ssh");
        Assert.True(house.House.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void A_one_time_sequence_opens_a_port_once_by_nflog()
    {
        using var house = OneTime("nflog");
        house.Start();
        OpensOnce(house);
    }

    /// <summary>The lines are the kernel's own, as a system logger writes them.</summary>
    [Theory]
    [InlineData("rolling")]
    [InlineData("ports")]
    [InlineData("syn")]
    public void A_token_opens_a_port_by_a_log(string method)
    {
        using var kernel = KernelLog.OfAllNamespaces();
        using var token = new TokenHouse(KnockOf(method), gate: $"  capture: log:{LogFile}\n", start: false);
        using var logger = new SystemLogger(LogFile, _folder);
        KernelLog.AddRule(token.House);
        token.House.Start();
        token.Profile(ProfileOf(method));
        GateHouse.Until(() => token.Postern("knock", "gate").Code == 0, "the port to open: " + token.House.Log); // tail may begin to follow a moment after the gate is ready
        Assert.True(token.House.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void A_connection_that_carries_its_token_gets_in_by_a_log()
    {
        using var kernel = KernelLog.OfAllNamespaces();
        using var token = new TokenHouse(KnockOf("syn") + "\n    grant: connection", gate: $"  capture: log:{LogFile}\n", start: false);
        using var logger = new SystemLogger(LogFile, _folder);
        KernelLog.AddRule(token.House);
        token.House.Start();
        GateHouse.Until(() => ConnectionCarriesItsToken(token), "the connection: " + token.House.Log);
    }

    [Fact]
    public void A_one_time_sequence_opens_a_port_once_by_a_log()
    {
        using var kernel = KernelLog.OfAllNamespaces();
        using var house = OneTime($"log:{LogFile}");
        using var logger = new SystemLogger(LogFile, _folder);
        KernelLog.AddRule(house);
        house.Start();
        OpensOnce(house);
    }

    private string LogFile => Path.Combine(_folder.FullName, "kern.log");

    private GateHouse OneTime(string capture) => OneTime(_folder, capture);

    internal static GateHouse OneTime(DirectoryInfo folder, string capture)
    {
        Needs.Program("knock");
        var file = Path.Combine(folder.FullName, "sequences");
        File.WriteAllText(file, "tcp/7000,udp/8000,tcp/9000\ntcp/7100,udp/8100,tcp/9100\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var house = new GateHouse(start: false);
        house.ServeTcp(22);
        house.Write(
            $"services:\n  ssh: {{ports: [tcp/22], open_for: 2s}}\nknocks:\n  once: {{method: one-time, sequences_file: {file}, opens: [ssh]}}\n",
            $"  capture: {capture}\n  ledger: {folder.FullName}/ledger\n");
        return house;
    }

    internal static void OpensOnce(GateHouse house)
    {
        GateHouse.Until(
            () =>
            {
                house.Knock("knock", "-d", "30", GateHouse.Gate4, "7000", "8000:udp", "9000");
                return house.Log.Contains("opened service=ssh", StringComparison.Ordinal);
            },
            "the port to open");
        GateHouse.Until(() => !house.IsOpen(GateHouse.Gate4), "the port to close");
        house.Knock("knock", "-d", "30", GateHouse.Gate4, "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.Log.Contains("refusal=replayed", StringComparison.Ordinal), "the refusal");
        Assert.False(house.IsOpen(GateHouse.Gate4));
        house.Knock("knock", "-d", "30", GateHouse.Gate4, "7100", "8100:udp", "9100");
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate4), "the port to open by the next");
    }
}
