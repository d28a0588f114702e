using System.Runtime.InteropServices;

namespace Postern.Knocks;

/// <summary>
/// Tables that stand from the start: every page of them is written to, since memory that is only promised would be taken when strangers come.
/// </summary>
public static class StartingValues
{
    /// <summary>Some processors have larger ones.</summary>
    private const int LeastPage = 4096;

    /// <summary>
    /// Copies what is there already, twice as much each time. <see cref="Span{T}.Fill"/> is compiled anew in every process, slowly running code first, and a sentry's
    /// start is waited for.
    /// </summary>
    public static void LayOut<T>(this T[] table, T value)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.Length == 0)
            return;
        table[0] = value;
        for (var done = 1; done < table.Length; done *= 2)
            Array.Copy(table, 0, table, done, Math.Min(done, table.Length - done));
    }

    /// <summary>Leaves every value as it is. Nothing is read before it is written: a page that is read first costs the kernel two visits.</summary>
    public static void TakePages<T>(this T[] table)
        where T : unmanaged
    {
        var words = MemoryMarshal.Cast<T, int>(table.AsSpan());
        for (var i = 0; i < words.Length; i += LeastPage / sizeof(int))
            Interlocked.Or(ref words[i], 0);
    }
}
