using System.Runtime.InteropServices;

namespace Postern.Confinement.Native;

/// <summary>errno(3), by the numbers of asm-generic/errno.h.</summary>
internal static class Errno
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int NoProcess = 3;
    public const int Interrupted = 4;
    public const int BadDescriptor = 9;
    public const int NoChild = 10;
    public const int Again = 11;
    public const int NoMemory = 12;
    public const int AccessDenied = 13;
    public const int NotFolder = 20;
    public const int BrokenPipe = 32;
    public const int Range = 34;
    public const int NoSystemCall = 38;
    public const int NotSupported = 95;
    public const int NoFamily = 97;
    public const int Reset = 104;
    public const int NoBuffers = 105;
    public const int NotConnected = 107;
    public const int TooManyReferences = 109;

    public static int Last => Marshal.GetLastPInvokeError();

    public static string Text(int number) => Marshal.GetPInvokeErrorMessage(number);

    /// <summary>A call failed that cannot fail on a healthy host: out of memory, or of descriptors.</summary>
    public static IOException Failed(string what) => new($"{what}: {Text(Last)}");
}
