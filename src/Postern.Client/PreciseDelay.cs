namespace Postern.Client;

/// <summary>
/// Waits that end on time even when they are short. The runtime's timers count by a clock that moves only with the kernel's tick (every 4 ms where
/// HZ is 250): a delay of 1 ms takes up to 5. A thread that sleeps wakes after 1.1.
/// </summary>
internal static class PreciseDelay
{
    /// <summary>Tuning: above this a tick more or less is lost in the noise, and a thread costs more than it gains.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(20);

    /// <summary>At least so long. A cancellation is seen at once, or after the short while.</summary>
    public static Task WaitAsync(TimeSpan time, CancellationToken cancellation)
    {
        var milliseconds = (int)Math.Ceiling(time.TotalMilliseconds); // a TimeSpan would be cut to whole milliseconds
        return time > Short
            ? Task.Delay(milliseconds, cancellation)
            : Task.Factory.StartNew(() => Thread.Sleep(milliseconds), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }
}
