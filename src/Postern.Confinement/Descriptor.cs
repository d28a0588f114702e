using Microsoft.Win32.SafeHandles;
using Postern.Confinement.Native;

namespace Postern.Confinement;

/// <summary>An open file description of ours: closed once, when it is disposed of. All are made close-on-exec.</summary>
public sealed class Descriptor : SafeHandleMinusOneIsInvalid
{
    private Descriptor(int number) : base(ownsHandle: true) => SetHandle(number);

    /// <summary>As the kernel knows it, while it is open.</summary>
    public int Number => (int)handle;

    /// <summary>Takes over a number that this process was given, or got from a call; from now on it is closed here.</summary>
    public static Descriptor Adopt(int number) => new(number);

    // Never again after EINTR: Linux has closed it by then, and the number may be another's.
    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;
}
