using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Postern.EndToEnd.Tests.Kills;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>What the gate does when the machine around it fails, or somebody works against it: each has one answer, which docs/operations.md gives.</summary>
public sealed class FaultTests
{
    private const string Sequence = """
        knocks:
          office: {method: sequence, sequence: [tcp/7000, udp/8000, tcp/9000], opens: [ssh]}
        """;

    [Fact]
    public void A_full_disk_refuses_single_packets_and_nothing_else_until_there_is_room()
    {
        using var house = new SpaHouse(services: $"{SpaHouse.Services}\n{Sequence}");
        house.House.Kill(Signal.Terminate);
        var disk = Directory.CreateDirectory(house.InGate("disk")).FullName;
        using var mount = Tmpfs.Mount(disk, "64k");
        var ledger = Path.Combine(disk, "ledger");
        File.WriteAllBytes(ledger, WholePages(File.ReadAllBytes(house.LedgerFile)));
        File.SetUnixFileMode(ledger, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        house.LedgerFile = ledger;
        house.WriteConfiguration();
        house.Start();
        Fill(Path.Combine(disk, "other"));

        house.SendUdp(house.Packet("knock", "gate", "web"));
        GateHouse.Until(() => house.Audit.Any(l => l.Contains("refusal=not-remembered", StringComparison.Ordinal)), "the refusal: " + house.House.Log);
        Assert.Equal(0, house.House.GrantCount);
        Knock(house.House);
        GateHouse.Until(() => house.House.GrantCount == 1, "a sequence, which needs no memory");
        KillPart(house.House, "@warden");
        KnockUntilHeard(house.House, "the warden that starts on the full disk");

        File.Delete(Path.Combine(disk, "other"));
        house.SendUdp(house.Packet("knock", "gate", "web"));
        GateHouse.Until(() => house.Audit.Any(l => l.StartsWith("opened service=web", StringComparison.Ordinal)), "the grant when there is room again");
    }

    [Fact]
    public void A_ledger_that_cannot_be_written_stops_the_start_with_a_word()
    {
        using var house = new SpaHouse();
        house.House.Kill(Signal.Terminate);
        var folder = Path.GetDirectoryName(house.LedgerFile)!;
        var (code, output) = house.House.RunToEnd(
            "sh", "-c", $"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder} && exec {GateHouse.Postern} gate --config {house.House.ConfigurationFile}");
        Assert.True(code == 2, output);
        Assert.Contains(house.LedgerFile, output, StringComparison.Ordinal);
        Assert.Contains("hint", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_runs_no_action_that_could_not_be_undone_and_undoes_those_that_stand()
    {
        var ran = Path.Combine(Directory.CreateTempSubdirectory("postern-fault-").FullName, "ran");
        var note = Program(ran);
        using var house = new GateHouse(
            $$"""
            services:
              lamp: {run: [{{note}}, lamp], undo: [{{note}}, lamp], open_for: 20s, run_as: root}
              door: {run: [{{note}}, door], undo: [{{note}}, door], open_for: 20s, run_as: root}
            knocks:
              one: {method: sequence, sequence: [udp/7100, udp/8100, udp/9100], opens: [lamp]}
              two: {method: sequence, sequence: [udp/7200, udp/8200, udp/9200], opens: [door]}
            """,
            start: false);
        house.Start("sh", "-c", "mkdir -p /var/lib/postern-steward && mount -t tmpfs -o size=64k none /var/lib/postern-steward && exec \"$@\"", "sh");
        KnockUdp(house, 7100);
        GateHouse.Until(() => Lines(ran).Contains("run lamp"), "the action");
        house.RunToEnd("nsenter", "-t", Id(house.Pid), "-m", "sh", "-c", "dd if=/dev/zero of=/var/lib/postern-steward/other bs=1k 2>/dev/null");
        for (var i = 0; i < 60; i++)
            KnockUdp(house, 7100); // what is left of the journal's last page is used up by noting the longer times
        KnockUdp(house, 7200);
        GateHouse.Until(() => house.Log.Contains("refusal=not-remembered", StringComparison.Ordinal), "the refusal: " + house.Log);
        Assert.DoesNotContain("run door", Lines(ran));

        Assert.Equal(0, house.Command("revoke", "lamp", GateHouse.Client4).Code);
        GateHouse.Until(() => Lines(ran).Contains("undo lamp"), "the undo, for which no room is needed");
        house.RunToEnd("nsenter", "-t", Id(house.Pid), "-m", "rm", "/var/lib/postern-steward/other");
        GateHouse.Until(() =>
        {
            KnockUdp(house, 7200);
            Thread.Sleep(300);
            return Lines(ran).Contains("run door");
        }, "the action when there is room again");
        Directory.Delete(Path.GetDirectoryName(ran)!, recursive: true);
    }

    [Fact]
    public void Five_seconds_of_nft_flush_ruleset_end_closed_and_knocks_go_on()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        using var vandal = house.Gate.Start("sh", "-c", "end=$(($(date +%s) + 5)); while [ $(date +%s) -lt $end ]; do nft flush ruleset; done");
        var opened = 0;
        while (!vandal.HasExited)
        {
            Knock(house);
            opened += house.IsOpen(GateHouse.Gate4) ? 1 : 0;
        }

        GateHouse.Until(() => house.Ask("status").GetProperty("rules_in_place").GetBoolean(), "the rules");
        GateHouse.Until(() => !house.IsOpen(GateHouse.Gate4), "the end of what was opened meanwhile");
        KnockUntilHeard(house, "the knock afterwards");
        Assert.True(house.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void A_table_of_the_same_name_that_somebody_else_puts_there_is_replaced()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        house.Gate.Run("nft", "delete table inet postern; table inet postern { chain gate { type filter hook prerouting priority -150; policy accept; }; }");
        GateHouse.Until(() => house.Log.Contains("they are back", StringComparison.Ordinal), "the rules");
        Assert.False(house.IsOpen(GateHouse.Gate4));
        KnockUntilHeard(house, "the knock after that");
        Assert.True(house.IsOpen(GateHouse.Gate4));
    }

    [Fact]
    public void An_interface_that_vanishes_and_returns_is_watched_and_grants_to_it_stand()
    {
        using var house = new GateHouse(GateHouse.Configuration.Replace("3s", "1h", StringComparison.Ordinal));
        house.ServeTcp(22);
        KnockUntilHeard(house, "the grant");
        house.Gate.Run("ip", "link", "delete", NetworkNamespace.Interface);
        Thread.Sleep(500);
        house.Gate.Run("ip", "link", "add", NetworkNamespace.Interface, "type", "veth", "peer", "name", NetworkNamespace.Interface, "netns", house.Client.Name);
        foreach (var (place, address) in new[] { (house.Gate, GateHouse.Gate4), (house.Client, GateHouse.Client4), (house.Client, "10.77.0.9") })
        {
            place.Run("ip", "address", "add", address + "/24", "dev", NetworkNamespace.Interface);
            place.Run("ip", "link", "set", NetworkNamespace.Interface, "up");
        }

        GateHouse.Until(() => house.IsOpen(GateHouse.Gate4), "the grant of before");
        Assert.False(house.IsOpen(GateHouse.Gate4, from: "10.77.0.9"));
        Knock(house, from: "10.77.0.9");
        GateHouse.Until(() => house.IsOpen(GateHouse.Gate4, from: "10.77.0.9"), "a knock over the new interface");
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("pipe")]
    [InlineData("folder")]
    [InlineData("gone")]
    [InlineData("unreadable")]
    [InlineData("binary")]
    public void A_file_that_cannot_be_taken_changes_nothing_at_a_reload_nor_when_the_warden_dies(string what)
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        File.Move(house.ConfigurationFile, house.ConfigurationFile + ".good");
        switch (what)
        {
            case "pipe":
                house.RunToEnd("mkfifo", "-m", "600", house.ConfigurationFile);
                break;
            case "folder":
                Directory.CreateDirectory(house.ConfigurationFile);
                break;
            case "gone":
                break;
            default:
                File.WriteAllBytes(house.ConfigurationFile, what == "empty" ? [] : RandomNumberGenerator.GetBytes(5000));
                File.SetUnixFileMode(house.ConfigurationFile, what == "unreadable" ? UnixFileMode.None : UnixFileMode.UserRead | UnixFileMode.UserWrite);
                break;
        }

        house.Kill(Signal.HangUp);
        GateHouse.Until(() => house.Log.Contains("reload refused", StringComparison.Ordinal), "the refusal of the signal");
        var (code, output) = house.Command("reload");
        Assert.True(code == 1, output);
        Assert.Contains("postern.yaml", output, StringComparison.Ordinal);
        KnockUntilHeard(house, "a knock by the configuration before");

        KillPart(house, "@warden");
        GateHouse.Until(() => house.Log.Contains("going on by the configuration that was in force before", StringComparison.Ordinal), "the next warden");
        GateHouse.Until(() => house.Command("status").Code == 0, "its socket");
        Assert.Contains("postern.yaml", house.Command("status").Output, StringComparison.Ordinal);
        Assert.Contains("postern.yaml", house.Ask("status").GetProperty("reload_fault").GetString(), StringComparison.Ordinal);
        GateHouse.Until(() => !house.IsOpen(GateHouse.Gate4), "the end of the grant");
        KnockUntilHeard(house, "a knock at the next warden");

        if (what == "folder")
            Directory.Delete(house.ConfigurationFile);
        File.Move(house.ConfigurationFile + ".good", house.ConfigurationFile, overwrite: true);
        Assert.Equal(0, house.Command("reload").Code);
        Assert.False(house.Ask("status").TryGetProperty("reload_fault", out _));
    }

    [Fact]
    public void What_nobody_confirms_goes_back_and_the_operators_own_connection_lives_through_both()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        house.ServeTcp(80);
        using var own = house.TryConnect(GateHouse.Gate4, 80);
        Assert.NotNull(own);
        house.Write(GateHouse.Configuration.Replace("tcp/22, udp/22", "tcp/80", StringComparison.Ordinal));
        var (code, output) = house.Command("apply", "--rollback", "6s");
        Assert.True(code == 0, output);
        Assert.False(house.IsOpen(GateHouse.Gate4, 80));
        Assert.True(house.IsOpen(GateHouse.Gate4, 22));
        Assert.True(GateHouse.Carries(own));
        KnockUntilHeard(house, "the grant that a new connection needs");

        GateHouse.Until(() => house.Log.Contains("nobody confirmed the configuration", StringComparison.Ordinal), "the way back");
        Assert.True(house.IsOpen(GateHouse.Gate4, 80, from: GateHouse.Client4));
        Assert.False(house.IsOpen(GateHouse.Gate4, 22));
        Assert.True(GateHouse.Carries(own));
        Assert.Contains("nobody confirmed", house.Ask("status").GetProperty("reload_fault").GetString(), StringComparison.Ordinal);

        KillPart(house, "@warden"); // nor does it come back with the next one, who reads the disk
        GateHouse.Until(() => house.Log.Split("watching ").Length >= 3, "the next warden");
        GateHouse.Until(() => house.Command("status").Code == 0, "its socket");
        Assert.Contains("nobody confirmed", house.Ask("status").GetProperty("reload_fault").GetString(), StringComparison.Ordinal);
        Assert.True(house.IsOpen(GateHouse.Gate4, 80, from: GateHouse.Client4));
        Assert.False(house.IsOpen(GateHouse.Gate4, 22));
    }

    /// <summary>While the sentry for the way back is being started: whatever the operator is told is what becomes of it.</summary>
    [Fact]
    public void What_is_confirmed_at_the_last_moment_stays_or_was_too_late()
    {
        using var house = new GateHouse();
        house.ServeTcp(80);
        var warden = GateProcess.Find(house, GateProcess.Warden);
        for (var (round, late) = (0, TimeSpan.FromMilliseconds(-20)); round < 3; round++, late += TimeSpan.FromMilliseconds(20))
        {
            house.Write(GateHouse.Configuration.Replace("tcp/22, udp/22", "tcp/80", StringComparison.Ordinal));
            var began = Stopwatch.GetTimestamp();
            Assert.Equal(0, house.Command("apply", "--rollback", "5s").Code);
            Thread.Sleep(TimeSpan.FromSeconds(5) + late - Stopwatch.GetElapsedTime(began));
            var stays = house.Command("apply", "--confirm").Code == 0;
            Thread.Sleep(1500);
            Assert.Equal(stays, !house.IsOpen(GateHouse.Gate4, 80));
            Assert.Equal(warden.Pid, GateProcess.Find(house, GateProcess.Warden).Pid);
            Assert.True(house.Ask("status").GetProperty("rules_in_place").GetBoolean());
            house.Write(GateHouse.Configuration);
            Assert.Equal(0, house.Command("reload").Code);
        }
    }

    /// <summary>What a reload refuses because only a restart of all of the gate can give it, a warden that dies cannot give either.</summary>
    [Fact]
    public void A_change_that_needs_a_restart_does_not_come_with_the_next_warden()
    {
        using var house = new GateHouse();
        house.ServeTcp(22);
        var text = File.ReadAllText(house.ConfigurationFile);
        File.WriteAllText(house.ConfigurationFile, text.Replace(house.Socket, house.Socket + "2", StringComparison.Ordinal));
        Assert.Equal(1, house.Command("reload").Code);
        KillPart(house, "@warden");
        GateHouse.Until(() => house.Log.Split("watching ").Length >= 3, "the next warden");
        GateHouse.Until(() => house.Command("status").Code == 0, "the socket where it was");
        Assert.Contains("control_socket cannot change", house.Ask("status").GetProperty("reload_fault").GetString(), StringComparison.Ordinal);
        KnockUntilHeard(house, "a knock at the next warden");
        house.Kill(Signal.Terminate);
        house.Start();
        Assert.Equal(0, house.RunToEnd(GateHouse.Postern, "status", "--socket", house.Socket + "2").Code);
    }

    [Fact]
    public void While_one_is_on_trial_no_other_is_taken_and_what_is_confirmed_stays()
    {
        using var house = new GateHouse();
        house.ServeTcp(80);
        var next = GateHouse.Configuration.Replace("tcp/22, udp/22", "tcp/80", StringComparison.Ordinal);
        house.Write(next.Replace("opens: [ssh]", "opens: [shs]", StringComparison.Ordinal));
        var (code, output) = house.Command("apply");
        Assert.True(code == 1, output);
        Assert.True(house.IsOpen(GateHouse.Gate4, 80));
        Assert.Equal(1, house.Command("apply", "--confirm").Code);

        house.Write(next);
        Assert.Equal(0, house.Command("apply", "--rollback", "1h").Code);
        Assert.False(house.IsOpen(GateHouse.Gate4, 80));
        house.Write(GateHouse.Configuration);
        foreach (var command in new[] { "apply", "reload" })
        {
            (code, output) = house.Command(command);
            Assert.True(code == 1, output);
            Assert.Contains("on trial", output, StringComparison.Ordinal);
        }

        house.Kill(Signal.HangUp);
        GateHouse.Until(() => house.Log.Split("a configuration is on trial").Length >= 4, "the signal's refusal");
        Assert.False(house.IsOpen(GateHouse.Gate4, 80));
        house.Write(next);
        Assert.Equal(0, house.Command("apply", "--confirm").Code);
        KillPart(house, "@warden");
        GateHouse.Until(() => house.Log.Split("watching ").Length >= 3, "the next warden");
        Assert.False(house.IsOpen(GateHouse.Gate4, 80));
        Assert.False(house.Log.Contains("going on by the configuration", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("@warden")]
    [InlineData("all of it")]
    public void Killed_during_a_trial_it_goes_back(string whom)
    {
        using var house = new GateHouse();
        house.ServeTcp(80);
        house.Write(GateHouse.Configuration.Replace("tcp/22, udp/22", "tcp/80", StringComparison.Ordinal));
        Assert.Equal(0, house.Command("apply", "--rollback", "1h").Code);
        Assert.False(house.IsOpen(GateHouse.Gate4, 80));
        if (whom == "@warden")
        {
            KillPart(house, whom);
        }
        else
        {
            house.Kill(Signal.Kill);
            house.Start();
        }

        GateHouse.Until(() => house.IsOpen(GateHouse.Gate4, 80), "the configuration before");
        GateHouse.Until(() => house.Command("status").Code == 0, "its socket");
        Assert.Contains("on trial", house.Ask("status").GetProperty("reload_fault").GetString(), StringComparison.Ordinal);
        KillPart(house, "@warden"); // once more: it is as little confirmed as before
        GateHouse.Until(() => house.Log.Split("watching ").Length >= 4, "the next warden");
        GateHouse.Until(() => house.Command("status").Code == 0, "its socket");
        Assert.True(house.IsOpen(GateHouse.Gate4, 80));
        Assert.Equal(1, house.Command("apply", "--confirm").Code);
        Assert.Equal(0, house.Command("apply", "--rollback", "1h").Code);
        Assert.False(house.IsOpen(GateHouse.Gate4, 80));
    }

    [Fact]
    public void A_control_socket_that_somebody_deletes_comes_back()
    {
        using var house = new GateHouse();
        File.Delete(house.Socket);
        GateHouse.Until(() => File.Exists(house.Socket), "the socket");
        GateHouse.Until(() => house.Command("status").Code == 0, "an answer");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(house.Socket));
        Assert.Contains("was gone; it is back", house.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_folder_in_run_that_somebody_deletes_is_made_anew_and_grants_stand()
    {
        using var house = new GateHouse(GateHouse.Configuration.Replace("3s", "1h", StringComparison.Ordinal), start: false);
        house.Start("sh", "-c", "mount -t tmpfs none /run && exec \"$@\"", "sh"); // a /run of its own
        house.ServeTcp(22);
        KnockUntilHeard(house, "the grant");
        house.RunToEnd("nsenter", "-t", Id(house.Pid), "-m", "rm", "-r", "/run/postern");
        GateHouse.Until(() => house.Log.Split("watching ").Length == 3, "another warden: " + house.Log);
        Assert.Contains("someone deleted /run/postern", house.Log, StringComparison.Ordinal);
        Assert.Contains("kept service=ssh address=10.77.0.2", house.Log, StringComparison.Ordinal);
        Assert.True(house.IsOpen(GateHouse.Gate4));
        var files = house.RunToEnd("nsenter", "-t", Id(house.Pid), "-m", "ls", "/run/postern").Output;
        Assert.Contains(".lock", files, StringComparison.Ordinal);
        Assert.Contains(".yaml", files, StringComparison.Ordinal);
    }

    private static void Knock(GateHouse house, string from = GateHouse.Client4) => house.Client.Enter(() =>
    {
        KillHouse.Touch(from, 7000);
        KillHouse.Send(from, 8000);
        KillHouse.Touch(from, 9000);
    });

    /// <summary>Again and again, since nobody hears a knock while there is no warden.</summary>
    private static void KnockUntilHeard(GateHouse house, string what)
    {
        var opened = house.Log.Split("opened service").Length + house.Log.Split("extended service").Length;
        GateHouse.Until(() =>
        {
            Knock(house);
            Thread.Sleep(200);
            return house.Log.Split("opened service").Length + house.Log.Split("extended service").Length > opened;
        }, $"{what}: {house.Log}");
    }

    private static void KnockUdp(GateHouse house, int first) => house.Client.Enter(() => KillHouse.Knock(GateHouse.Client4, first));

    private static void KillPart(GateHouse house, string part)
    {
        using var process = Process.GetProcessById(KillHouse.Parts(house.Pid, part).Single());
        process.Kill();
        process.WaitForExit();
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
                file.Write(new byte[1024]);
        }
        catch (IOException)
        {
            // no space left on device
        }
    }

    /// <summary>As many records of other keys as fill the page, for a disk gives a file room by the page; and none of the room that the gate has made for itself.</summary>
    private static byte[] WholePages(byte[] ledger)
    {
        const int Record = 64;
        var bytes = new byte[4096];
        var used = ledger.AsSpan().IndexOf("postern ledger: kept free"u8);
        ledger.AsSpan(0, used).CopyTo(bytes);
        for (var at = used; at < bytes.Length; at += Record)
        {
            var record = bytes.AsSpan(at, Record);
            RandomNumberGenerator.Fill(record[..32]);
            record[36] = 1;
            BinaryPrimitives.WriteUInt64BigEndian(record[40..], 1);
            SHA256.HashData(record[..56])[..8].CopyTo(record[56..]);
        }

        return bytes;
    }

    private static string Program(string ran)
    {
        var program = Path.Combine(Path.GetDirectoryName(ran)!, "note");
        File.WriteAllText(program, $"#!/bin/sh\necho \"$POSTERN_ACTION $1\" >>{ran}\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return program;
    }

    private static string[] Lines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];

    private static string Id(int process) => process.ToString(CultureInfo.InvariantCulture);

    /// <summary>A small disk in memory.</summary>
    private sealed class Tmpfs : IDisposable
    {
        private readonly string _at;

        private Tmpfs(string at) => _at = at;

        public static Tmpfs Mount(string at, string size)
        {
            Run("mount", "-t", "tmpfs", "-o", $"size={size}", "none", at);
            return new(at);
        }

        public void Dispose() => Run("umount", "-l", _at);

        private static void Run(params string[] command)
        {
            using var process = Process.Start(command[0], command[1..]);
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }
    }
}
