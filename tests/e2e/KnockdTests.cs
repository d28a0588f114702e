using System.Diagnostics;
using System.Text.Json;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>
/// Coming from knockd: its configuration carried over by the command, its client, its cases (tests/knockd/cases.json), and Debian's knockd itself on the same packets. All 107 cases are played
/// through the import and the gate's pure parts in KnockdCasesTests; here those in which the kernel, raw packets and real commands have a say.
/// </summary>
public sealed class KnockdTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-knockd-");

    private string Diary => Path.Combine(_folder.FullName, "diary");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void The_real_knock_opens_what_was_carried_over()
    {
        Needs.Program("knock");
        using var house = new GateHouse(start: false);
        house.ServeTcp(22);
        house.Write("", gate: CarryOver(house, """
            [options]
                Interface = veth0
            [opencloseSSH]
                sequence      = 2222:udp,3333:tcp,4444:udp
                seq_timeout   = 15
                tcpflags      = syn
                start_command = /usr/sbin/iptables -A INPUT -s %IP% -p tcp --syn --dport 22 -j ACCEPT
                cmd_timeout   = 2
                stop_command  = /usr/sbin/iptables -D INPUT -s %IP% -p tcp --syn --dport 22 -j ACCEPT
            """));
        house.Start();
        Assert.False(house.IsOpen(GateHouse.Gate4));
        house.Knock("knock", GateHouse.Gate4, "2222:udp", "3333:tcp", "4444:udp");
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate4), "the port to open");
        Assert.False(house.IsOpen(GateHouse.Gate6));
        GateHouse.Until(() => !house.IsOpen(GateHouse.Gate4), "its end");
        house.Knock("knock", "-6", "-d", "20", GateHouse.Gate6, "2222:udp", "3333:tcp", "4444:udp");
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate6), "the port to open over IPv6");
    }

    /// <summary>One gate, which takes one configuration after the other.</summary>
    [Fact]
    public void Cases_that_need_a_kernel()
    {
        string[] ids =
        [
            "noflags-mixed", "flags-all-six", "ip-options-ok", "spoofed-source-opens", "target", "v6-own-command", "v6-ext-header", "cmd-ip-many", "cmd-slow-does-not-block",
            "g-not-a-number", "reload-keeps-timers", "two-sources-interleaved", "dup-knock-kills", "other-door-port-resets",
        ];
        using var house = new GateHouse();
        house.Client.Run("ip", "route", "add", "198.51.100.9", "via", GateHouse.Gate4);
        using var packets = new RawPackets(house.Client);
        using var cases = JsonDocument.Parse(File.ReadAllText(Path.Combine(GateHouse.Root, "tests/knockd/cases.json")));
        foreach (var id in ids)
        {
            var one = cases.RootElement.GetProperty("cases").EnumerateArray().First(c => c.GetProperty("id").GetString() == id);
            Play(house, packets, id, one, strict: false);
            if (id is "dup-knock-kills" or "other-door-port-resets")
                Play(house, packets, id, one, strict: true);
        }
    }

    /// <summary>The same packets to both, some of them out of turn, doubled, missing, or with other flags. knockd's own defects need several attempts at once, or time: there are none here.</summary>
    [Fact]
    public void Knockd_and_a_strict_gate_open_the_same()
    {
        Needs.Program("knockd");
        const int Clients = 60;
        string[][] doors = [["tcp/7000", "tcp/8000", "tcp/9000"], ["udp/8100", "tcp/7000", "tcp/9100"], ["tcp/9200", "tcp/9300"], ["tcp/5000", "udp/5000", "tcp/5000", "tcp/8000"]];
        var (theirs, ours) = (Path.Combine(_folder.FullName, "theirs"), Path.Combine(_folder.FullName, "ours"));
        using var house = new GateHouse(start: false);
        house.Write("", gate: CarryOver(house, Configuration(doors, ours), "--strict"));
        house.Start();
        using var knockd = StartKnockd(house, Configuration(doors, theirs));
        using var packets = new RawPackets(house.Client);
        var chance = new Random(20261122);
        for (var client = 0; client < Clients; client++)
        {
            foreach (var (step, flags) in Script(doors, chance))
            {
                packets.Send($"10.77.0.{20 + client}", GateHouse.Gate4, step[..3], int.Parse(step[4..]), flags);
                Thread.Sleep(4);
            }
        }

        GateHouse.Until(() => Lines(theirs).Length > Clients / 5 && Lines(theirs).SequenceEqual(Lines(ours)), $"the same of both\n{string.Join(' ', Lines(theirs).Except(Lines(ours)))}\n{string.Join(' ', Lines(ours).Except(Lines(theirs)))}\n");
        Thread.Sleep(500);
        Assert.Equal(Lines(theirs), Lines(ours));
        Assert.Contains(Enumerable.Range(0, Clients), c => Lines(theirs).All(l => !l.EndsWith($".{20 + c}", StringComparison.Ordinal)));
        End(knockd);
    }

    [Fact]
    public void Our_client_opens_the_real_knockd()
    {
        Needs.Program("knockd");
        using var house = new GateHouse(start: false);
        house.ServeTcp(22);
        house.Gate.Run("nft", "add table inet t; add set inet t open { type ipv4_addr; }; add chain inet t in { type filter hook input priority 0; }; add rule inet t in tcp dport 22 ip saddr != @open drop");
        using var knockd = StartKnockd(house, $"[door]\n\tsequence = 7000,9000:udp,8000\n\tseq_timeout = 10\n\ttcpflags = syn\n\tcommand = {Needs.Find("nft")} add element inet t open {{ %IP% }}\n");
        Assert.False(house.IsOpen(GateHouse.Gate4));
        var (code, output) = house.FromClient(GateHouse.Postern, "knock", GateHouse.Gate4, "tcp/22", "--sequence", "tcp/7000,udp/9000,tcp/8000", "--gap", "20ms");
        Assert.True(code == 0, output);
        Assert.True(house.IsOpen(GateHouse.Gate4));
        End(knockd);
    }

    /// <summary>Where knockd fails: the last line, IPv6, and a process that was killed.</summary>
    [Fact]
    public void A_one_time_sequence_opens_once_whatever_happens()
    {
        Needs.Program("knock");
        var file = Path.Combine(_folder.FullName, "ots");
        WriteSecret(file, " 7000,8000\n 7100,8100\n 7200,8200\n");
        using var house = new GateHouse(start: false);
        var ledger = $"  ledger: {_folder.FullName}/ledger\n";
        var carried = CarryOver(house, $"[options]\n\tInterface = veth0\n[A]\n\tone_time_sequences = {file}\n\tseq_timeout = 5\n\ttcpflags = syn\n\tstart_command = /bin/echo A %IP% >> {Diary}\n");
        house.Write("", gate: ledger + carried);
        house.Start();
        Assert.Equal(3, Left());
        Assert.Contains("3 one-time sequences are left of the knock 'a'", house.Log, StringComparison.Ordinal);

        house.Knock("knock", "-d", "10", GateHouse.Gate4, "7100", "8100"); // not in turn
        house.Knock("knock", "-d", "10", GateHouse.Gate4, "7000", "8000");
        GateHouse.Until(() => Ran() == 1, "the first");
        Assert.Contains("not-in-turn", house.Log, StringComparison.Ordinal);
        house.Knock("knock", "-d", "10", GateHouse.Gate4, "7000", "8000");
        GateHouse.Until(() => house.Log.Contains("replayed"), "the refusal");

        house.Kill(Signal.Kill);
        house.Start();
        Assert.Equal(2, Left());
        house.Knock("knock", "-d", "10", GateHouse.Gate4, "7000", "8000");
        house.Knock("knock", "-6", "-d", "10", GateHouse.Gate6, "7100", "8100");
        GateHouse.Until(() => Ran() == 2, "the second, over IPv6");
        house.Knock("knock", "-6", "-d", "10", GateHouse.Gate6, "7200", "8200");
        GateHouse.Until(() => Ran() == 3, "the last");
        Assert.Equal(0, Left());
        house.Knock("knock", "-d", "10", GateHouse.Gate4, "7200", "8200");

        WriteSecret(file, " 7200,8200\n 7300,8300\n");
        Assert.Equal(0, house.Command("reload").Code);
        Assert.Equal(1, Left());
        house.Knock("knock", "-d", "10", GateHouse.Gate4, "7200", "8200");
        house.Knock("knock", "-d", "10", GateHouse.Gate4, "7300", "8300");
        GateHouse.Until(() => Ran() == 4, "one of the new file");
        Assert.Equal([$"A {GateHouse.Client4}", $"A {GateHouse.Client6}", $"A {GateHouse.Client6}", $"A {GateHouse.Client4}"], File.ReadAllLines(Diary));

        int Ran() => File.Exists(Diary) ? File.ReadAllLines(Diary).Length : 0;

        int Left() => house.Ask("status").GetProperty("knocks")[0].GetProperty("sequences_left").GetInt32();
    }

    private void Play(GateHouse house, RawPackets packets, string id, JsonElement one, bool strict)
    {
        File.WriteAllText(Diary, "");
        var text = Fill(one.GetProperty("config").GetString()!);
        house.Write("", gate: CarryOver(house, text, strict ? ["--strict"] : []));
        var (code, said) = house.Command("reload");
        Assert.True(code == 0, $"{id}: {said}");
        var started = Stopwatch.StartNew();
        foreach (var step in one.GetProperty("steps").EnumerateArray())
        {
            Thread.Sleep(Math.Max(0, (int)(step.GetProperty("at").GetInt64() - started.ElapsedMilliseconds)));
            if (step.TryGetProperty("pkt", out var packet))
                packets.Send(
                    Fill(packet.GetProperty("src").GetString()!), Fill(packet.GetProperty("dst").GetString()!), packet.TryGetProperty("proto", out var protocol) ? protocol.GetString()! : "tcp",
                    packet.GetProperty("dport").GetInt32(), packet.TryGetProperty("flags", out var flags) ? flags.GetString()! : "S", packet.TryGetProperty("ipopt", out _) || packet.TryGetProperty("ext", out _));
            else
                Assert.Equal(0, house.Command("reload").Code);
        }

        string[] recorded = [.. one.GetProperty("expect").GetProperty("lines").EnumerateArray().Select(l => Fill(l.GetString()!)).Order(StringComparer.Ordinal)];
        var expected = Expected(id, recorded, strict);
        GateHouse.Until(() => File.ReadAllLines(Diary).Length >= expected.Length, $"{id} (strict: {strict}) to run {string.Join(", ", expected)}");
        Thread.Sleep(id is "cmd-slow-does-not-block" ? 50 : 150);
        Assert.Equal(expected, File.ReadAllLines(Diary).Order(StringComparer.Ordinal));
        if (id is "cmd-slow-does-not-block")
            GateHouse.Until(() => File.ReadAllLines(Diary).Length == 2, "the slow one");
    }

    /// <summary>As KnockdCasesTests has them.</summary>
    private static string[] Expected(string id, string[] recorded, bool strict) => id switch
    {
        "two-sources-interleaved" => [$"start A {GateHouse.Client4}", "start A 10.77.0.50"],
        "v6-ext-header" => [$"start A {GateHouse.Client6}"],
        "dup-knock-kills" or "other-door-port-resets" when !strict => [$"start A {GateHouse.Client4}"],
        _ => recorded,
    };

    private string Fill(string text) => text
        .Replace("@DIR@", _folder.FullName, StringComparison.Ordinal).Replace("@OUT@", Diary, StringComparison.Ordinal)
        .Replace("@CLI@", GateHouse.Client4, StringComparison.Ordinal).Replace("@SRV@", GateHouse.Gate4, StringComparison.Ordinal).Replace("@NET@", "10.77.0", StringComparison.Ordinal)
        .Replace("@CLI6@", GateHouse.Client6, StringComparison.Ordinal).Replace("@SRV6@", GateHouse.Gate6, StringComparison.Ordinal);

    /// <summary>knockd.conf through the command, as the lines of a configuration that stand below <c>gate:</c>, which <see cref="GateHouse.Write"/> begins.</summary>
    private string CarryOver(GateHouse house, string text, params string[] options)
    {
        var file = Path.Combine(_folder.FullName, "knockd.conf");
        var yaml = Path.Combine(_folder.FullName, "carried.yaml");
        File.WriteAllText(file, text);
        File.Delete(yaml);
        var (code, said) = house.RunToEnd([GateHouse.Postern, "import", "knockd", file, "--output", yaml, .. options]);
        Assert.True(code == 0, said);
        var carried = File.ReadAllText(yaml);
        var at = carried.IndexOf("gate:\n", StringComparison.Ordinal);
        return "  traps: off\n" + (at < 0 ? carried : carried[..at] + carried[(at + "gate:\n".Length)..]);
    }

    private static string Configuration(string[][] doors, string diary) => string.Concat(doors.Select((steps, i) =>
        $"[{(char)('A' + i)}]\n\tsequence = {string.Join(',', steps.Select(s => $"{s[4..]}:{s[..3]}"))}\n\tseq_timeout = 600\n{(i == 2 ? "" : "\ttcpflags = syn\n")}\tcommand = /bin/echo {(char)('A' + i)} %IP% >> {diary}\n"));

    /// <summary>One client's packets: the steps of a door, with mistakes.</summary>
    private static List<(string Step, string Flags)> Script(string[][] doors, Random chance)
    {
        var all = doors.SelectMany(d => d).Distinct().ToArray();
        var script = new List<(string, string)>();
        foreach (var step in doors[chance.Next(doors.Length)].Concat(doors[chance.Next(doors.Length)]))
        {
            switch (chance.Next(14))
            {
                case 0:
                    break; // lost
                case 1:
                    script.AddRange([(step, "S"), (step, "S")]);
                    break;
                case 2:
                    script.AddRange([(all[chance.Next(all.Length)], "S"), (step, "S")]);
                    break;
                case 3:
                    script.AddRange([(all[chance.Next(all.Length)], "A"), (step, "S")]);
                    break;
                case 4:
                    script.Insert(Math.Max(0, script.Count - 1), (step, "S"));
                    break;
                default:
                    script.Add((step, "S"));
                    break;
            }
        }

        return script;
    }

    private Process StartKnockd(GateHouse house, string configuration)
    {
        var (file, log) = (Path.Combine(_folder.FullName, "theirs.conf"), Path.Combine(_folder.FullName, "theirs.log"));
        File.WriteAllText(file, configuration);
        var knockd = house.Gate.Start("knockd", "-i", NetworkNamespace.Interface, "-c", file, "-g", log, "-p", file + ".pid");
        GateHouse.Until(() => knockd.HasExited || (File.Exists(log) && File.ReadAllText(log).Contains("listening on", StringComparison.Ordinal)), "knockd");
        Assert.False(knockd.HasExited);
        Thread.Sleep(200); // it says so before its capture is open
        return knockd;
    }

    private static void End(Process knockd)
    {
        knockd.Kill();
        knockd.WaitForExit();
    }

    private static void WriteSecret(string file, string text)
    {
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static string[] Lines(string file) => File.Exists(file) ? [.. File.ReadAllLines(file).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)] : [];
}
