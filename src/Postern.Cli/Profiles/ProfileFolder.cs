using Postern.Cli.CommandLine;
using Postern.Client.Spa;

namespace Postern.Cli.Profiles;

/// <summary>Where a user's profiles are: <c>~/.config/postern/NAME.yaml</c> (XDG Base Directory Specification), on Windows <c>%APPDATA%\postern</c>.</summary>
internal static class ProfileFolder
{
    private const string Own = "postern";
    private const string End = ".yaml";

    public static string Path => Under("XDG_CONFIG_HOME", Environment.SpecialFolder.ApplicationData, ".config");

    /// <summary>What belongs to this computer, and is not to be copied to another with the profiles.</summary>
    public static DeviceFile Device => new(System.IO.Path.Combine(Under("XDG_STATE_HOME", Environment.SpecialFolder.LocalApplicationData, System.IO.Path.Combine(".local", "state")), "device"));

    public static string FileOf(string name) => System.IO.Path.Combine(Path, name + End);

    public static bool Has(string name) => Profile.IsName(name) && File.Exists(FileOf(name));

    /// <summary>In the order of their names.</summary>
    public static IReadOnlyList<string> Names()
    {
        try
        {
            return !Directory.Exists(Path) ? [] :
            [
                .. Directory.EnumerateFiles(Path, "*" + End).Select(f => System.IO.Path.GetFileNameWithoutExtension(f)).Where(Profile.IsName).Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(ExitCode.Usage, $"the profiles in {Path} cannot be read: {e.Message}", $"mend its permissions: chmod 700 {Path}", e);
        }
    }

    /// <summary>The profile of that name, or else the one profile for that host; null where there is none.</summary>
    /// <exception cref="CommandFailure">It cannot be read, or several are for that host.</exception>
    public static Profile? Find(string nameOrHost)
    {
        if (Has(nameOrHost))
            return ProfileFile.Read(nameOrHost);
        var names = NamesFor(nameOrHost, out var unreadable);
        return names.Count switch
        {
            0 when unreadable is not null => ProfileFile.Read(unreadable), // it may be the one: what is wrong with it is the answer
            0 => null,
            1 => ProfileFile.Read(names[0]),
            _ => throw CommandFailure.Usage($"there are several profiles for {nameOrHost}: {string.Join(", ", names)}", "name one of them instead of the host (connect: --profile NAME)"),
        };
    }

    /// <exception cref="CommandFailure">There is none, or it cannot be read.</exception>
    public static Profile Get(string name) => Has(name) ? ProfileFile.Read(name) : throw Missing(name);

    public static CommandFailure Missing(string name) => CommandFailure.Usage(
        $"there is no profile '{name}'",
        Configuration.NearestWord.Find(name, Names()) is { } near ? $"did you mean '{near}'?" : "'postern profile list' shows those that there are; 'postern profile add' adds one");

    private static List<string> NamesFor(string host, out string? unreadable)
    {
        unreadable = null;
        var names = new List<string>();
        foreach (var name in Names())
        {
            // One that cannot be read does not stand in the way of another.
            using var profile = ProfileFile.TryRead(name, out _);
            unreadable = profile is null ? name : unreadable;
            if (profile is not null && string.Equals(profile.Host, host, StringComparison.OrdinalIgnoreCase))
                names.Add(name);
        }

        return names;
    }

    private static string Under(string variable, Environment.SpecialFolder windows, string usual)
    {
        if (OperatingSystem.IsWindows())
            return System.IO.Path.Combine(Environment.GetFolderPath(windows), Own);
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Environment.GetEnvironmentVariable(variable) is { Length: > 0 } named && System.IO.Path.IsPathRooted(named)
            ? System.IO.Path.Combine(named, Own)
            : System.IO.Path.Combine(home.Length > 0 ? home : "/", usual, Own);
    }
}
