namespace Postern.Confinement;

/// <summary>What a process may do, as the kernel tells it (proc(5), status).</summary>
/// <param name="User">Effective.</param>
/// <param name="Capabilities">Effective.</param>
/// <param name="NoNewPrivileges">As set by prctl(2).</param>
/// <param name="HasSystemCallFilter">Seccomp mode 2.</param>
/// <param name="Resident">Bytes of memory.</param>
public sealed record Standing(uint User, Capabilities Capabilities, bool NoNewPrivileges, bool HasSystemCallFilter, long Resident)
{
    /// <summary>Null: there is no such process, or we may not look.</summary>
    public static Standing? Of(int pid) => throw new NotSupportedException("not yet");
}
