using System.Runtime.InteropServices;

namespace Postern.Confinement.Native;

internal enum Step
{
    None,
    Groups,
    Group,
    BoundingSet,
    KeepAcrossUsers,
    User,
    Capabilities,
    Ambient,
    NoNewPrivileges,
    Files,
    Program,
}

/// <summary>
/// What a thread gives away, in the order in which each right is still there to give away the next. Everything is laid out beforehand: once the
/// thread may no longer signal its siblings (Landlock's scopes, before Linux 6.15) it must not be the one that starts a garbage collection, so
/// <see cref="Run"/> allocates nothing.
/// </summary>
internal sealed unsafe class Surrender : IDisposable
{
    private const uint CapabilityVersion3 = 0x2008_0522;
    private const int NumberOfCapabilities = 64;

    private readonly Account? _as;
    private readonly Capabilities? _keep;
    private readonly bool _noNewPrivileges;
    private readonly Descriptor? _ruleset;
    private readonly uint* _groups;
    private readonly bool _setGroups;

    public Surrender(Confines confines, Descriptor? ruleset)
    {
        (_as, _keep, _noNewPrivileges, _ruleset) = (confines.As, confines.Keep, confines.NoNewPrivileges, ruleset);
        var groups = _as?.Groups ?? [];
        _groups = (uint*)NativeMemory.Alloc((nuint)groups.Length + 1, sizeof(uint));
        groups.CopyTo(new Span<uint>(_groups, groups.Length));
        // Who is not root may do without the right to set what he has.
        _setGroups = _as is not null && !HasGroups(groups.AsSpan());
    }

    /// <summary>The step that failed, and errno; on a thread that ends afterwards.</summary>
    public (Step Step, int Errno) Run(SpawnRequest request, out int pid)
    {
        pid = 0;
        if (_as is not null && ChangeGroups() is var groups and not Step.None)
            return (groups, Errno.Last);
        if (_keep is { } bound && LowerBound(bound) is var bounding and not Step.None)
            return (bounding, Errno.Last);
        if (_as is not null && ChangeUser() is var user and not Step.None)
            return (user, Errno.Last);
        if (_keep is { } keep && Keep(keep) is var kept and not Step.None)
            return (kept, Errno.Last);
        if (_noNewPrivileges && Libc.ProcessControl(Libc.SetNoNewPrivileges, 1, 0, 0, 0) < 0)
            return (Step.NoNewPrivileges, Errno.Last);
        if (_ruleset is not null && Libc.Call(Numbers.LandlockRestrictSelf, _ruleset.Number, 0, 0, 0, 0) < 0)
            return (Step.Files, Errno.Last);
        var error = request.Run(out pid);
        return error == 0 ? (Step.None, 0) : (Step.Program, error);
    }

    public void Dispose() => NativeMemory.Free(_groups);

    private Step ChangeGroups()
    {
        if (_setGroups && Libc.Call(Numbers.SetGroups, _as!.Groups.Length, (nint)_groups, 0, 0, 0) < 0)
            return Step.Groups;
        var group = (nint)_as!.Group;
        return Libc.Call(Numbers.SetGroup, group, group, group, 0, 0) < 0 ? Step.Group : Step.None;
    }

    /// <summary>
    /// The bounding set is what a program of root's gets when it is executed. Without CAP_SETPCAP it stays; no_new_privs then keeps a program
    /// from getting more than its thread had (capabilities(7)), and a program of another user's gets the ambient set only.
    /// </summary>
    private Step LowerBound(Capabilities keep)
    {
        for (var i = 0; i < NumberOfCapabilities; i++)
        {
            if (((ulong)keep >> i & 1) != 0)
                continue;
            var has = Libc.ProcessControl(Libc.BoundingSetRead, (nuint)i, 0, 0, 0);
            if (has < 0)
                break; // the kernel knows no more of them
            if (has == 1 && Libc.ProcessControl(Libc.BoundingSetDrop, (nuint)i, 0, 0, 0) < 0)
                return _noNewPrivileges && Errno.Last == Errno.NotPermitted ? Step.None : Step.BoundingSet;
        }

        return Step.None;
    }

    private Step ChangeUser()
    {
        if (_keep is not null && Libc.ProcessControl(Libc.SetKeepCapabilities, 1, 0, 0, 0) < 0)
            return Step.KeepAcrossUsers;
        var user = (nint)_as!.User;
        return Libc.Call(Numbers.SetUsers, user, user, user, 0, 0) < 0 ? Step.User : Step.None;
    }

    /// <summary>Ambient, so that the program gets them whoever executes it.</summary>
    private static Step Keep(Capabilities keep)
    {
        // struct __user_cap_header_struct; then effective, permitted, inheritable: the lower halves of all three, and the upper ones.
        var header = stackalloc uint[2] { CapabilityVersion3, 0 };
        var (low, high) = ((uint)keep, (uint)((ulong)keep >> 32));
        var sets = stackalloc uint[6] { low, low, low, high, high, high };
        if (Libc.Call(Numbers.SetCapabilities, (nint)header, (nint)sets, 0, 0, 0) < 0)
            return Step.Capabilities;
        if (Libc.ProcessControl(Libc.Ambient, Libc.AmbientClearAll, 0, 0, 0) < 0)
            return Step.Ambient;
        for (var i = 0; i < NumberOfCapabilities; i++)
        {
            if (((ulong)keep >> i & 1) != 0 && Libc.ProcessControl(Libc.Ambient, Libc.AmbientRaise, (nuint)i, 0, 0) < 0)
                return Step.Ambient;
        }

        return Step.None;
    }

    private static bool HasGroups(ReadOnlySpan<uint> wanted)
    {
        var count = Libc.GetGroups(0, null);
        var have = new uint[Math.Max(count, 0)];
        fixed (uint* first = have)
        {
            if (have.Length > 0 && Libc.GetGroups(count, first) < 0)
                return false;
        }

        return new HashSet<uint>(have).SetEquals(wanted.ToArray());
    }
}
