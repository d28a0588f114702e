using System.Diagnostics;

namespace Postern.Fuzz.Engine;

/// <summary>What the parser itself took, of time and memory: from <see cref="Begin"/> to <see cref="End"/>, on one thread. What the oracle takes is not counted.</summary>
public static class Spent
{
    [ThreadStatic]
    private static (long Bytes, long Ticks) _from, _sum;

    [ThreadStatic]
    private static bool _runs;

    public static long Bytes => _sum.Bytes;

    public static TimeSpan Time => Stopwatch.GetElapsedTime(0, _sum.Ticks);

    public static void Clear() => (_sum, _runs) = (default, false);

    public static void Begin()
    {
        _runs = true;
        _from = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
    }

    public static void End()
    {
        if (!_runs)
            return;
        _runs = false;
        _sum = (_sum.Bytes + GC.GetAllocatedBytesForCurrentThread() - _from.Bytes, _sum.Ticks + Stopwatch.GetTimestamp() - _from.Ticks);
    }
}
