using System.Globalization;
using System.Text;

namespace Postern.Cli.Gate;

/// <summary>One host may have several gates, each in a network namespace of its own and with a configuration of its own.</summary>
internal static class FileNames
{
    /// <summary>
    /// A part of the names of files that belong to one configuration: FNV-1a of its path, 64 bits (draft-eastlake-fnv). Who names configurations is root; no stranger seeks two of one name.
    /// </summary>
    /// <param name="path">Of the configuration.</param>
    public static string Of(string path)
    {
        var hash = 0xcbf29ce484222325UL;
        foreach (var one in Encoding.UTF8.GetBytes(Path.GetFullPath(path)))
            hash = unchecked((hash ^ one) * 0x100000001b3UL);
        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }
}
