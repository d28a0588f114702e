using System.Globalization;
using Postern.Confinement.SystemCalls;

namespace Postern.Confinement.Tests;

/// <summary>Truth: seccomp of the running kernel, and the runtime behind it.</summary>
public sealed class WallsTests
{
    private const int NotPermitted = 1;
    private const int NoFamily = 97;
    private const int NoCall = 38;

    private static readonly Confines Free = new() { Keep = null };

    /// <summary>What a gate does all day; a list that is too short shows here.</summary>
    [Theory]
    [InlineData("Sentry")]
    [InlineData("Warden")]
    public void The_runtime_works(string wall)
    {
        var (results, end) = Prison.Run(Free, wall, "collect", "thread", "throw", "generics", "timer", "tasks", "heat", "clock", "random", "suspend");
        Assert.Equal(["collected", "threaded", "caught", "compiled", "rung", "worked", "hot", "told", "drawn", "suspended"], results);
        Assert.Equal(Prison.Through, end);
    }

    [Theory]
    [InlineData("Sentry")]
    [InlineData("Warden")]
    public void It_works_for_a_stranger_in_his_own_view_of_files_too(string wall)
    {
        Needs.Root();
        var confines = new Confines { As = Account.Find("nobody"), Keep = Capabilities.None, Files = Prison.Runtime with { Alone = true } };
        var (results, end) = Prison.Run(confines, wall, "collect", "thread", "throw", "generics", "timer", "tasks");
        Assert.Equal(["collected", "threaded", "caught", "compiled", "rung", "worked"], results);
        Assert.Equal(Prison.Through, end);
    }

    /// <summary>To be told to end, and to fail: neither may hang, or be taken for an attack.</summary>
    [Theory]
    [InlineData("Sentry")]
    [InlineData("Warden")]
    public void It_ends_as_others_do(string wall)
    {
        using var prison = Prison.Start(Free, wall, "clock", "sleep");
        Assert.Equal("told", prison.Next());
        Assert.Equal(0, Native.Libc.Kill(prison.Child.Pid, 15));
        Assert.Equal(new ExitStatus(0, 15), prison.Child.Wait(Prison.Patience));

        var (results, end) = Prison.Run(Free, wall, "clock", "crash");
        Assert.Equal(["told"], results);
        Assert.Equal(new ExitStatus(0, 6), end);
    }

    [Theory]
    [InlineData("Sentry")]
    [InlineData("Warden")]
    public void All_threads_are_behind_it(string wall)
    {
        using var prison = Prison.Start(Free, wall, "thread", "sleep");
        Assert.Equal("threaded", prison.Next());
        var tasks = Directory.GetDirectories($"/proc/{prison.Child.Pid}/task");
        Assert.True(tasks.Length > 3);
        Assert.All(tasks, task => Assert.Contains("Seccomp:\t2", File.ReadAllText(task + "/status"), StringComparison.Ordinal));
        Assert.True(Standing.Of(prison.Child.Pid)!.HasSystemCallFilter);
    }

    [Fact]
    public void The_sentry_may_not_do_the_rest() =>
        AssertDenied("Sentry",
        [
            (NotPermitted, "openat", [-100, "@/etc/passwd", 0]),
            (NotPermitted, "open", ["@/etc/passwd", 0]),
            (NotPermitted, "newfstatat", [-100, "@/etc/passwd", 0, 0]),
            (NotPermitted, "unlinkat", [-100, "@/tmp/nothing", 0]),
            (NotPermitted, "inotify_init1", [0]),
            (NotPermitted, "kill", [1, 0]),
            (NotPermitted, "tgkill", [1, 1, 0]),
            (NotPermitted, "prctl", [38, 1, 0, 0, 0]),
            (NotPermitted, "setsockopt", [3, 1, 1, 0, 0]),
            (NotPermitted, "sendmsg", [3, 0, 0]),
            (NotPermitted, "sendmmsg", [3, 0, 0, 0]),
            (NotPermitted, "ioctl", [3, 0x8914]),
            (NotPermitted, "ioctl", [3, 0x5412]),
            (NotPermitted, "fcntl", [3, 0]),
            (NotPermitted, "clone", [0x11]),
            (NotPermitted, "sched_setscheduler", [0, 1, 0]),
        ]);

    [Theory]
    [InlineData("execve", "@/bin/true", 0, 0)]
    [InlineData("execveat", -100, "@/bin/true", 0, 0, 0)]
    [InlineData("socket", 1, 1, 0)]
    [InlineData("socket", 2, 1, 0)]
    [InlineData("connect", 3, 0, 0)]
    [InlineData("bind", 3, 0, 0)]
    [InlineData("ptrace", 0, 0, 0)]
    [InlineData("process_vm_readv", 1)]
    [InlineData("bpf", 0)]
    [InlineData("mount", 0)]
    [InlineData("io_uring_setup", 1, 0)]
    [InlineData("userfaultfd", 0)]
    [InlineData("keyctl", 0)]
    [InlineData("unshare", 0x4000_0000)]
    public void The_sentry_dies_of(params object[] call)
    {
        var (results, end) = Prison.Run(Free, "Sentry", "clock", Deed(call), "clock");
        Assert.Equal(["told"], results);
        Assert.Equal(Prison.Killed, end);
    }

    /// <summary>A packet socket would send to whomever it is told to, without any right.</summary>
    [Fact]
    public void The_sentry_sends_to_nobody_but_its_own_other_end()
    {
        Assert.Equal($"errno {NotPermitted}", Prison.One(Free, "Sentry", Deed("sendto", 3, "@x", 1, 0, "@sixteen bytes...", 16)));
        var (results, end) = Prison.Run(Free, "Sentry", Deed("sendto", 3, "@sent", 4, 0, 0, 0), "clock");
        Assert.Equal(["sent", "done", "told"], results);
        Assert.Equal(Prison.Through, end);
        Assert.Equal($"errno {NotPermitted}", Prison.One(Free, "Sentry", Deed("sendto", 3, "@x", 1, 0, 1L << 32, 16)));
    }

    /// <summary>By its number, or by the worlds of other numbers (x32).</summary>
    [Theory]
    [InlineData("Sentry")]
    [InlineData("Warden")]
    public void There_is_no_way_around_by_other_numbers(string wall)
    {
        Assert.Equal($"errno {NoCall}", Prison.One(Free, wall, "call 460"));
        Assert.Equal($"errno {NoCall}", Prison.One(Free, wall, Deed("clone3", 0, 0)));
        Assert.Equal(Prison.Killed, Prison.Run(Free, wall, "call " + (0x4000_0000 + 39)).End);
    }

    [Fact]
    public void The_warden_works_with_files_and_with_the_kernel()
    {
        var folder = Directory.CreateTempSubdirectory("postern-warden-").FullName;
        try
        {
            string[] deeds =
            [
                "write " + folder + "/file", "read " + folder + "/file", "list " + folder, "account nobody", "status",
                Deed("socket", 1, 1, 0), Deed("socket", 16, 3, 12), Deed("socketpair", 1, 1, 0, "@room for two"), Deed("inotify_init1", 0), Deed("ioctl", 3, 0x541B, "@long enough"),
            ];
            var (results, end) = Prison.Run(Free, "Warden", deeds);
            Assert.Equal(["written", "read", "listed"], results[..3]);
            Assert.StartsWith("Account", results[3], StringComparison.Ordinal);
            Assert.All(results[5..9], result => Assert.Equal("done", result));
            Assert.Equal(Prison.Through, end);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_warden_may_not_do_the_rest() =>
        AssertDenied("Warden",
        [
            (NoFamily, "socket", [2, 1, 0]),
            (NoFamily, "socket", [2, 3, 255]),
            (NoFamily, "socket", [10, 2, 0]),
            (NoFamily, "socket", [17, 2, 0]),
            (NoFamily, "socket", [40, 1, 0]),
            (NoFamily, "socketpair", [16, 1, 0, 0]),
            (NotPermitted, "connect", [3, 0, 0]),
            (NotPermitted, "setresuid", [0, 0, 0]),
            (NotPermitted, "setgroups", [0, 0]),
            (NotPermitted, "capset", [0, 0]),
            (NotPermitted, "kill", [1, 0]),
            (NotPermitted, "personality", [8]),
            (NotPermitted, "settimeofday", [0, 0]),
            (NotPermitted, "clone", [0x11]),
            (NotPermitted, "clone", [0x4001_0900]),
            (NotPermitted, "fork", []),
            (NotPermitted, "io_uring_setup", [1, 0]),
            (NotPermitted, "ioctl", [3, 0x5412]),
            (NotPermitted, "prctl", [4, 1, 0, 0, 0]),
            (NotPermitted, "setrlimit", [7, 0]),
            (NotPermitted, "seccomp", [0, 0, 0]),
            (NotPermitted, "mknodat", [-100, "@/tmp/x", 0x2000]),
        ]);

    [Theory]
    [InlineData("execve", "@/bin/true", 0, 0)]
    [InlineData("ptrace", 0, 0, 0)]
    [InlineData("process_vm_writev", 1)]
    [InlineData("bpf", 0)]
    [InlineData("mount", 0)]
    [InlineData("chroot", "@/")]
    [InlineData("unshare", 0x1000_0000)]
    [InlineData("setns", 0, 0)]
    [InlineData("finit_module", 0)]
    [InlineData("reboot", 0)]
    [InlineData("perf_event_open", 0)]
    [InlineData("open_by_handle_at", 0, 0, 0)]
    public void The_warden_dies_of(params object[] call) => Assert.Equal(Prison.Killed, Prison.Run(Free, "Warden", Deed(call)).End);

    [Fact]
    public void Limits_are_lowered_and_never_raised()
    {
        var limits = Prison.One(Free, "none", "limits").Split('\n').Where(line => line.Length > 50)
            .ToDictionary(line => line[..26].Trim(), line => line[26..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[..2], StringComparer.Ordinal);
        Assert.Equal(["0", "0"], limits["Max core file size"]);
        Assert.Equal(["77", "77"], limits["Max open files"]);
        Assert.Equal(["1048576", "1048576"], limits["Max file size"]);
        Assert.Equal(["500", "500"], limits["Max processes"]);
    }

    [Fact]
    public void A_file_that_grows_too_large_is_an_error_and_no_end()
    {
        var path = Path.GetTempFileName();
        try
        {
            var (results, end) = Prison.Run(Free, "none", $"fill {path} 5000", $"fill {path} 4000");
            Assert.StartsWith(nameof(ArgumentOutOfRangeException), results[0], StringComparison.Ordinal);
            Assert.Equal("filled", results[1]);
            Assert.Equal(Prison.Through, end);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>proc(5): what may not be dumped belongs to root, whoever runs it.</summary>
    [Fact]
    public void Nobody_of_the_same_user_looks_into_its_memory()
    {
        Needs.Root();
        var nobody = new Confines { As = Account.Find("nobody") };
        Assert.Equal(["forbidden", "errno 13"], Prison.Run(nobody, "none", "dump", Deed("openat", -100, "@/proc/self/environ", 0)).Results);
        Assert.Equal("done", Prison.One(nobody, "none", Deed("openat", -100, "@/proc/self/environ", 0)));
    }

    /// <summary>In one prisoner, which lives on; calls that this architecture does not have are left out.</summary>
    private static void AssertDenied(string wall, (int Errno, string Call, object[] Arguments)[] calls)
    {
        var here = calls.Where(call => KernelHeaders.Has(call.Call)).ToArray();
        var (results, end) = Prison.Run(Free, wall, [.. here.Select(call => Deed([call.Call, .. call.Arguments]))]);
        Assert.Equal(here.Select(call => $"{call.Call} errno {call.Errno}"), here.Zip(results, (call, result) => $"{call.Call} {result}"));
        Assert.Equal(Prison.Through, end);
    }

    private static string Deed(params object[] call) =>
        string.Join(' ', call.Skip(1).Select(argument => Convert.ToString(argument, CultureInfo.InvariantCulture)!.Replace(' ', '_')).Prepend("call " + KernelHeaders.Number((string)call[0])));
}
