using System.Buffers.Binary;
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

    /// <summary>A seed that nobody can have learnt.</summary>
    /// <exception cref="IOException">The kernel gives none.</exception>
    public static UInt128 Seed()
    {
        Span<byte> seed = stackalloc byte[16];
        Fill(seed);
        return BinaryPrimitives.ReadUInt128LittleEndian(seed);
    }

    private static uint Draw()
    {
        Span<byte> drawn = stackalloc byte[sizeof(uint)];
        Fill(drawn);
        return BinaryPrimitives.ReadUInt32LittleEndian(drawn);
    }

    /// <param name="bytes">256 at most: so few come at once, and are not interrupted.</param>
    private static void Fill(Span<byte> bytes)
    {
        if (Draw(bytes, (nuint)bytes.Length, flags: 0) != bytes.Length)
            throw new IOException("getrandom: " + Marshal.GetLastPInvokeErrorMessage());
    }

    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    private static partial nint Draw(Span<byte> bytes, nuint size, uint flags);
}
