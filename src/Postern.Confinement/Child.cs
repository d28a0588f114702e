using System.Collections.Immutable;

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
    public override string ToString() => Signal != 0 ? $"signal {Signal}" : $"exit code {Code}";
}

/// <summary>
/// A process that we started, with rights cut before its first instruction. User, groups, capabilities, no_new_privs and Landlock belong to a
/// thread in Linux: a thread of ours gives its own away for good, starts the child, which inherits what is left, and ends.
/// </summary>
public sealed class Child : IDisposable
{
    private Child(int pid) => Pid = pid;

    public int Pid { get; }

    /// <summary>Whether its <see cref="FileView"/> could be put up: this kernel has Landlock.</summary>
    public bool HasFileView { get; private init; }

    /// <summary>Resident memory in bytes (proc(5), statm); 0 when it is gone.</summary>
    public long Resident => throw new NotSupportedException("not yet");

    /// <exception cref="ConfinementException">A right could not be cut, or the program not be started. Nothing of ours has changed.</exception>
    public static Child Start(ChildProgram program, Confines confines) => throw new NotSupportedException("not yet");

    /// <summary>Waits for its end, and takes note of it; null when it has not ended in that time. Null as time: for ever.</summary>
    public ExitStatus? Wait(TimeSpan? time) => throw new NotSupportedException("not yet");

    /// <summary>SIGKILL, if it still runs.</summary>
    public void Kill() => throw new NotSupportedException("not yet");

    /// <summary>SIGKILL to all of its process group.</summary>
    public void KillGroup() => throw new NotSupportedException("not yet");

    public void Dispose() => throw new NotSupportedException("not yet");
}
