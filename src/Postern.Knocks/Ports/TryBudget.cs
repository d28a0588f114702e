namespace Postern.Knocks.Ports;

/// <summary>What may be spent on the tokens of one span, whoever sends them: mending, and two MACs for each knock. To mend costs about as much as a MAC.</summary>
/// <param name="shares">So many spans there are, each of which has as much.</param>
internal sealed class TryBudget(int shares)
{
    private const int MendsPerSecond = 200_000;
    private const int MendsAtOnce = 20_000;
    private const int MacsPerSecond = 150_000;
    private const int MacsAtOnce = 15_000;
    private const int UncheckedPerSecond = 50_000;
    private const int UncheckedAtOnce = 5_000;

    private readonly WorkBudget _mends = new(Math.Max(1, MendsPerSecond / shares), Math.Max(1, MendsAtOnce / shares));
    private readonly WorkBudget _macs = new(Math.Max(1, MacsPerSecond / shares), Math.Max(1, MacsAtOnce / shares));
    private readonly WorkBudget _unchecked = new(Math.Max(1, UncheckedPerSecond / shares), Math.Max(1, UncheckedAtOnce / shares));

    public bool MayMend(long now) => _mends.TrySpend(now, 1);

    /// <param name="now">Nanoseconds.</param>
    /// <param name="macs">How many.</param>
    /// <param name="isChecked">There were more symbols than it takes, and the code has borne them out.</param>
    public bool MayHash(long now, int macs, bool isChecked) => (isChecked ? _macs : _unchecked).TrySpend(now, macs);
}
