using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Postern.Keys;

/// <summary>What the runtime does not tell of a file, and does not do for it.</summary>
internal static partial class Posix
{
    /// <summary>Of Linux only.</summary>
    public static bool IsOwnedByRootOrUs(SafeFileHandle file)
    {
        // struct statx (linux/stat.h) is the same on every processor: 256 bytes, stx_uid at 20.
        Span<byte> status = stackalloc byte[256];
        if (Status(file, "\0"u8, EmptyPath, WantOwner, status) != 0)
            throw new IOException("statx: " + Marshal.GetLastPInvokeErrorMessage());
        var owner = BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(status[20..]) : BinaryPrimitives.ReadUInt32BigEndian(status[20..]);
        return owner == 0 || owner == EffectiveUser();
    }

    public static uint User => EffectiveUser();

    /// <summary>A new file's name is on the disk when its folder is.</summary>
    public static void SyncFolderOf(string path)
    {
        var folder = Open(Path.GetDirectoryName(Path.GetFullPath(path))!, ReadOnly);
        if (folder < 0)
            throw new IOException("open: " + Marshal.GetLastPInvokeErrorMessage());
        var done = Sync(folder) == 0;
        var error = Marshal.GetLastPInvokeErrorMessage();
        _ = Close(folder);
        if (!done)
            throw new IOException("fsync: " + error);
    }

    /// <summary>What is in a file, and all that is needed to find it there, is on the disk; when it was changed need not be (fdatasync).</summary>
    public static void SyncData(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        while (SyncDataOf(file) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
                throw new IOException("fdatasync: " + Marshal.GetLastPInvokeErrorMessage());
        }
    }

    private const int Interrupted = 4; // EINTR
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const uint WantOwner = 8; // STATX_UID
    private const int ReadOnly = 0; // O_RDONLY

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int Status(SafeFileHandle folder, ReadOnlySpan<byte> path, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncDataOf(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
