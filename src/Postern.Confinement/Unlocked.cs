using Microsoft.Win32.SafeHandles;
using Postern.Confinement.Native;

namespace Postern.Confinement;

/// <summary>
/// Reads a file without locking it. The runtime takes a lock (flock(2)) on whatever it opens by name, also with <see cref="FileShare.ReadWrite"/>, and anybody who may
/// read a file may hold one on it: he would keep us from reading it.
/// </summary>
public static class Unlocked
{
    /// <exception cref="IOException">It cannot be opened; <see cref="FileNotFoundException"/> where it is not there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be.</exception>
    public static FileStream Open(string path) => new(OpenHandle(path), FileAccess.Read, bufferSize: 0);

    public static string ReadText(string path)
    {
        using var reader = new StreamReader(Open(path));
        return reader.ReadToEnd();
    }

    private static SafeFileHandle OpenHandle(string path)
    {
        while (true)
        {
            var number = Libc.Open(path, Libc.OpenReadOnly | Libc.CloseOnExec, 0);
            if (number >= 0)
                return new(number, ownsHandle: true);
            if (!Libc.Interrupted(number))
                throw Failure(path, Errno.Last);
        }
    }

    private static Exception Failure(string path, int error) => error switch
    {
        Errno.NoEntry or Errno.NotFolder => new FileNotFoundException($"{path}: {Errno.Text(error)}", path),
        Errno.NotPermitted or Errno.AccessDenied => new UnauthorizedAccessException($"{path}: {Errno.Text(error)}"),
        _ => new IOException($"{path}: {Errno.Text(error)}"),
    };
}
