using System.Globalization;

namespace Postern.Cli.Control;

/// <summary>The effective user id of this process, from <c>/proc/self/status</c> (proc(5): real, effective, saved, file system).</summary>
internal static class OwnUser
{
    public static uint Value { get; } = Read();

    private static uint Read()
    {
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("Uid:", StringComparison.Ordinal));
        return uint.Parse(line.Split('\t')[2], CultureInfo.InvariantCulture);
    }
}
