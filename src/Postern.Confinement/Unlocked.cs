namespace Postern.Confinement;

/// <summary>
/// Reads a file without locking it. The runtime takes a lock (flock(2)) on what it opens in the usual way, and anybody who may read a file may hold one on it: he
/// would keep us from reading it.
/// </summary>
public static class Unlocked
{
    private const FileShare NoLock = FileShare.ReadWrite | FileShare.Delete;

    public static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, NoLock, bufferSize: 0);

    public static string ReadText(string path)
    {
        using var reader = new StreamReader(Open(path));
        return reader.ReadToEnd();
    }
}
