using System.Collections.Immutable;
using Postern.Confinement.Native;

namespace Postern.Confinement;

/// <summary>Numbers of linux/capability.h, as bits.</summary>
[Flags]
public enum Capabilities : ulong
{
    None = 0,
    Kill = 1UL << 5,
    SetGid = 1UL << 6,
    SetUid = 1UL << 7,
    SetPcap = 1UL << 8,
    NetAdmin = 1UL << 12,
    NetRaw = 1UL << 13,
}

/// <summary>What a child may see of the file system (Landlock, linux/landlock.h), by path; folders with all that is in them. What is not there is left out.</summary>
public sealed record FileView
{
    public ImmutableArray<string> Read { get; init; } = [];

    public ImmutableArray<string> ReadWrite { get; init; } = [];

    /// <summary>Also read.</summary>
    public ImmutableArray<string> Execute { get; init; } = [];

    /// <summary>Neither TCP connections nor abstract sockets nor signals to processes outside, where the kernel can forbid them.</summary>
    public bool Alone { get; init; }

    /// <summary>Whether this kernel has Landlock, and it is switched on.</summary>
    public static bool IsSupported => Landlock.Version > 0;

    internal Descriptor? Build(string program) => Landlock.Build(this, program);
}

/// <summary>How little a child may do, from its first instruction on.</summary>
public sealed record Confines
{
    /// <summary>Null: as we are.</summary>
    public Account? As { get; init; }

    /// <summary>All that is left to it; null: what we have.</summary>
    public Capabilities? Keep { get; init; } = Capabilities.None;

    /// <summary>Neither it nor what it starts gains a right by executing something (prctl(2), PR_SET_NO_NEW_PRIVS).</summary>
    public bool NoNewPrivileges { get; init; } = true;

    /// <summary>Null: as we see it.</summary>
    public FileView? Files { get; init; }

    /// <summary>A session and process group of its own: what a terminal sends does not reach it, and all that it starts can be ended with it.</summary>
    public bool OwnSession { get; init; } = true;
}
