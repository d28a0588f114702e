using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Postern.Confinement.Tests;

/// <summary>What the one writes the other reads, and the other can do nothing else with it: asked of the real kernel.</summary>
public sealed partial class SharedPageTests
{
    private const int Size = 4096;

    [Fact]
    public void What_is_written_here_is_read_there()
    {
        using var made = SharedPage.Make("test", Size);
        using var other = SharedPage.Adopt(Descriptor.Adopt(Duplicate(made.Descriptor.Number)), Size);
        made.Memory.Span[17] = 42;
        Assert.Equal(42, other.Memory.Span[17]);
        Assert.Equal(Size, other.Memory.Length);
    }

    [Fact]
    public void Whoever_is_handed_it_can_neither_write_nor_map_it_for_writing_nor_cut_it()
    {
        using var made = SharedPage.Make("test", Size);
        made.Memory.Span[0] = 1;
        var fd = made.Descriptor.Number;
        Assert.Equal(-1, Map(0, Size, ReadAndWrite, Shared, fd, 0));
        using (var file = new SafeFileHandle(fd, ownsHandle: false))
        {
            Assert.ThrowsAny<Exception>(() => RandomAccess.Write(file, [2], 0));
            Assert.ThrowsAny<Exception>(() => RandomAccess.SetLength(file, 0));
            Assert.ThrowsAny<Exception>(() => RandomAccess.SetLength(file, 2 * Size));
        }

        Assert.Equal(1, made.Memory.Span[0]);
        var reading = Map(0, Size, ReadOnly, Shared, fd, 0);
        Assert.NotEqual(-1, reading);
        Assert.Equal(-1, Protect(reading, Size, ReadAndWrite));
    }

    private const int ReadOnly = 1;
    private const int ReadAndWrite = 3;
    private const int Shared = 1;

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    private static partial int Duplicate(int fd);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint at, nint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint at, nint length, int protection);
}
