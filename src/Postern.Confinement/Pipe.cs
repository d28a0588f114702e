using Postern.Confinement.Native;

namespace Postern.Confinement;

/// <summary>pipe2(2): what is written to one end is read from the other, until the last writer is gone.</summary>
public static unsafe class Pipe
{
    /// <exception cref="IOException">No descriptors are left.</exception>
    public static (Descriptor Read, Descriptor Write) Make()
    {
        var ends = stackalloc int[2];
        if (Libc.Pipe(ends, Libc.CloseOnExec) < 0)
            throw Errno.Failed("pipe2");
        return (Descriptor.Adopt(ends[0]), Descriptor.Adopt(ends[1]));
    }
}
