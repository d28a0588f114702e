using System.Runtime.InteropServices;

namespace Postern.Keys;

/// <summary>
/// What is to be known of a file before it is opened, and by which a change of it is seen; of the file that a link leads to. On Linux by
/// statx(2): the runtime tells neither the owner nor a pipe from a file, and opening a pipe waits for whoever writes to it.
/// </summary>
/// <param name="IsRegular">Neither a folder, nor a pipe, nor a device.</param>
/// <param name="IsOwnedByRootOrUs">Always so where the system cannot tell.</param>
/// <param name="Mode">Who may read and write it.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Changed">When its content, rights or owner last changed, in nanoseconds since 1970.</param>
/// <param name="Identity">Another number for another file, also under the same name.</param>
public readonly partial record struct FileFacts(bool IsRegular, bool IsOwnedByRootOrUs, UnixFileMode Mode, long Size, long Changed, UInt128 Identity)
{
    /// <summary>Number of its owner; 0 where the system cannot tell.</summary>
    public uint Owner { get; init; }

    /// <summary>Number of its group; 0 where the system cannot tell.</summary>
    public uint Group { get; init; }

    private const int CurrentFolder = -100; // AT_FDCWD
    private const uint WantBasics = 0x7ff; // STATX_BASIC_STATS
    private const int TypeMask = 0xf000; // S_IFMT
    private const int RegularType = 0x8000; // S_IFREG
    private const int ModeMask = 0xfff;

    /// <summary>Null where there is none, or where it may not be looked at.</summary>
    public static FileFacts? Of(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return OperatingSystem.IsLinux() ? OfLinux(path) : OfOthers(path);
    }

    /// <summary>struct statx (linux/stat.h), the same on every processor: uid at 20, gid at 24, mode at 28, inode at 32, size at 40, ctime at 96, device at 136.</summary>
    private static FileFacts? OfLinux(string path)
    {
        Span<byte> status = stackalloc byte[256];
        if (Status(CurrentFolder, path, 0, WantBasics, status) != 0)
            return null;
        var mode = MemoryMarshal.Read<ushort>(status[28..]);
        var owner = MemoryMarshal.Read<uint>(status[20..]);
        var changed = (MemoryMarshal.Read<long>(status[96..]) * 1_000_000_000) + MemoryMarshal.Read<uint>(status[104..]);
        return new(
            (mode & TypeMask) == RegularType,
            owner == 0 || owner == Posix.User,
            (UnixFileMode)(mode & ModeMask),
            MemoryMarshal.Read<long>(status[40..]),
            changed,
            new(MemoryMarshal.Read<ulong>(status[136..]), MemoryMarshal.Read<ulong>(status[32..])))
        {
            Owner = owner,
            Group = MemoryMarshal.Read<uint>(status[24..]),
        };
    }

    private static FileFacts? OfOthers(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            return null;
        var mode = OperatingSystem.IsWindows() ? UnixFileMode.None : file.UnixFileMode;
        return new(true, true, mode, file.Length, (file.LastWriteTimeUtc - DateTime.UnixEpoch).Ticks * 100, 0);
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Status(int folder, string path, int flags, uint mask, Span<byte> status);
}
