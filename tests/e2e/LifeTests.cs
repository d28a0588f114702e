using System.Diagnostics;
using System.Text.RegularExpressions;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>The gate as a process: start, reload, death, and what others do to it.</summary>
public sealed class LifeTests
{
    [Fact]
    public void Killed_at_once_grants_still_end_on_time_and_the_next_start_picks_up_the_living()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        house.Knock("knock", GateHouse.Gate4, "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.GrantCount == 1, "the grant");
        Assert.Equal(0, house.Command("grant", "ssh", "10.77.0.50", "--for", "1h").Code);
        var opened = Stopwatch.GetTimestamp();
        house.Kill(Signal.Kill);
        Assert.True(house.IsOpen(GateHouse.Gate4));
        GateHouse.Until(() => !house.IsOpen(GateHouse.Gate4), "the kernel to end it");
        Assert.InRange(Stopwatch.GetElapsedTime(opened).TotalSeconds, 0.5, 12);

        house.Start();
        Assert.Contains("kept service=ssh address=10.77.0.50", house.Log, StringComparison.Ordinal);
        Assert.Equal("10.77.0.50", house.Ask("grants")[0].GetProperty("address").GetString());
        house.Knock("knock", GateHouse.Gate4, "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.GrantCount == 2, "a knock at the new gate");
        Assert.True(house.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void Stopped_it_stays_closed_until_it_is_torn_down()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        house.Kill(Signal.Terminate);
        Assert.Equal(0, house.ExitCode);
        Assert.False(File.Exists(house.Socket));
        Assert.False(house.IsOpen(GateHouse.Gate4));
        Assert.Equal(0, house.RunToEnd(GateHouse.Postern, "teardown").Code);
        Assert.True(house.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void A_reload_with_a_fault_changes_nothing_and_says_so()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        house.Write(GateHouse.Configuration.Replace("opens: [ssh]", "opens: [shs]"));
        house.Kill(Signal.HangUp);
        GateHouse.Until(() => house.Log.Contains("reload refused"), "the refusal");
        Assert.Contains("did you mean 'ssh'", house.Log, StringComparison.Ordinal);
        var (code, output) = house.Command("reload");
        Assert.Equal(1, code);
        Assert.Contains("postern.yaml:", output, StringComparison.Ordinal);
        Assert.Contains("shs", house.Command("status").Output, StringComparison.Ordinal);

        house.Knock("knock", GateHouse.Gate4, "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.GrantCount == 1, "a knock by the old configuration");
    }

    [Fact]
    public void A_reload_changes_knocks_and_services_and_keeps_grants()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        house.ServeTcp(80);
        Assert.Equal(0, house.Command("grant", "ssh", GateHouse.Client4, "--for", "1h").Code);
        Assert.True(house.IsOpen(GateHouse.Gate4, 80));
        house.Write("""
            services:
              ssh: {ports: [tcp/22]}
              web: {ports: [tcp/80]}
            knocks:
              site: {method: sequence, sequence: [udp/100, udp/200, udp/300], opens: [web]}
            """);
        Assert.Equal(0, house.Command("reload").Code);
        Assert.True(house.IsOpen(GateHouse.Gate4));
        Assert.False(house.IsOpen(GateHouse.Gate4, 80));
        house.Knock("knock", "-u", GateHouse.Gate4, "100", "200", "300");
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate4, 80), "the new knock");
    }

    [Fact]
    public void Rules_that_somebody_removes_are_put_back()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        house.Gate.Run("nft", "flush ruleset");
        GateHouse.Until(() => house.Log.Contains("they are back"), "the rules");
        Assert.False(house.IsOpen(GateHouse.Gate4));
        house.Knock("knock", GateHouse.Gate4, "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate4), "a knock after that");
        house.Gate.Run("nft", "flush chain inet postern gate");
        GateHouse.Until(() => house.Log.Split("they are back").Length == 3, "the rules once more");
    }

    [Fact]
    public void Every_fault_of_the_configuration_is_listed_and_nothing_is_changed()
    {
        using var house = new GateHouse(start: false);
        house.Write("""
            servces:
              ssh: {ports: [tcp/22]}
            knocks:
              office: {method: sequence, sequence: [tcp/70000], opens: [ssh], within: soon}
            """);
        var (code, output) = house.RunToEnd(GateHouse.Postern, "gate", "--config", house.ConfigurationFile);
        Assert.Equal(2, code);
        Assert.True(Regex.Count(output, @"postern\.yaml:\d+:\d+: ") >= 3, output);
        Assert.Contains("did you mean 'services'", output, StringComparison.Ordinal);
        Assert.Contains("postern: error: ", output, StringComparison.Ordinal);
        Assert.Contains("postern: hint: ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("postern", house.Gate.Run("nft", "list", "ruleset"), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_privilege_it_says_which_and_changes_nothing()
    {
        using var house = new GateHouse(start: false);
        File.SetUnixFileMode(house.ConfigurationFile, (UnixFileMode)0x1a4 /* 0644 */);
        File.SetUnixFileMode(Path.GetDirectoryName(house.ConfigurationFile)!, (UnixFileMode)0x1ff /* 0777 */);
        var (code, output) = house.RunToEnd("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", GateHouse.Postern, "gate", "--config", house.ConfigurationFile);
        Assert.True(code == 3, output);
        Assert.Contains("CAP_NET_", output, StringComparison.Ordinal);
        Assert.Contains("postern: hint: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_interface_that_is_missing_is_waited_for()
    {
        using var house = new GateHouse(start: false);
        house.Write(GateHouse.Configuration, "  interfaces: [veth0, later0]\n");
        house.Start();
        Assert.Contains("later0", house.Log, StringComparison.Ordinal);
        house.Gate.Run("ip", "link", "add", "later0", "type", "veth", "peer", "name", "later1", "netns", house.Client.Name);
        house.Gate.Run("ip", "address", "add", "10.78.0.1/24", "dev", "later0");
        house.Gate.Run("ip", "link", "set", "later0", "up");
        house.Client.Run("ip", "address", "add", "10.78.0.2/24", "dev", "later1");
        house.Client.Run("ip", "link", "set", "later1", "up");
        house.Client.Run("ping", "-q", "-i", "0.05", "-c", "1", "-w", "10", "10.78.0.1");
        house.ServeTcp(22);
        Assert.False(house.IsOpen("10.78.0.1"));
        house.Knock("knock", "10.78.0.1", "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.IsOpen("10.78.0.1"), "a knock over the new interface");
    }

    [Fact]
    public void Only_root_and_the_gates_user_may_talk_to_it_and_a_second_gate_is_refused()
    {
        using var house = new GateHouse();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(house.Socket));
        File.SetUnixFileMode(Path.GetDirectoryName(house.Socket)!, (UnixFileMode)0x1ff);
        var (code, output) = house.RunToEnd("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", GateHouse.Postern, "status", "--socket", house.Socket);
        Assert.True(code == 3, output);
        File.SetUnixFileMode(house.Socket, (UnixFileMode)0x1b6 /* 0666: a mistake of somebody's */);
        (code, output) = house.RunToEnd("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", GateHouse.Postern, "status", "--socket", house.Socket);
        Assert.True(code == 3, output);

        (code, output) = house.RunToEnd(GateHouse.Postern, "gate", "--config", house.ConfigurationFile);
        Assert.True(code == 2, output);
        Assert.Contains("another gate", output, StringComparison.Ordinal);
        Assert.Equal(0, house.Command("status").Code);
    }

    [Fact]
    public void A_second_gate_under_another_socket_is_refused_too_and_a_file_in_its_place_is_kept()
    {
        using var house = new GateHouse();
        var other = Path.Combine(Path.GetDirectoryName(house.ConfigurationFile)!, "other.yaml");
        File.WriteAllText(other, $"gate: {{control_socket: {other}.sock}}\n{GateHouse.Configuration}\n");
        var (code, output) = house.RunToEnd(GateHouse.Postern, "gate", "--config", other);
        Assert.True(code == 2, output);
        Assert.Contains("another gate guards this network namespace, process ", output, StringComparison.Ordinal);

        house.Kill(Signal.Terminate);
        File.WriteAllText(other, $"gate: {{control_socket: {other}}}\n{GateHouse.Configuration}\n");
        (code, output) = house.RunToEnd(GateHouse.Postern, "gate", "--config", other);
        Assert.True(code == 2, output);
        Assert.True(File.Exists(other));
    }

    [Fact]
    public void A_hang_up_while_it_starts_does_not_end_it_and_a_storm_of_them_does_not_hold_it_up()
    {
        using var house = new GateHouse(start: false);
        using var gate = house.Gate.Start(GateHouse.Postern, "gate", "--config", house.ConfigurationFile);
        var error = gate.StandardError.ReadToEndAsync();
        GateHouse.Until(() => CatchesHangUp(gate.Id), "its handler"); // before it the runtime itself starts, and nothing can be done
        for (var i = 0; i < 45; i++)
        {
            Thread.Sleep(10);
            Process.Start("kill", ["-HUP", $"{gate.Id}"])!.WaitForExit();
        }

        GateHouse.Until(() => house.Command("status").Code == 0, "the gate to answer");
        Assert.False(gate.HasExited);
        Process.Start("kill", ["-TERM", $"{gate.Id}"])!.WaitForExit();
        Assert.True(gate.WaitForExit(5000));
        Assert.Equal(0, gate.ExitCode);
        Assert.DoesNotContain("Unhandled", error.Result, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hundred_thousand_grants_are_listed_within_a_second()
    {
        using var house = new GateHouse();
        house.Kill(Signal.Terminate);
        var file = Path.Combine(Path.GetDirectoryName(house.ConfigurationFile)!, "grants.nft");
        var elements = Enumerable.Range(0, 100_000).Select(i => $"10.{i >> 16}.{(i >> 8) & 255}.{i & 255} . tcp . 22 timeout 1h comment \"ssh\"");
        File.WriteAllText(file, $"add element inet postern grants4 {{ {string.Join(",\n", elements)} }}\n");
        house.Gate.Run("nft", "-f", file);
        house.Start();
        var started = Stopwatch.GetTimestamp();
        Assert.Equal(100_000, house.GrantCount);
        TestContext.Current.SendDiagnosticMessage($"100 000 grants listed in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms");
        house.Knock("knock", GateHouse.Gate4, "7000", "8000:udp", "9000");
        GateHouse.Until(() => house.Log.Contains("opened service=ssh address=10.77.0.2"), "one more");
    }

    [Fact]
    public void An_idle_gate_does_not_wake()
    {
        using var house = new GateHouse();
        Thread.Sleep(1500); // the runtime settles
        var before = Wakes(house.Pid);
        Thread.Sleep(4000);
        Assert.InRange(Wakes(house.Pid).Sum(w => w.Value - before.GetValueOrDefault(w.Key)) / 4.0, 0, 5);
    }

    /// <summary>proc(5), SigCgt: bit 0 is signal 1.</summary>
    private static bool CatchesHangUp(int pid) =>
        File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("SigCgt:", StringComparison.Ordinal)) is var caught && (Convert.ToUInt64(caught[7..].Trim(), 16) & 1) != 0;

    private static Dictionary<string, long> Wakes(int pid) => Directory.GetDirectories($"/proc/{pid}/task").ToDictionary(
        task => task,
        task => long.Parse(File.ReadLines(task + "/status").First(l => l.StartsWith("voluntary_ctxt_switches")).Split('\t')[1]),
        StringComparer.Ordinal);
}
