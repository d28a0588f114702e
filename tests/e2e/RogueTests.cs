using System.Diagnostics;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>
/// A sentry that its enemy runs in (tests/Support/RogueGate): what it can bring about, and that the rest of the gate goes on. What each does is in
/// <c>Takeover.cs</c> under the same name.
/// </summary>
public sealed class RogueTests
{
    private const string Services = """
        services:
          ssh: {ports: [tcp/22], open_for: 1h}
          web: {ports: [tcp/80], open_for: 1h}
          bell:
            run: [/bin/true]
            undo: [/bin/true]
            open_for: 1h
        knocks:
          office: {method: sequence, sequence: [tcp/7000, udp/8000, tcp/9000], opens: [ssh]}
          leave: {method: sequence, sequence: [tcp/7001, udp/8001, tcp/9001], closes: [ssh]}
        """;

    /// <summary>How often a sentry is replaced where descriptors are counted; some hundreds by hand, as each takes a second.</summary>
    private const string Nonsense = "saying what no sentry says";

    private static readonly int Replacements = int.TryParse(Environment.GetEnvironmentVariable("POSTERN_TEST_REPLACEMENTS"), out var wanted) ? wanted : 4;

    [Fact]
    public void It_can_forge_a_sequence_and_opens_what_that_opens_and_nothing_else()
    {
        using var gate = Rogue.Start("forge");
        GateHouse.Until(() => gate.House.Log.Contains("opened service=ssh address=10.77.0.140 ", StringComparison.Ordinal), "the forged sequence, which nobody can tell from a true one");
        GateHouse.Until(() => gate.House.Log.Contains("refusal=", StringComparison.Ordinal), "a refusal of the rest");
        var opened = gate.Opened();
        Assert.Single(opened);
        Assert.Equal(1, gate.House.GrantCount);
        gate.GoesOn();
        Assert.DoesNotContain("another takes its place", gate.House.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void It_can_pass_on_a_request_once_and_neither_alter_nor_repeat_it()
    {
        using var gate = Rogue.Start("replay");
        var (code, output) = gate.Spa.Client("knock", "gate", "bell", "web", "--no-wait"); // no port is asked, as the sentry takes its time
        Assert.True(code is 0 or 2, output);
        if (code == 2)
            gate.Spa.SendUdp(gate.Spa.Packet("knock", "gate", "bell", "web"));
        GateHouse.Until(() => gate.House.GrantCount == 2, "what was signed");
        GateHouse.Until(() => gate.House.Log.Contains("refusal=replayed", StringComparison.Ordinal), "a replay's refusal");
        Assert.Contains("refusal=bad_signature", gate.House.Log.Replace('-', '_'), StringComparison.Ordinal);
        gate.GoesOn();
        Assert.Equal(2, gate.Opened().Length);
        Assert.Equal(2, gate.House.GrantCount);
    }

    [Theory]
    [InlineData("nonsense", Nonsense)]
    [InlineData("random", Nonsense)]
    [InlineData("descriptors", Nonsense)]
    [InlineData("chatter", Nonsense)]
    [InlineData("gossip", Nonsense)]
    [InlineData("greedy", "taking more memory")]
    [InlineData("silent", "giving no sign of life")]
    [InlineData("quitter", null)]
    public void What_no_sentry_does_ends_it_and_costs_the_gate_nothing(string scenario, string? why)
    {
        using var gate = Rogue.Start(scenario);
        var told = why is null ? "the sentry ended (" : $"the sentry was ended for {why}";
        var times = why is null or Nonsense ? Replacements : 2;
        GateHouse.Until(() => gate.House.Log.Contains(told, StringComparison.Ordinal), "the first one's end");
        GateProcess[] others = [GateProcess.Find(gate.House, GateProcess.Steward), GateProcess.Find(gate.House, GateProcess.Warden)];
        var (before, descriptors) = (others.Select(o => o.OwnMemory).ToArray(), others.Select(o => o.Descriptors().Count).ToArray());
        gate.Replaced(atLeast: times);
        gate.GoesOn();
        for (var i = 0; i < others.Length; i++)
        {
            Assert.False(others[i].IsGone);
            Assert.InRange(others[i].OwnMemory, 0, before[i] + (48 << 20));
            // Some come and go with each sentry and each question; one left behind by each would be more.
            var (who, count) = (others[i], descriptors[i]);
            GateHouse.Until(() => who.Descriptors().Count <= count + 8, "descriptors to be given back");
        }

        Assert.Empty(gate.Opened());
        TestContext.Current.SendDiagnosticMessage($"{scenario}: own memory of steward and warden {before[0] >> 20}+{before[1] >> 20} MB before, {others[0].OwnMemory >> 20}+{others[1].OwnMemory >> 20} MB after {times} replacements");
    }

    [Fact]
    public void A_flood_of_reports_holds_up_nobody_and_fills_nothing()
    {
        using var gate = Rogue.Start("flood");
        var warden = GateProcess.Find(gate.House, GateProcess.Warden);
        var began = Stopwatch.GetTimestamp();
        var worst = TimeSpan.Zero;
        for (var round = 0; Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(6); round++)
        {
            var asked = Stopwatch.GetTimestamp();
            gate.GoesOn(round);
            worst = worst > Stopwatch.GetElapsedTime(asked) ? worst : Stopwatch.GetElapsedTime(asked);
        }

        Assert.Equal(warden.Pid, GateProcess.Find(gate.House, GateProcess.Warden).Pid);
        Assert.InRange(warden.OwnMemory, 0, 384 << 20);
        Assert.DoesNotContain(gate.Opened(), line => line.Contains("service=web", StringComparison.Ordinal) || line.Contains("service=bell", StringComparison.Ordinal));
        TestContext.Current.SendDiagnosticMessage($"under the flood the slowest status, grant and revocation together took {worst.TotalMilliseconds:F0} ms; the warden's own memory came to {warden.OwnMemory >> 20} MB, {gate.House.GrantCount} grants");
    }

    [Fact]
    public void Orders_that_it_never_reads_hold_up_nobody()
    {
        var doors = string.Concat(Enumerable.Range(0, 3000).Select(i => $"\n  d{i}: {{method: sequence, sequence: [tcp/{10_000 + i}, tcp/{20_000 + i}, tcp/{30_000 + i}], opens: [ssh]}}"));
        using var gate = Rogue.Start("deaf", Services + doors);
        gate.GoesOn();
        gate.House.Kill(Signal.Terminate);
        Assert.Equal(0, gate.House.ExitCode);
    }

    [Fact]
    public void One_that_never_stands_up_keeps_the_gate_from_starting_which_says_how_it_ended()
    {
        using var house = new GateHouse(start: false);
        var (code, output) = house.RunToEnd(Rogue.Program("stillborn"), "gate", "--config", house.ConfigurationFile);
        Assert.NotEqual(0, code);
        Assert.Contains("(exit code 9)", output, StringComparison.Ordinal);
        Assert.DoesNotContain("postern", house.Gate.Run("nft", "list", "ruleset"), StringComparison.Ordinal);
    }

    private sealed record Rogue(SpaHouse Spa) : IDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

        public GateHouse House => Spa.House;

        public static Rogue Start(string scenario, string services = Services) => new(new SpaHouse(services: services, program: Program(scenario)));

        public static string Program(string scenario)
        {
            Needs.Root();
            var folder = Path.Combine(GateHouse.Root, "artifacts/bin/Postern.Cli.RogueGate/release");
            var program = Path.Combine(folder, "rogue-" + scenario);
            File.Delete(program); // one that outlived its gate may still run
            File.Copy(Path.Combine(folder, "Postern.Cli.RogueGate"), program, overwrite: true);
            return program;
        }

        /// <summary>The operator is answered, and obeyed.</summary>
        public void GoesOn(int round = 0)
        {
            var address = $"192.0.2.{1 + (round % 250)}";
            Assert.Equal(0, House.Command("grant", "web", address).Code);
            Assert.True(House.Ask("status").GetProperty("rules_in_place").GetBoolean());
            Assert.Equal(0, House.Command("revoke", "web", address).Code);
        }

        public void Replaced(int atLeast)
        {
            var began = Stopwatch.GetTimestamp();
            while (House.Log.Split("another takes its place").Length <= atLeast)
            {
                Assert.True(Stopwatch.GetElapsedTime(began) < Patience, "sentries were not replaced");
                Thread.Sleep(50);
            }
        }

        /// <summary>Of the audit, but for what the test itself asks as an operator.</summary>
        public string[] Opened() => [.. House.Log.Split('\n').Where(l => l.Contains("opened service=", StringComparison.Ordinal) && !l.Contains("address=192.0.2.", StringComparison.Ordinal))];

        /// <summary>A steward that may end in peace takes its sentry with it; one that is killed cannot, and this sentry does not end by itself.</summary>
        public void Dispose()
        {
            if (House.IsRunning)
                House.Kill(Signal.Terminate);
            Spa.Dispose();
        }
    }
}
