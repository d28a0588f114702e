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
public static class Walls
{
    /// <summary>seccomp(2) with SECCOMP_FILTER_FLAG_TSYNC. Needs no_new_privs.</summary>
    /// <exception cref="ConfinementException">The kernel has no seccomp, or a thread would not follow.</exception>
    public static void Enter(SystemCallProfile profile) => throw new NotSupportedException("not yet");

    /// <summary>setrlimit(2), both limits; null: as it is. No core dumps, ever: they would hold keys.</summary>
    public static void Limit(int? openFiles = null, long? fileBytes = null, int? processes = null) => throw new NotSupportedException("not yet");

    /// <summary>Nobody of the same user reads its memory or traces it (PR_SET_DUMPABLE).</summary>
    public static void ForbidDumps() => throw new NotSupportedException("not yet");
}
