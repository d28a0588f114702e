using System.Runtime.InteropServices;

namespace Postern.Keys;

/// <summary>
/// Chance from the kernel itself (getrandom(2)), of Linux only. A gate that checks no signature needs no more, and RandomNumberGenerator would have it load all of OpenSSL, in each process:
/// milliseconds of its start, megabytes for as long as it runs.
/// </summary>
public static partial class Chance
{
    /// <summary>A number from 0 to below <paramref name="limit"/>, each as likely as any other.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such number.</exception>
    /// <exception cref="IOException">The kernel gives none.</exception>
    public static int Below(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var uneven = (uint)((1L << 32) % limit);
        uint drawn;
        do
        {
            drawn = Draw();
        }
        while (drawn < uneven);
        return (int)(drawn % (uint)limit);
    }

    private static uint Draw()
    {
        // So few bytes come at once, and are not interrupted.
        if (Draw(out var drawn, sizeof(uint), flags: 0) != sizeof(uint))
            throw new IOException("getrandom: " + Marshal.GetLastPInvokeErrorMessage());
        return drawn;
    }

    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    private static partial nint Draw(out uint drawn, nuint size, uint flags);
}
