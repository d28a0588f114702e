using System.Diagnostics;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>Services that run something: a real script, started by the steward for whoever knocked, and undone when his grant ends.</summary>
public sealed class ActionTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("postern-action-");
    private readonly GateHouse _house;

    public ActionTests()
    {
        File.WriteAllText(Script, $"#!/bin/sh\necho \"$POSTERN_ACTION $1 $2 $(id -un) $(env | cut -d= -f1 | sort | tr '\\n' ' ')\" >> {Diary}\necho said by $POSTERN_ACTION\n");
        File.SetUnixFileMode(Script, (UnixFileMode)0x1ed /* 0755 */);
        File.WriteAllText(Diary, "");
        File.SetUnixFileMode(Diary, (UnixFileMode)0x1b6 /* 0666 */);
        File.SetUnixFileMode(_folder.FullName, (UnixFileMode)0x1ed);
        _house = new(Configuration("3s"));
    }

    private string Script => Path.Combine(_folder.FullName, "wake");

    private string Diary => Path.Combine(_folder.FullName, "diary");

    /// <summary>Who knocks while it is still being undone is refused (too-many-actions), though the script has written its last word.</summary>
    private bool IsUndone => _house.Log.Contains("undone service=wake", StringComparison.Ordinal);

    private string[] Entries => File.ReadAllLines(Diary);

    [Fact]
    public void It_runs_for_whoever_knocks_and_is_undone_when_the_time_is_over()
    {
        Knock();
        GateHouse.Until(() => Entries.Length == 1, "the run");
        Assert.StartsWith($"run {GateHouse.Client4} wake nobody ", Entries[0], StringComparison.Ordinal);
        Assert.DoesNotContain("JOURNAL", Entries[0], StringComparison.Ordinal);
        Assert.Equal(1, _house.GrantCount);
        GateHouse.Until(() => Entries.Length == 2, "the undo");
        Assert.StartsWith($"undo {GateHouse.Client4} wake nobody ", Entries[1], StringComparison.Ordinal);
        GateHouse.Until(() => _house.GrantCount == 0 && _house.Log.Contains("said by undo"), "its end");
    }

    [Fact]
    public void It_is_undone_once_and_on_time_though_the_warden_is_killed_and_the_next_knows_of_it()
    {
        _house.Write(Configuration("8s"));
        Assert.Equal(0, _house.Command("reload").Code);
        Knock();
        GateHouse.Until(() => Entries.Length == 1, "the run");
        var warden = Warden();
        Process.Start("kill", ["-KILL", $"{warden}"])!.WaitForExit();
        GateHouse.Until(() => _house.Command("status").Code == 0 && Warden() != warden, "another warden");
        Assert.Equal(1, _house.GrantCount);
        GateHouse.Until(() => Entries.Length == 2 && _house.GrantCount == 0 && IsUndone, "the undo, and its end");
        Knock();
        GateHouse.Until(() => Entries.Length == 3, "another run");
        Assert.Equal(0, _house.Command("revoke", "wake", GateHouse.Client4).Code);
        GateHouse.Until(() => Entries.Length == 4, "its undo");
        Assert.Equal(["run", "undo", "run", "undo"], Entries.Select(e => e.Split(' ')[0]));
    }

    [Fact]
    public void What_stood_when_the_gate_was_killed_is_undone_by_the_next()
    {
        Knock();
        GateHouse.Until(() => Entries.Length == 1, "the run");
        _house.Kill(Signal.Kill);
        Thread.Sleep(3500); // its time is over
        Assert.Single(Entries);
        _house.Start();
        GateHouse.Until(() => Entries.Length == 2, "the undo");
    }

    [Fact]
    public void A_change_of_the_definition_does_not_change_what_is_left_to_undo()
    {
        Knock();
        GateHouse.Until(() => Entries.Length == 1, "the run");
        _house.Write(Configuration("3s").Replace("\"{address}\", wake", "\"{address}\", other", StringComparison.Ordinal));
        Assert.Equal(0, _house.Command("reload").Code);
        GateHouse.Until(() => Entries.Length == 2, "the undo");
        Assert.StartsWith($"undo {GateHouse.Client4} wake ", Entries[1], StringComparison.Ordinal);
        GateHouse.Until(() => _house.GrantCount == 0 && IsUndone, "its end");
        Knock();
        GateHouse.Until(() => Entries.Length == 3, "another run");
        Assert.StartsWith($"run {GateHouse.Client4} other ", Entries[2], StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _house.Dispose();
        _folder.Delete(recursive: true);
    }

    private void Knock() => _house.Knock("knock", GateHouse.Gate4, "7000", "8000:udp", "9000");

    private int Warden() => _house.Ask("status").GetProperty("processes").EnumerateArray().First(p => p.GetProperty("name").GetString() is "warden").GetProperty("pid").GetInt32();

    private string Configuration(string time) => $$"""
        services:
          wake:
            run: [{{Script}}, "{address}", wake]
            undo: [{{Script}}, "{address}", wake]
            open_for: {{time}}
        knocks:
          office:
            method: sequence
            sequence: [tcp/7000, udp/8000, tcp/9000]
            opens: [wake]
        """;
}
