namespace Postern.Steward;

/// <summary>
/// How soon something that ended is started again: at once after a long life, later and later after short ones, and never later than
/// <paramref name="longest"/>: whatever ends it, a gate must not stay without it.
/// </summary>
public sealed class Pace(TimeSpan first, TimeSpan longest, TimeSpan longLife)
{
    private TimeSpan _next;

    /// <summary>The pause before the next start, after a life of so long.</summary>
    public TimeSpan After(TimeSpan life)
    {
        if (life >= longLife)
            _next = TimeSpan.Zero;
        var pause = _next;
        var doubled = _next == TimeSpan.Zero ? first : _next * 2;
        _next = doubled < longest ? doubled : longest;
        return pause;
    }
}
