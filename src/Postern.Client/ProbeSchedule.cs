namespace Postern.Client;

/// <summary>
/// When to try the service's port, counted from the last packet of the knock. New attempts overlap the old ones: a SYN that came
/// too early and was dropped would be repeated by the kernel only after a second (RFC 6298 §2.1). A gate needs 0.1 to 50 ms, so the tries are dense
/// there and thin out.
/// </summary>
public static class ProbeSchedule
{
    // Tuning.
    private static readonly TimeSpan[] First = KnockSchedule.Milliseconds(1, 2, 5, 10, 20, 50, 100, 200, 400);
    private static readonly TimeSpan Later = TimeSpan.FromMilliseconds(400);

    public static TimeSpan At(int attempt)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(attempt);
        return attempt < First.Length ? First[attempt] : First[^1] + (Later * (attempt - First.Length + 1));
    }
}
