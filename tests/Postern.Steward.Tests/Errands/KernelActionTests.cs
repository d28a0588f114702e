using System.Diagnostics;
using System.Globalization;
using Postern.Steward.Errands;
using Postern.Tests;

namespace Postern.Steward.Tests.Errands;

/// <summary>Real programs, started as another user, told little, listened to a little, and ended.</summary>
public sealed class KernelActionTests : IDisposable
{
    private readonly JournalFolder _folder = new();

    public KernelActionTests()
    {
        Needs.Root();
        File.SetUnixFileMode(_folder.Root, (UnixFileMode)0b111_111_111); // nobody writes there too
    }

    public void Dispose() => _folder.Dispose();

    private string In(string name) => Path.Combine(_folder.Root, name);

    private string[] Words(string name) => File.Exists(In(name)) ? File.ReadAllLines(In(name)) : [];

    private static Errand Shell(string run, string? undo = null, double limit = 10, string user = "nobody", params string[] arguments) =>
        new("wake", ["/bin/sh", "-c", Escape(run), "sh", .. arguments])
        {
            Undo = undo is null ? [] : ["/bin/sh", "-c", Escape(undo), "sh", .. arguments],
            RunAs = user,
            TimeLimit = TimeSpan.FromSeconds(limit),
        };

    private static string Escape(string text) => text.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal);

    private Errand OnAndOff(string more = "", double limit = 10) => Shell($"echo on >> {In("log")}; {more}", $"echo off >> {In("log")}", limit);

    [Fact]
    public void It_is_run_and_undone_when_its_time_is_over()
    {
        var errand = OnAndOff();
        using var desk = new Desk(_folder.Path, errand);
        desk.Run(errand, seconds: 1);
        desk.AwaitNotes(2);
        Assert.Equal(["ran", "undone"], desk.Notes);
        Assert.Equal(["on", "off"], Words("log"));
        Assert.Empty(desk.Warnings);
    }

    [Fact]
    public void It_is_nobody_with_no_rights_a_fixed_environment_and_nothing_of_ours_open()
    {
        Environment.SetEnvironmentVariable("POSTERN_TEST_SECRET", "leaked");
        var errand = Shell(
            $"exec > {In("out")} 2>&1; id -un; id -G; grep -E '^(CapEff|CapPrm|CapBnd|NoNewPrivs):' /proc/self/status; env | sort; ls /proc/self/fd | wc -l; readlink /proc/self/fd/0; echo \"$@\"; cut -d' ' -f6 /proc/$$/stat; echo $$",
            arguments: ["{address}", "{port}", "{service}", "{key}", "{seconds}", "{{}}", "$(id); *"]);
        errand = errand with { Undo = ["/bin/true"] };
        using var desk = new Desk(_folder.Path, errand);
        desk.Run(errand, seconds: 60, key: "alice@laptop");
        desk.AwaitNotes(1);
        Assert.Equal(["ran"], desk.Notes);
        var lines = Words("out");
        Assert.Equal("nobody", lines[0]);
        Assert.DoesNotContain("0", lines[1].Split(' '));
        Assert.All(lines.Where(l => l.StartsWith("Cap", StringComparison.Ordinal)), l => Assert.EndsWith("\t0000000000000000", l));
        Assert.Contains("NoNewPrivs:\t1", lines);
        var environment = lines.Where(l => l.Contains('=') && !l.StartsWith("PWD=", StringComparison.Ordinal) && !l.StartsWith("_=", StringComparison.Ordinal) && !l.StartsWith("SHLVL=", StringComparison.Ordinal) && !l.StartsWith("OLDPWD=", StringComparison.Ordinal));
        Assert.Equal(
            ["HOME=", "LANG=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "POSTERN_ACTION=run", "POSTERN_ADDRESS=192.0.2.1", "POSTERN_KEY=alice@laptop", "POSTERN_SECONDS=60", "POSTERN_SERVICE=wake"],
            environment.Select(l => l.StartsWith("HOME=", StringComparison.Ordinal) ? "HOME=" : l));
        Assert.Contains("192.0.2.1 0 wake alice@laptop 60 {} $(id); *", lines);
        Assert.Contains("/dev/null", lines);
        Assert.Equal(lines[^1], lines[^2]); // its own session
        Assert.Equal("4", lines.SkipWhile(l => l != "POSTERN_SERVICE=wake").SkipWhile(l => !l.All(char.IsAsciiDigit)).First()); // 0, 1, 2 and that of ls
    }

    [Fact]
    public void Root_is_root_where_it_is_written()
    {
        var errand = Shell("id -u; grep CapEff /proc/self/status", user: "root");
        using var desk = new Desk(_folder.Path, errand);
        desk.Run(errand);
        desk.AwaitNotes(1);
        Desk.Await(() => desk.Lines.Count >= 2, () => "two lines");
        Assert.Equal("action wake (run for 192.0.2.1): 0", desk.Lines.First());
        Assert.DoesNotContain("0000000000000000", desk.Lines.Last());
    }

    [Theory]
    [InlineData("exit 3", "failed 3")]
    [InlineData("kill -TERM $$", "failed signal 15")]
    public void How_it_ended_is_told_and_a_failure_is_undone(string run, string expected)
    {
        var errand = OnAndOff(run);
        using var desk = new Desk(_folder.Path, errand);
        desk.Run(errand);
        desk.AwaitNotes(2);
        Assert.Equal([expected, "undone"], desk.Notes);
        Assert.Equal(["on", "off"], Words("log"));
    }

    [Fact]
    public void A_program_that_is_not_there_has_run_nothing_and_undoes_nothing()
    {
        var errand = OnAndOff() with { Run = ["/no/such/program"] };
        using var desk = new Desk(_folder.Path, errand);
        desk.Run(errand);
        desk.AwaitNotes(1);
        Assert.Equal(["failed"], desk.Notes);
        Assert.Contains("/no/such/program", Assert.Single(desk.Warnings));
        var stranger = OnAndOff() with { RunAs = "nobody-of-that-name" };
        desk.Errands = [stranger];
        desk.Reload();
        desk.Run(stranger);
        desk.AwaitNotes(2);
        Assert.Contains("nobody-of-that-name", desk.Warnings.Last());
        Assert.Empty(Words("log"));
    }

    /// <summary>A shell, a child of it, and a grandchild, all deaf to SIGTERM: none is left.</summary>
    [Fact]
    public void When_its_time_is_over_the_whole_group_is_killed()
    {
        var errand = OnAndOff($"trap '' TERM HUP INT; (trap '' TERM HUP; (trap '' TERM HUP; echo $$ > {In("g")}; sh -c 'echo $PPID >> {In("pids")}; echo $$ >> {In("pids")}; sleep 1000') & sleep 1000) & echo $! >> {In("pids")}; wait", limit: 2);
        using var desk = new Desk(_folder.Path, errand);
        desk.Run(errand);
        desk.AwaitNotes(2);
        Assert.Equal(["timedout", "undone"], desk.Notes);
        var pids = Words("pids");
        Assert.Equal(3, pids.Length);
        Desk.Await(() => !pids.Any(IsAlive), () => "the end of " + string.Join(' ', pids.Where(IsAlive)));
        Assert.Contains("time_limit", Assert.Single(desk.Warnings));
    }

    /// <summary>What it leaves behind holds its output open; its own end is what counts.</summary>
    [Fact]
    public void Something_in_the_background_keeps_nobody_waiting()
    {
        var errand = Shell($"echo before; setsid sleep 300 & echo $! > {In("pid")}; echo after", limit: 60);
        using var desk = new Desk(_folder.Path, errand);
        try
        {
            desk.Run(errand);
            desk.AwaitNotes(1);
            Assert.Equal(["ran"], desk.Notes);
            Assert.Equal(["action wake (run for 192.0.2.1): before", "action wake (run for 192.0.2.1): after"], desk.Lines);
            Assert.True(IsAlive(Words("pid")[0]));
        }
        finally
        {
            foreach (var pid in Words("pid"))
                Process.GetProcessById(int.Parse(pid, CultureInfo.InvariantCulture)).Kill();
        }
    }

    /// <summary>As ssh and Node do to what they are given; here something of it writes on after its end, so that the pipe is full. It ran, so it is undone.</summary>
    [Fact]
    public void One_that_makes_its_output_one_that_does_not_wait_has_run_all_the_same()
    {
        Needs.Program("python3");
        var flood = "import os, sys\nos.set_blocking(1, False)\nif os.fork(): os._exit(0)\nos.setsid(); open(sys.argv[1], \"w\").write(str(os.getpid()))\nwhile True:\n  try: os.write(1, b\"x\" * 65536)\n  except BlockingIOError: pass";
        File.WriteAllText(In("flood.py"), flood);
        var errand = Shell($"echo on >> {In("log")}; exec python3 {In("flood.py")} {In("pid")}", $"echo off >> {In("log")}", limit: 60);
        using var desk = new Desk(_folder.Path, errand);
        desk.Run(errand, seconds: 2);
        desk.AwaitNotes(2);
        Assert.Equal(["ran", "undone"], desk.Notes);
        Assert.Equal(["on", "off"], Words("log"));
        Desk.Await(() => !IsAlive(Words("pid")[0]), () => "the end of what wrote on, which nobody reads any more");
    }

    [Fact]
    public void It_may_say_so_much_and_no_more_and_nothing_that_moves_a_terminal()
    {
        var errand = Shell("printf 'a\\033[2Jb\\r\\n\\302\\233c\\n'; printf '\\342\\200\\256\\n' >&2; i=0; while [ $i -lt 100 ]; do echo $i; i=$((i+1)); done; head -c 3000000 /dev/zero", limit: 60);
        using var desk = new Desk(_folder.Path, errand);
        desk.Run(errand);
        desk.AwaitNotes(1);
        Assert.Equal(["ran"], desk.Notes);
        var said = desk.Lines.Select(l => l["action wake (run for 192.0.2.1): ".Length..]).ToArray();
        Assert.Equal(["a\\u001b[2Jb", "\\u009bc", "\\u202e", "0", "1"], said[..5]);
        Assert.Equal(65, said.Length);
        Assert.Matches("^… and 30001[0-9][0-9] bytes more", said[^1]);
    }

    [Fact]
    public void A_steward_that_was_killed_undoes_what_is_due_and_what_it_had_begun_to_undo()
    {
        var due = OnAndOff() with { Service = "due" };
        var long1 = OnAndOff() with { Service = "long" };
        var begun = Shell($"echo on >> {In("begun")}", $"echo off >> {In("begun")}; [ -e {In("go")} ] || sleep 1000", limit: 600) with { Service = "begun" };
        using (var desk = new Desk(_folder.Path, due, long1, begun))
        {
            desk.Run(due, seconds: 2);
            desk.Run(long1, seconds: 600);
            desk.Run(begun, seconds: 600);
            desk.AwaitNotes(3);
            desk.Undo(begun);
            Desk.Await(() => Words("begun").Length == 2, () => "the undo that hangs");
            desk.Stop();
        }

        File.WriteAllText(In("go"), "");
        Thread.Sleep(2500); // the end of one comes while nobody is there
        using var again = new Desk(_folder.Path); // and none of them is in the configuration any more
        again.AwaitNotes(2);
        Assert.Equal(["undone", "undone"], again.Notes);
        Assert.Equal(["on", "off", "off"], Words("begun"));
        Assert.Equal(["on", "on", "off"], Words("log"));
        again.WardenStarted();
        again.AwaitNotes(3);
        Assert.Equal("standing", again.Notes[^1]);
        again.Stop();
        using var rebooted = new Desk(_folder.Path, Guid.NewGuid());
        rebooted.AwaitNotes(1);
        Assert.Equal(["on", "on", "off", "off"], Words("log"));
        rebooted.Stop();
        using var last = new Desk(_folder.Path);
        last.WardenStarted();
        Assert.Empty(last.Notes);
    }

    [Fact]
    public void Only_what_the_steward_has_read_itself_is_run()
    {
        var known = OnAndOff();
        using var desk = new Desk(_folder.Path, known);
        desk.Run(known with { RunAs = "root" });
        desk.Run(known with { Run = ["/bin/false"] });
        desk.Run(known with { Service = "other" });
        desk.AwaitNotes(3);
        Assert.All(desk.Notes, n => Assert.Equal("refused UnknownAction", n));
        Assert.InRange(desk.Readings, 1, 2); // not one for each
        Thread.Sleep(1100);
        var next = known with { TimeLimit = TimeSpan.FromSeconds(9) };
        desk.Errands = [next];
        desk.Run(next); // a warden that has reloaded a moment before
        desk.AwaitNotes(4);
        Assert.Equal("ran", desk.Notes[^1]);
        desk.Errands = null; // and a file with faults changes nothing
        desk.Reload();
        desk.Undo(next);
        desk.AwaitNotes(5);
        desk.Run(known); // the one before is still known, for orders that were under way
        desk.AwaitNotes(6);
        Assert.Equal("ran", desk.Notes[^1]);
    }

    [Fact]
    public void Bytes_that_are_no_order_are_refused()
    {
        var desk = new ErrandDesk(new(_folder.Path, () => [], _ => { }, Desk.Now, a => a(), _ => { }, _ => { }), JournalFolder.Boot);
        Assert.False(desk.Take([]));
        Assert.False(desk.Take(new byte[160]));
        desk.Dispose();
    }

    private static bool IsAlive(string pid) => File.Exists($"/proc/{pid}/stat") && File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1][0] != 'Z';
}
