using System.Collections.Immutable;
using System.Globalization;
using Postern.Confinement.Native;

namespace Postern.Confinement;

/// <summary>What to execute.</summary>
/// <param name="Path">Full path.</param>
/// <param name="Arguments">The first is the name that it goes by.</param>
/// <param name="Environment">All of it: <c>NAME=value</c>.</param>
public sealed record ChildProgram(string Path, ImmutableArray<string> Arguments, ImmutableArray<string> Environment)
{
    /// <summary>Become descriptors 0, 1, 2, … of the child, which has no others; null: /dev/null. They stay ours to dispose of.</summary>
    public ImmutableArray<Descriptor?> Descriptors { get; init; } = [null, null, null];
}

/// <summary>How a process ended: by itself with a code, or by a signal.</summary>
public readonly record struct ExitStatus(int Code, int Signal)
{
    /// <summary>It ended, and somebody else was told how.</summary>
    public static readonly ExitStatus Unknown = new(-1, 0);

    public override string ToString() => Signal != 0 ? $"signal {Signal}" : $"exit code {Code}";
}

/// <summary>
/// A process that we started, with rights cut before its first instruction. User, groups, capabilities, no_new_privs and Landlock belong to a
/// thread in Linux: a thread of ours gives its own away for good, starts the child, which inherits what is left, and ends.
/// </summary>
public sealed unsafe class Child : IDisposable
{
    private const int KillSignal = 9;

    /// <summary>CLD_EXITED of siginfo_t; all else that waitid(2) tells of an end is a signal.</summary>
    private const int EndedByItself = 1;

    /// <summary>The thread calls a handful of functions of libc, one of which (posix_spawn) makes its own stack.</summary>
    private const int StackSize = 256 * 1024;

    /// <summary>How long the kernel may take to end what was killed. More takes only who waits for a broken disk; he is left to init.</summary>
    private static readonly TimeSpan Dying = TimeSpan.FromSeconds(2);

    private static readonly Lock Starting = new();

    private readonly Descriptor _handle;
    private readonly bool _hasGroup;
    private readonly Lock _lock = new();
    private ExitStatus? _ended;
    private bool _disposed;

    private Child(int pid, Descriptor handle, bool hasGroup) => (Pid, _handle, _hasGroup) = (pid, handle, hasGroup);

    /// <summary>Nobody else's until <see cref="Dispose"/>, also when the process has ended.</summary>
    public int Pid { get; }

    /// <summary>Whether its <see cref="FileView"/> could be put up: this kernel has Landlock.</summary>
    public bool HasFileView { get; private init; }

    /// <summary>Resident memory in bytes (proc(5), statm); 0 when it is gone.</summary>
    public long Resident
    {
        get
        {
            try
            {
                var fields = Unlocked.ReadText(string.Create(CultureInfo.InvariantCulture, $"/proc/{Pid}/statm")).Split(' ');
                return long.Parse(fields[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return 0;
            }
        }
    }

    /// <exception cref="ConfinementException">A right could not be cut, or the program not be started. Nothing of ours has changed.</exception>
    /// <exception cref="IOException">No descriptors are left.</exception>
    public static Child Start(ChildProgram program, Confines confines)
    {
        using var ruleset = confines.Files is { } files ? files.Build(program.Path) : null;
        using var request = new SpawnRequest(program, confines.OwnSession);
        using var surrender = new Surrender(confines, ruleset);
        var (failure, pid) = OnThreadThatEnds(surrender, request);
        if (failure.Step != Step.None)
            throw Failures.Of(failure.Step, failure.Errno, program, confines);
        return new(pid, Handle(pid), confines.OwnSession) { HasFileView = ruleset is not null };
    }

    /// <summary>
    /// Waits for its end, and takes note of it; null when it has not ended in that time. Null as time: for ever. The process stays a zombie
    /// until <see cref="Dispose"/>, so that its number is nobody else's.
    /// </summary>
    public ExitStatus? Wait(TimeSpan? time)
    {
        using var handle = new Borrowed(_handle);
        if (!Waiting.ForInput(handle.Number, time))
            return null;
        lock (_lock)
            return _ended ??= Look(handle.Number, Libc.WaitLeave);
    }

    /// <summary>SIGKILL, if it still runs.</summary>
    public void Kill()
    {
        using var handle = new Borrowed(_handle);
        _ = Libc.Call(Numbers.SendSignalByPidFd, handle.Number, KillSignal, 0, 0, 0);
    }

    /// <summary>SIGKILL to all of its process group, also after its own end; only to itself when it has no group of its own.</summary>
    public void KillGroup()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_hasGroup)
                _ = Libc.Kill(-Pid, KillSignal);
            else
                Kill();
        }
    }

    /// <summary>Kills it, if it still runs, and leaves no zombie.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            Kill();
            using (var handle = new Borrowed(_handle))
            {
                if (Waiting.ForInput(handle.Number, Dying))
                    _ended = Look(handle.Number, options: 0);
            }

            _handle.Dispose();
        }
    }

    private static ((Step Step, int Errno) Failure, int Pid) OnThreadThatEnds(Surrender surrender, SpawnRequest request)
    {
        // A thread that changes its user makes the whole process undumpable (prctl(2)), which would change the owner of our /proc files. One at a
        // time, or one would take what another has made of it for how it was.
        using var alone = Starting.EnterScope();
        var dumpable = Libc.ProcessControl(Libc.GetDumpable, 0, 0, 0, 0);
        var failure = (Step.None, 0);
        var pid = 0;
        var thread = new Thread(() => failure = surrender.Run(request, out pid), StackSize) { IsBackground = true, Name = "start child" };
        thread.Start();
        thread.Join();
        if (dumpable is 0 or 1)
            _ = Libc.ProcessControl(Libc.SetDumpable, (nuint)dumpable, 0, 0, 0);
        return (failure, pid);
    }

    /// <summary>It cannot have become another process's: nobody but us reaps it.</summary>
    private static Descriptor Handle(int pid)
    {
        var handle = (int)Libc.Call(Numbers.OpenPidFd, pid, 0, 0, 0, 0);
        if (handle >= 0)
            return Descriptor.Adopt(handle);
        var error = Errno.Last;
        _ = Libc.Kill(pid, KillSignal);
        Libc.SignalInfo info;
        while (Libc.Interrupted(Libc.WaitFor(Libc.ByPid, (uint)pid, &info, Libc.WaitExited)))
        {
        }

        throw new ConfinementException($"cannot watch the process that was started: {Errno.Text(error)}", "Linux 5.4 or newer is needed, and a free descriptor");
    }

    private static ExitStatus? Look(int handle, int options)
    {
        Libc.SignalInfo info = default;
        while (Libc.Interrupted(Libc.WaitFor(Libc.ByPidFd, (uint)handle, &info, Libc.WaitExited | Libc.WaitNoHang | options)))
        {
        }

        return info switch
        {
            { Pid: 0 } => ExitStatus.Unknown, // reaped by the kernel: this process ignores SIGCHLD
            { Code: EndedByItself } => new(info.Status, 0),
            _ => new(0, info.Status),
        };
    }
}
