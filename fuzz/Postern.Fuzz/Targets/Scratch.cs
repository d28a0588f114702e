namespace Postern.Fuzz.Targets;

/// <summary>For parsers that read files: a folder of this process, in memory where the system has such a place.</summary>
internal static class Scratch
{
    private static readonly string Folder = Make();

    public static string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>A file that nobody else may read.</summary>
    public static string Write(string name, ReadOnlySpan<byte> bytes)
    {
        var path = PathOf(name);
        using (var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            file.Write(bytes);
        return path;
    }

    private static string Make()
    {
        var memory = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        var folder = Path.Combine(memory, $"postern-fuzz-{Environment.ProcessId}");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }
}
