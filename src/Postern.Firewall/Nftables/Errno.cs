using System.Runtime.InteropServices;

namespace Postern.Firewall.Nftables;

/// <summary>The kernel's error numbers that mean something here (asm-generic/errno.h), positive.</summary>
internal static class Errno
{
    public const int NotPermitted = 1; // EPERM
    public const int NoSuchEntry = 2; // ENOENT
    public const int Interrupted = 4; // EINTR
    public const int TryAgain = 11; // EAGAIN
    public const int Busy = 16; // EBUSY
    public const int Exists = 17; // EEXIST: an element of a map is there with another value
    public const int SetIsFull = 23; // ENFILE: what nf_tables answers when a set's size is reached
    public const int BrokenMessage = 74; // EBADMSG
    public const int NoBuffers = 105; // ENOBUFS
    public const int TimedOut = 110; // ETIMEDOUT

    public static string Text(int error) => Marshal.GetPInvokeErrorMessage(error);
}
