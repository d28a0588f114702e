using Postern.Keys;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>
/// Whether a program can be run, and who else could change it: as sshd and sudo see it, whoever may write to it, or to a folder on the way to it,
/// decides what it does. Only told, not refused: what lies on the disk may change at any time.
/// </summary>
internal static class ProgramRules
{
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode Writable = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    public static void Check(TextNode program, FaultList faults)
    {
        var path = program.Text;
        if (FileFacts.Of(path) is not { } facts)
            faults.Warn(program.Place, $"the program {Quote(path)} is not there", "put it there, or write where it lies");
        else if (!facts.IsRegular)
            faults.Warn(program.Place, $"{Quote(path)} is not a program", "write the path of a file");
        else if ((facts.Mode & Executable) == UnixFileMode.None)
            faults.Warn(program.Place, $"the program {Quote(path)} cannot be executed", $"chmod 755 {path}");
        else
            CheckOwners(program, faults);
    }

    /// <summary>The first on the way from the root: what is below it is as safe as that is.</summary>
    private static void CheckOwners(TextNode program, FaultList faults)
    {
        foreach (var path in WayTo(program.Text).Reverse())
        {
            if (FileFacts.Of(path) is not { } facts || (facts.IsOwnedByRootOrUs && (facts.Mode & Writable) == UnixFileMode.None))
                continue;
            if (facts.IsOwnedByRootOrUs && facts.Mode.HasFlag(UnixFileMode.StickyBit))
                continue; // there others can touch only what is theirs, which the next part of the path tells
            var what = path.Length == program.Text.Length ? "" : $", by way of {Quote(path)}";
            faults.Warn(program.Place, $"others than root can change the program {Quote(program.Text)}{what}", facts.IsOwnedByRootOrUs ? $"chmod go-w {path}" : $"chown root {path}");
            return;
        }
    }

    private static IEnumerable<string> WayTo(string path)
    {
        for (var at = path; at is not null; at = Path.GetDirectoryName(at))
            yield return at;
    }
}
