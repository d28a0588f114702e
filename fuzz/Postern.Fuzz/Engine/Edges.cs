using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Postern.Fuzz.Engine;

/// <summary>
/// Which ways an input took, as AFL counts them: each place in the code has a number, and what is counted is the pair of this place and
/// the one before (https://lcamtuf.coredump.cx/afl/technical_details.txt, §1). Code that <see cref="Instrumenter"/> has rewritten calls
/// <see cref="Hit"/>; without such code nothing is ever counted.
/// </summary>
public static class Edges
{
    public const int Size = 1 << 16;

    private static readonly byte[] Map = new byte[Size];

    private static int _last;

    public static Span<byte> Counts => Map;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Hit(int place)
    {
        Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(Map), (place ^ _last) & (Size - 1))++;
        _last = place >> 1;
    }

    public static void Clear()
    {
        Map.AsSpan().Clear();
        _last = 0;
    }
}
