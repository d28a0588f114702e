using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Postern.Tests;

namespace Postern.Warden.Tests;

/// <summary>A real file system that is soon full, seen by one thread only (mount_namespaces(7)), and gone with it. Needs root.</summary>
internal static partial class TinyDisk
{
    private const int NewMounts = 0x0002_0000; // CLONE_NEWNS
    private const ulong ReadOnly = 1; // MS_RDONLY
    private const ulong Remount = 32; // MS_REMOUNT
    private const ulong Recursive = 16384; // MS_REC
    private const ulong Private = 1 << 18; // MS_PRIVATE

    public static void Use(int kilobytes, Action<string> act)
    {
        Needs.Root();
        var folder = Directory.CreateTempSubdirectory("postern-disk-");
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Check(Unshare(NewMounts), "unshare");
                Check(Mount("none", "/", null, Recursive | Private, null), "mount / private");
                Check(Mount("tmpfs", folder.FullName, "tmpfs", 0, $"size={kilobytes}k"), "mount tmpfs");
                act(folder.FullName);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        folder.Delete(recursive: true);
        failure?.Throw();
    }

    public static void MakeReadOnly(string disk) => Check(Mount("tmpfs", disk, null, Remount | ReadOnly, null), "remount");

    private static void Check(int result, string what)
    {
        if (result != 0)
            throw new InvalidOperationException($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string? type, ulong flags, string? data);
}
