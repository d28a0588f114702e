using System.Globalization;
using System.Text;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;

namespace Postern.Cli.Profiles;

/// <summary>A profile's file: it holds the gate secret, so nobody but its owner may read it. Its text is read by <see cref="ProfileReader"/> and written by <see cref="ProfileWriter"/>.</summary>
internal static class ProfileFile
{
    private const int MaxSize = 64 * 1024;

    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OnlyOwnersFolder = OnlyOwner | UnixFileMode.UserExecute;
    private const UnixFileMode Others = (UnixFileMode)0b111_111;
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <exception cref="CommandFailure">It cannot be used: the first fault, with its place.</exception>
    public static Profile Read(string name) => TryRead(name, out var faults) ?? throw CommandFailure.Usage(
        faults.Faults.First().ToString().Split("; ", 2)[0],
        faults.Faults.First().Message.Split("; ", 2)[^1] + (faults.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $" (and {PortText.Count(faults.Count - 1, "more fault")})") : ""));

    /// <summary>Null where there are faults.</summary>
    public static Profile? TryRead(string name, out FaultList faults)
    {
        faults = new();
        var path = ProfileFolder.FileOf(name);
        return Load(path, faults) is { } text ? ProfileReader.Read(name, path, text, faults) : null;
    }

    /// <exception cref="CommandFailure">There is one of that name, or it cannot be written.</exception>
    public static void Create(Profile profile)
    {
        var path = ProfileFolder.FileOf(profile.Name);
        var draft = $"{path}.{Guid.NewGuid():N}";
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(ProfileFolder.Path);
            else
                Directory.CreateDirectory(ProfileFolder.Path, OnlyOwnersFolder);
            WriteDraft(draft, ProfileWriter.Write(profile, secrets: true));
            File.Move(draft, path, overwrite: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(draft);
            throw File.Exists(path)
                ? CommandFailure.Usage($"there is a profile '{profile.Name}' already", $"choose another name with --name, or remove that one: postern profile remove {profile.Name}")
                : new CommandFailure(ExitCode.Usage, $"the profile cannot be written to {path}: {e.Message}", "mend the folder's permissions, or name another in XDG_CONFIG_HOME", e);
        }
    }

    private static void WriteDraft(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OnlyOwner;
        using var file = new FileStream(path, options);
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Flush(flushToDisk: true);
    }

    private static string? Load(string path, FaultList faults)
    {
        try
        {
            using var file = File.OpenHandle(path);
            if (!OperatingSystem.IsWindows() && !IsPrivate(path, File.GetUnixFileMode(file), faults))
                return null;
            using var stream = new FileStream(file, FileAccess.Read, bufferSize: 0);
            var bytes = new byte[MaxSize + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length <= MaxSize)
                return ConfigurationFiles.Decode(path, bytes.AsSpan(..length), faults);
            faults.Add(Place.Whole(path), "is larger than 64 KiB", "it is no profile; remove it");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.AddUnreadable(path, $"cannot be read: {e.Message.TrimEnd('.')}", "mend its permissions");
        }

        return null;
    }

    private static bool IsPrivate(string path, UnixFileMode mode, FaultList faults)
    {
        var folder = Path.GetDirectoryName(path)!;
        if ((mode & Others) != UnixFileMode.None)
            faults.Add(Place.Whole(path), "other users may read the gate secret in it", $"chmod 600 {path}, and ask for a new secret if they may have");
        else if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(folder) & OthersWrite) != UnixFileMode.None)
            faults.Add(Place.Whole(folder), "other users may put profiles of theirs there", $"chmod 700 {folder}");
        return faults.Count == 0;
    }
}
