using System.Collections.Immutable;
using System.Globalization;
using System.Text.Unicode;
using Postern.Confinement;
using Postern.Keys;

namespace Postern.Cli.Configuration;

/// <summary>One file as read: its text (null when it is not text) and who may read and write it.</summary>
internal sealed record ConfigurationFile(string Path, string? Text, UnixFileMode Mode)
{
    /// <summary>It belongs neither to root nor to us.</summary>
    public bool IsForeign { get; init; }
}

/// <summary>The main file and, beside it, the <c>*.yaml</c> of the folder <c>postern.d</c> in the order of their names.</summary>
internal static class ConfigurationFiles
{
    private const string Folder = "postern.d";

    private const int MaxSize = 1 << 20;

    public static ImmutableArray<ConfigurationFile> Load(string path, FaultList faults, bool onlyFiles = false) =>
        [.. Names(path, faults).Select(name => LoadOne(name, onlyFiles, faults)).OfType<ConfigurationFile>()];

    private static IEnumerable<string> Names(string path, FaultList faults)
    {
        var folder = Path.Combine(Path.GetDirectoryName(path) ?? "/", Folder);
        return [path, .. Directory.Exists(folder) ? NamesIn(folder, faults) : []];
    }

    private static List<string> NamesIn(string folder, FaultList faults)
    {
        var names = new List<string>();
        try
        {
            foreach (var name in Directory.EnumerateFileSystemEntries(folder).Where(n => !Path.GetFileName(n).StartsWith('.')))
            {
                if (name.EndsWith(".yaml", StringComparison.Ordinal))
                    names.Add(name);
                else if (name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase))
                    faults.Warn(Place.Whole(name), "not read", "only names that end in .yaml are");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.AddUnreadable(folder, "the folder cannot be read", "read it as root, or mend its permissions");
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private static ConfigurationFile? LoadOne(string path, bool onlyFiles, FaultList faults)
    {
        try
        {
            if (Directory.Exists(path))
            {
                faults.AddUnreadable(path, "is a folder", "name a file");
                return null;
            }

            if (onlyFiles && FileFacts.Of(path) is { IsRegular: false })
            {
                faults.AddUnreadable(path, "is not a file", "put a file there: a gate reads it more than once, and waits for nobody to write it");
                return null;
            }

            using var stream = OperatingSystem.IsLinux() ? Unlocked.Open(path) : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            var bytes = new byte[MaxSize + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var mode = OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(stream.SafeFileHandle);
            return new(path, Decode(path, bytes.AsSpan(..length), faults), mode) { IsForeign = FileFacts.Of(path) is { IsOwnedByRootOrUs: false } };
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            faults.AddUnreadable(path, "no such file", "name the configuration with --config FILE, or make one with 'postern init'");
        }
        catch (UnauthorizedAccessException)
        {
            faults.AddUnreadable(path, "permission denied", "read it as root, or mend its permissions");
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException)
        {
            faults.AddUnreadable(path, $"cannot be read: {e.Message.TrimEnd('.')}", "name a readable file");
        }

        return null;
    }

    /// <summary>Bytes to text, or null and a fault: too large, not UTF-8, or with bytes that no text has.</summary>
    internal static string? Decode(string path, ReadOnlySpan<byte> bytes, FaultList faults)
    {
        if (bytes.Length > MaxSize)
        {
            faults.Add(new(path, 1, 1), "larger than 1 MiB", "name a configuration; no gate needs one so large");
            return null;
        }

        if (bytes is [0xff, 0xfe, ..] or [0xfe, 0xff, ..])
        {
            faults.Add(new(path, 1, 1), "not UTF-8 but UTF-16", "save the file as UTF-8");
            return null;
        }

        if (bytes is [0xef, 0xbb, 0xbf, ..])
            bytes = bytes[3..];
        var text = new char[bytes.Length];
        Utf8.ToUtf16(bytes, text, out var read, out var length, replaceInvalidSequences: false);
        var good = text.AsSpan(..length);
        if (read < bytes.Length)
        {
            faults.Add(PlaceOf(path, good), string.Create(CultureInfo.InvariantCulture, $"the byte 0x{bytes[read]:x2} is not UTF-8"), "save the file as UTF-8");
            return null;
        }

        for (var i = 0; i < good.Length; i++)
        {
            if ((good[i] >= ' ' && good[i] != '\x7f') || good[i] is '\t' or '\r' or '\n')
                continue;
            faults.Add(PlaceOf(path, good[..i]), string.Create(CultureInfo.InvariantCulture, $"a control character (0x{(int)good[i]:x2})"), "remove it; a configuration is plain text");
            return null;
        }

        return good.ToString();
    }

    private static Place PlaceOf(string path, ReadOnlySpan<char> before) =>
        new(path, before.Count('\n') + 1, before.Length - before.LastIndexOf('\n'));
}
