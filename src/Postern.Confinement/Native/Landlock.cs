using System.Collections.Immutable;

namespace Postern.Confinement.Native;

/// <summary>landlock(7): what is handled and not allowed by a rule is denied. The numbers are those of linux/landlock.h.</summary>
internal static unsafe class Landlock
{
    private const uint AskVersion = 1;
    private const int PathBeneath = 1;

    private const ulong Execute = 1 << 0;
    private const ulong WriteFile = 1 << 1;
    private const ulong ReadFile = 1 << 2;
    private const ulong ReadFolder = 1 << 3;
    private const ulong Refer = 1 << 13;
    private const ulong Truncate = 1 << 14;
    private const ulong ControlDevice = 1 << 15;

    /// <summary>Removing and making of every kind, in folders: bits 4 to 12.</summary>
    private const ulong Change = ((1UL << 13) - 1) & ~(Execute | WriteFile | ReadFile | ReadFolder);

    private const ulong BindAndConnectTcp = 1 << 0 | 1 << 1;
    private const ulong AbstractSocketsAndSignals = 1 << 0 | 1 << 1;

    /// <summary>The only rights that a rule for something that is no folder may name.</summary>
    private const ulong OfFiles = Execute | WriteFile | ReadFile | Truncate | ControlDevice;

    /// <summary>0: this kernel has none, or it is switched off.</summary>
    public static int Version { get; } = (int)Math.Max(Libc.Call(Numbers.LandlockCreateRuleset, 0, 0, (nint)AskVersion, 0, 0), 0);

    /// <summary>A ruleset to restrict a thread to; null where there is no Landlock.</summary>
    public static Descriptor? Build(FileView view, string program)
    {
        if (Version == 0)
            return null;
        var ruleset = Create(view.Alone);
        try
        {
            Allow(ruleset, view.Read, ReadFile | ReadFolder);
            Allow(ruleset, view.ReadWrite, Handled & ~Execute);
            Allow(ruleset, view.Execute, Execute | ReadFile | ReadFolder);
            Allow(ruleset, Loading.Of(program), Execute | ReadFile);
            return ruleset;
        }
        catch
        {
            ruleset.Dispose();
            throw;
        }
    }

    /// <summary>By version: 2 brought renaming between folders, 3 truncate(2), 5 ioctl(2) on devices.</summary>
    private static ulong Handled =>
        Execute | WriteFile | ReadFile | ReadFolder | Change | (Version >= 2 ? Refer : 0) | (Version >= 3 ? Truncate : 0) | (Version >= 5 ? ControlDevice : 0);

    private static Descriptor Create(bool alone)
    {
        // struct landlock_ruleset_attr: handled_access_fs, handled_access_net (4), scoped (6).
        var attributes = stackalloc ulong[3] { Handled, alone ? BindAndConnectTcp : 0, alone ? AbstractSocketsAndSignals : 0 };
        var size = sizeof(ulong) * Version switch { >= 6 => 3, >= 4 => 2, _ => 1 };
        var ruleset = (int)Libc.Call(Numbers.LandlockCreateRuleset, (nint)attributes, size, 0, 0, 0);
        return ruleset >= 0 ? Descriptor.Adopt(ruleset) : throw Failed("create a ruleset");
    }

    private static void Allow(Descriptor ruleset, ImmutableArray<string> paths, ulong rights)
    {
        // struct landlock_path_beneath_attr, packed: allowed_access, parent_fd.
        var rule = stackalloc byte[sizeof(ulong) + sizeof(int)];
        foreach (var path in paths)
        {
            var opened = Libc.Open(path, Libc.OpenPath | Libc.CloseOnExec, 0);
            if (opened < 0 && Errno.Last is Errno.NoEntry or Errno.NotFolder)
                continue;
            if (opened < 0)
                throw Failed($"open '{path}'");
            using var place = Descriptor.Adopt(opened);
            *(ulong*)rule = rights & Handled & (Directory.Exists(path) ? ulong.MaxValue : OfFiles);
            *(int*)(rule + sizeof(ulong)) = opened;
            if (Libc.Call(Numbers.LandlockAddRule, ruleset.Number, PathBeneath, (nint)rule, 0, 0) < 0)
                throw Failed($"allow '{path}'");
        }
    }

    private static ConfinementException Failed(string what) =>
        new($"cannot {what} for Landlock: {Errno.Text(Errno.Last)}", "a view of files names full paths that we may see ourselves");
}
