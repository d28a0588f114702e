namespace Postern.Knocks;

/// <summary>So much work a second, whoever asks for it; where it is short, it goes to whoever comes just as there is some, which a flood cannot aim at.</summary>
internal sealed class WorkBudget(int perSecond, int burst)
{
    private const double Second = 1e9;

    private double _left = burst;
    private long _filled = long.MinValue;

    /// <param name="now">Nanoseconds; only differences matter.</param>
    /// <param name="cost">At most the burst.</param>
    public bool TrySpend(long now, int cost)
    {
        if (_filled != long.MinValue && now > _filled)
            _left = Math.Min(burst, _left + ((now - _filled) / Second * perSecond));
        _filled = Math.Max(now, _filled);
        if (_left < Math.Min(cost, burst))
            return false;
        _left -= cost;
        return true;
    }
}
