using System.Reflection;
using System.Runtime.InteropServices;
using Postern.Confinement.Native;
using Postern.Confinement.SystemCalls;

namespace Postern.Confinement;

/// <summary>Which system calls are left.</summary>
public enum SystemCallProfile
{
    /// <summary>Reads what is open, writes to what is open, computes.</summary>
    Sentry,

    /// <summary>Files, netlink and unix sockets; no network, no other programs.</summary>
    Warden,
}

/// <summary>What a process does to itself, to all of its threads and for good.</summary>
public static unsafe class Walls
{
    /// <summary>seccomp(2) with SECCOMP_FILTER_FLAG_TSYNC. Needs no_new_privs.</summary>
    /// <param name="profile">Which calls are left. The sentry's can open nothing, so what it runs is loaded first.</param>
    /// <param name="runs">What the sentry runs; none: what was started.</param>
    /// <exception cref="ConfinementException">The kernel has no seccomp, we do not know the calls of this machine, or a thread would not follow.</exception>
    public static void Enter(SystemCallProfile profile, params ReadOnlySpan<Assembly> runs)
    {
        var table = SystemCallTable.Ours ?? throw new ConfinementException(
            $"no list of system calls for {RuntimeInformation.ProcessArchitecture}", "x86-64 and arm64 are supported");
        if (profile == SystemCallProfile.Sentry)
            LoadedAhead.All(runs.IsEmpty && Assembly.GetEntryAssembly() is { } started ? [started] : runs);
        Install(Profiles.Of(profile, table, (uint)Environment.ProcessId).Lines);
    }

    /// <summary>
    /// setrlimit(2), both limits, never above what they are; null: as it is. No core dumps, ever: they would hold keys. What would make a file larger than
    /// <paramref name="fileBytes"/>, or than whoever started us allows, fails (EFBIG), and does not end the process.
    /// </summary>
    /// <exception cref="ConfinementException">The kernel would not.</exception>
    public static void Limit(int? openFiles = null, long? fileBytes = null, int? processes = null)
    {
        _ = Libc.OnSignal(Libc.SignalFileTooLarge, Libc.Ignore);
        Lower(Libc.LimitCore, 0);
        if (openFiles is { } descriptors)
            Lower(Libc.LimitDescriptors, (ulong)descriptors);
        if (processes is { } threads)
            Lower(Libc.LimitProcesses, (ulong)threads);
        if (fileBytes is { } bytes)
            Lower(Libc.LimitFile, (ulong)bytes);
    }

    /// <summary>Nobody of the same user reads its memory or traces it (PR_SET_DUMPABLE).</summary>
    /// <exception cref="ConfinementException">The kernel would not.</exception>
    public static void ForbidDumps()
    {
        if (Libc.ProcessControl(Libc.SetDumpable, 0, 0, 0, 0) < 0)
            throw new ConfinementException($"cannot forbid dumps: {Errno.Text(Errno.Last)}", "something before us forbids prctl(2)");
    }

    /// <summary>What <see cref="Enter"/> would load before it walls a sentry in. Costs that no time which was loaded already.</summary>
    /// <param name="runs">As there.</param>
    public static void LoadAhead(params ReadOnlySpan<Assembly> runs) => LoadedAhead.All(runs);

    private static void Install(ReadOnlySpan<Instruction> lines)
    {
        nint result;
        fixed (Instruction* first = lines)
        {
            var program = new Libc.FilterProgram { Length = (ushort)lines.Length, Lines = first };
            result = Libc.Call(Numbers.SecureComputing, Libc.SetFilter, Libc.AllThreads, (nint)(&program), 0, 0);
        }

        if (result < 0)
            throw new ConfinementException($"cannot filter system calls (seccomp): {Errno.Text(Errno.Last)}", "the kernel needs CONFIG_SECCOMP_FILTER, and the process no_new_privs");
        if (result > 0)
            throw new ConfinementException($"cannot filter system calls (seccomp): thread {result} has a filter of its own", "start without such a library");
    }

    private static void Lower(int what, ulong to)
    {
        Libc.ResourceLimit limit;
        var failed = Libc.GetLimit(what, &limit) < 0;
        limit.Most = Math.Min(limit.Most, to);
        limit.Now = Math.Min(limit.Now, limit.Most);
        if (failed || Libc.SetLimit(what, &limit) < 0)
            throw new ConfinementException($"cannot lower limit {what} to {to}: {Errno.Text(Errno.Last)}", "limits are lowered before system calls are");
    }
}
