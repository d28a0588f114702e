using System.Globalization;

namespace Postern.Confinement.Tests;

/// <summary>Truth: proc(5), of what was started and of ourselves.</summary>
public sealed class ChildTests
{
    private static readonly string[] CapabilitySets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

    [Fact]
    public void A_child_of_another_user_has_nothing_left_but_what_it_is_to_keep()
    {
        Needs.Root();
        var nobody = Account.Find("nobody")!;
        var status = Status(new Confines { As = nobody, Keep = Capabilities.NetAdmin });
        Assert.Equal(Four(nobody.User), status["Uid"]);
        Assert.Equal(Four(nobody.Group), status["Gid"]);
        Assert.Equal(nobody.Groups.Order().Select(g => g.ToString(CultureInfo.InvariantCulture)), status["Groups"].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.All(CapabilitySets, set => Assert.Equal("0000000000001000", status[set]));
        Assert.Equal("1", status["NoNewPrivs"]);
    }

    [Fact]
    public void A_child_of_root_has_exactly_what_it_is_to_keep()
    {
        Needs.Root();
        var status = Status(new Confines { Keep = Capabilities.NetAdmin | Capabilities.NetRaw });
        Assert.Equal(Four(0), status["Uid"]);
        Assert.All(CapabilitySets, set => Assert.Equal("0000000000003000", status[set]));
    }

    [Fact]
    public void Nothing_is_left_when_nothing_is_to_be_kept()
    {
        Needs.Root();
        foreach (var account in new[] { null, Account.Find("nobody") })
        {
            var status = Status(new Confines { As = account, Keep = Capabilities.None });
            Assert.All(CapabilitySets, set => Assert.Equal("0000000000000000", status[set]));
        }
    }

    [Fact]
    public void A_program_for_which_nothing_is_cut_has_what_we_have()
    {
        var ours = Parse(File.ReadAllText("/proc/self/status"));
        var status = Status(new Confines { Keep = null, NoNewPrivileges = false });
        Assert.All([.. CapabilitySets, "Uid", "Gid", "Groups", "NoNewPrivs"], field => Assert.Equal(ours[field], status[field]));
    }

    /// <summary>As systemd does with <c>User=</c> and <c>AmbientCapabilities=</c>.</summary>
    [Fact]
    public void Who_is_not_root_hands_on_what_he_has()
    {
        Needs.Root();
        var nobody = Account.Find("nobody")!;
        var steward = new Confines { As = nobody, Keep = Capabilities.NetAdmin | Capabilities.NetRaw | Capabilities.SetUid };
        var status = Parse(Prison.One(steward, "none", $"nest {(ulong)Capabilities.NetAdmin}"));
        Assert.Equal(Four(nobody.User), status["Uid"]);
        Assert.All(["CapInh", "CapPrm", "CapEff", "CapAmb"], set => Assert.Equal("0000000000001000", status[set]));

        status = Parse(Prison.One(steward, "none", "nest 0"));
        Assert.All(["CapInh", "CapPrm", "CapEff", "CapAmb"], set => Assert.Equal("0000000000000000", status[set]));
    }

    /// <summary>Containers run like this: root, without CAP_SETPCAP, so that the bounding set stays.</summary>
    [Fact]
    public void Root_who_cannot_lower_the_bounding_set_keeps_children_small_all_the_same()
    {
        Needs.Root();
        var container = new Confines { Keep = Capabilities.NetAdmin | Capabilities.NetRaw };
        var status = Parse(Prison.One(container, "none", $"nest {(ulong)Capabilities.NetAdmin}"));
        Assert.Equal(Four(0), status["Uid"]);
        Assert.Equal("0000000000003000", status["CapBnd"]);
        Assert.All(["CapPrm", "CapEff"], set => Assert.Equal("0000000000001000", status[set]));
    }

    [Fact]
    public void Nobody_hands_on_what_he_has_not()
    {
        Needs.Root();
        var told = Prison.One(new Confines { As = Account.Find("nobody"), Keep = Capabilities.NetRaw }, "none", $"nest {(ulong)Capabilities.NetAdmin}");
        Assert.Contains("NetAdmin", told, StringComparison.Ordinal);
        Assert.Contains("Operation not permitted", told, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_becomes_another_user_without_the_right_to()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "needs not to be root");
        var failure = Assert.Throws<ConfinementException>(() => Child.Start(Program("/bin/true"), new Confines { As = Account.Find("root") }));
        Assert.Contains("root", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_has_the_descriptors_that_it_is_given_and_no_others()
    {
        using var zero = File.OpenRead("/dev/zero");
        const int duplicate = 0; // F_DUPFD, without close-on-exec: as what we were started with
        using var extra = Descriptor.Adopt(Native.Libc.FileControl((int)zero.SafeFileHandle.DangerousGetHandle(), duplicate, 150));
        Assert.Equal(150, extra.Number);
        Assert.Equal("0 1 2 3", Descriptors(2));
        Assert.Equal("0 1 2 3 4 5 6 7 8 9", Descriptors(8));

        // /bin/ls opens the folder that it lists, as the next number.
        static string Descriptors(int last)
        {
            var (read, write) = Pipe.Make();
            using var output = read;
            Descriptor?[] table = [null, write, .. Enumerable.Repeat<Descriptor?>(null, last - 1)];
            using var child = Child.Start(new("/bin/ls", ["ls", "/proc/self/fd"], []) { Descriptors = [.. table] }, new Confines { Keep = null });
            write.Dispose();
            return string.Join(' ', Open.ReadAll(output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).Order());
        }
    }

    /// <summary>Numbers of ours that are numbers of the child's, in another order.</summary>
    [Fact]
    public void Descriptors_may_change_places()
    {
        var (readA, writeA) = Pipe.Make();
        var (readB, writeB) = Pipe.Make();
        var table = new Descriptor?[Math.Max(writeA.Number, writeB.Number) + 1];
        table[writeA.Number] = writeB;
        table[writeB.Number] = writeA;
        using (readA)
        using (readB)
        {
            var command = $"echo A >&{writeB.Number}; echo B >&{writeA.Number}";
            using var child = Child.Start(new("/bin/bash", ["bash", "-c", command], []) { Descriptors = [.. table] }, new Confines { Keep = null });
            writeA.Dispose();
            writeB.Dispose();
            Assert.Equal("A\n", Open.ReadAll(readA));
            Assert.Equal("B\n", Open.ReadAll(readB));
            Assert.Equal(new ExitStatus(0, 0), child.Wait(Prison.Patience));
        }
    }

    [Fact]
    public void Signals_are_as_in_a_fresh_process()
    {
        var status = Status(new Confines { Keep = null });
        const ulong ofLibc = 0x1_8000_0000; // 32 and 33, which posix_spawn leaves to the libc of the child
        Assert.Equal(0UL, ulong.Parse(status["SigIgn"], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & ~ofLibc); // .NET ignores SIGPIPE, and would hand that on
        Assert.Equal("0000000000000000", status["SigBlk"]);
    }

    [Fact]
    public void Its_session_is_its_own_or_ours()
    {
        // proc(5), stat: pid (comm) state ppid pgrp session
        Assert.True(SessionOf(true) is var own && own.Pid == own.Session && own.Pid == own.Group);
        Assert.True(SessionOf(false) is var shared && shared.Pid != shared.Session);

        static (string Pid, string Group, string Session) SessionOf(bool own)
        {
            var fields = Output(new Confines { Keep = null, OwnSession = own }, "/bin/cat", "/proc/self/stat").Split(' ');
            return (fields[0], fields[4], fields[5]);
        }
    }

    [Fact]
    public void What_it_is_told_reaches_it_unchanged()
    {
        var text = Output(new Confines { Keep = null }, "/bin/sh", "-c", "printf '%s|' \"$@\"; printf '%s' \"$PATH\"", "sh", "", "two words", "späß", "$(x)\n");
        Assert.Equal("|two words|späß|$(x)\n|/usr/bin:/bin", text);
        Assert.Throws<ArgumentException>(() => Child.Start(new("/bin/echo", ["echo", "a\0b"], []), new Confines { Keep = null }));
    }

    [Fact]
    public void How_it_ended_is_told_as_often_as_one_asks()
    {
        using var child = Child.Start(Program("/bin/sh", "-c", "exit 42"), new Confines { Keep = null });
        Assert.Equal(new ExitStatus(42, 0), child.Wait(Prison.Patience));
        Assert.Equal(new ExitStatus(42, 0), child.Wait(TimeSpan.Zero));
        Assert.Equal("exit code 42", child.Wait(null)!.Value.ToString());
    }

    [Fact]
    public void Killing_ends_it_and_its_memory()
    {
        using var child = Child.Start(Program("/bin/sleep", "1000"), new Confines { Keep = null });
        Assert.Null(child.Wait(TimeSpan.FromMilliseconds(20)));
        Assert.True(child.Resident > 100_000);
        child.Kill();
        Assert.Equal(new ExitStatus(0, 9), child.Wait(Prison.Patience));
        Assert.Equal(0, child.Resident);
        child.Kill(); // once more does no harm
    }

    /// <summary>An errand that went into the background, and ended.</summary>
    [Fact]
    public void The_group_can_be_killed_after_its_leader_has_ended()
    {
        var (read, write) = Pipe.Make();
        using var output = read;
        using var child = Child.Start(new("/bin/sh", ["sh", "-c", "sleep 1000 & echo started"], []) { Descriptors = [null, write, null] }, new Confines { Keep = null });
        write.Dispose();
        Assert.Equal(new ExitStatus(0, 0), child.Wait(Prison.Patience));
        Assert.True(Directory.Exists($"/proc/{child.Pid}")); // and its number nobody else's
        child.KillGroup();
        Assert.Equal("started\n", Open.ReadAll(output)); // ends when the last writer does
    }

    [Fact]
    public void Disposing_ends_what_still_runs()
    {
        var child = Child.Start(Program("/bin/sleep", "1000"), new Confines { Keep = null });
        child.Dispose();
        Assert.False(Directory.Exists($"/proc/{child.Pid}"));
        child.Dispose();
    }

    [Theory]
    [InlineData("/nonexistent/program", "No such file")]
    [InlineData("/etc/passwd", "Permission denied")]
    public void A_program_that_cannot_be_started_is_told(string path, string reason)
    {
        var failure = Assert.Throws<ConfinementException>(() => Child.Start(Program(path), new Confines { Keep = null }));
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.Hint);
    }

    [Fact]
    public void Standing_is_what_the_kernel_says()
    {
        using var child = Child.Start(Program("/bin/sleep", "1000"), new Confines());
        var standing = Standing.Of(child.Pid)!;
        Assert.Equal((Account.CurrentUser, Capabilities.None, true, false), (standing.User, standing.Capabilities, standing.NoNewPrivileges, standing.HasSystemCallFilter));
        Assert.Null(Standing.Of(0x7FFF_FFFF));
        Assert.InRange(Standing.ResidentOf(child.Pid), 1, 1L << 32);
        Assert.Equal(0, Standing.ResidentOf(0x7FFF_FFFF));
    }

    internal static ChildProgram Program(string path, params string[] arguments) => new(path, [path, .. arguments], ["PATH=/usr/bin:/bin"]);

    private static Dictionary<string, string> Status(Confines confines) => Parse(Output(confines, "/bin/cat", "/proc/self/status"));

    internal static string Output(Confines confines, string path, params string[] arguments)
    {
        var (read, write) = Pipe.Make();
        using var output = read;
        using var child = Child.Start(Program(path, arguments) with { Descriptors = [null, write, write] }, confines);
        write.Dispose();
        var text = Open.ReadAll(output);
        Assert.Equal(new ExitStatus(0, 0), child.Wait(Prison.Patience));
        return text;
    }

    internal static Dictionary<string, string> Parse(string status) =>
        status.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(':', 2)).ToDictionary(field => field[0], field => field[1].Trim(), StringComparer.Ordinal);

    private static string Four(uint number) => string.Join('\t', Enumerable.Repeat(number, 4));
}
