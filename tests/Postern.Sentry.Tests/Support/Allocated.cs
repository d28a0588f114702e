namespace Postern.Sentry.Tests;

internal static class Allocated
{
    /// <summary>
    /// What a round costs once everything stands: the least of a few. The runtime compiles what runs often anew, on whatever thread, and its caches
    /// are counted then; what allocates per packet does so in every round.
    /// </summary>
    public static long InSteadyState(Action<int> round)
    {
        var least = long.MaxValue;
        for (var i = 0; i < 6 && least != 0; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            round(i);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
