using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Postern.Firewall.Nftables;

/// <summary>
/// What the kernel lists as text under /proc, read without a lock: the runtime takes one (flock(2)) on whatever it opens by name, and anybody may hold one on these.
/// </summary>
internal static partial class KernelLists
{
    private const int ReadOnly = 0; // O_RDONLY
    private const int CloseOnExec = 0x8_0000; // O_CLOEXEC

    /// <exception cref="IOException">It cannot be read.</exception>
    public static IEnumerable<string> Lines(string path)
    {
        using var handle = new SafeFileHandle(Open(path, ReadOnly | CloseOnExec), ownsHandle: true);
        if (handle.IsInvalid)
            throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}");
        using var reader = new StreamReader(new FileStream(handle, FileAccess.Read, bufferSize: 0));
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
