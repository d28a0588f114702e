using System.Buffers;
using Postern.Confinement.Native;

namespace Postern.Confinement;

/// <summary>
/// Memory that one process writes and others can only read: memfd_create(2), mapped for writing once, and then sealed, so that nobody who is handed the descriptor can map it
/// otherwise than for reading, write to it, or change its size.
/// </summary>
public sealed unsafe class SharedPage : IDisposable
{
    private readonly Mapping _mapping;

    private SharedPage(Descriptor descriptor, Mapping mapping) => (Descriptor, _mapping) = (descriptor, mapping);

    /// <summary>To hand over.</summary>
    public Descriptor Descriptor { get; }

    /// <summary>To write to where it was made; where it was adopted, to read.</summary>
    public Memory<byte> Memory => _mapping.Memory;

    /// <exception cref="ConfinementException">The kernel would not.</exception>
    public static SharedPage Make(string name, int size)
    {
        var descriptor = Descriptor.Adopt(Libc.CreateMemory(name, Libc.MemoryCloseOnExec | Libc.MemoryAllowSealing));
        if (!descriptor.IsInvalid && Libc.Truncate(descriptor.Number, size) == 0
            && Map(descriptor, size, Libc.MapRead | Libc.MapWrite) is { } mapping)
        {
            if (Libc.FileControl(descriptor.Number, Libc.AddSeals, Libc.SealSeal | Libc.SealShrink | Libc.SealGrow | Libc.SealFutureWrite) == 0)
                return new(descriptor, mapping);
            ((IDisposable)mapping).Dispose();
        }

        var why = Errno.Text(Errno.Last);
        descriptor.Dispose();
        throw new ConfinementException($"cannot share a page of memory: {why}", "the kernel needs memfd_create(2) and F_SEAL_FUTURE_WRITE: Linux 5.1");
    }

    /// <summary>One that somebody else made, for reading.</summary>
    /// <exception cref="ConfinementException">It is none.</exception>
    public static SharedPage Adopt(Descriptor descriptor, int size) => Map(descriptor, size, Libc.MapRead) is { } mapping
        ? new(descriptor, mapping)
        : throw new ConfinementException($"cannot map a shared page: {Errno.Text(Errno.Last)}", "it must be one");

    public void Dispose()
    {
        ((IDisposable)_mapping).Dispose();
        Descriptor.Dispose();
    }

    private static Mapping? Map(Descriptor descriptor, int size, int protection)
    {
        var at = Libc.Map(null, (nuint)size, protection, Libc.MapShared, descriptor.Number, 0);
        return at == (void*)-1 ? null : new(at, size);
    }

    /// <summary>Lives as long as the page: nothing unmaps it while a memory of it is about.</summary>
    private sealed class Mapping(void* at, int size) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => new(at, size);

        public override MemoryHandle Pin(int elementIndex = 0) => new((byte*)at + elementIndex);

        public override void Unpin()
        {
            // It does not move.
        }

        protected override void Dispose(bool disposing) => _ = Libc.Unmap(at, (nuint)size);
    }
}
