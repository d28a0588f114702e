using Postern.Knocks.Sequences;

namespace Postern.Client;

/// <summary>One sending of the whole sequence: when it begins, counted from the first round's first packet, and the gap between its packets.</summary>
public readonly record struct KnockRound(int Number, TimeSpan Start, TimeSpan Gap);

/// <summary>
/// When to knock again, and how slowly. A function of numbers only. The first round is quick, for a door that takes its packets in any
/// order on a link that loses none; each later round waits longer between its packets, for strict doors on links that reorder them
/// (with 100 ms a link of 50 ± 30 ms delivers every sequence in order, without a gap hardly one in ten).
/// </summary>
public static class KnockSchedule
{
    // Tuning. The first gap keeps packets of different flows from overtaking each other in a network card with several queues.
    private static readonly TimeSpan[] Gaps = Milliseconds(1, 20, 100, 250);
    private static readonly TimeSpan[] Starts = Milliseconds(0, 500, 1_200, 2_500, 5_000);
    private static readonly TimeSpan LaterRounds = TimeSpan.FromSeconds(5);

    /// <summary>Between the last packet of a round and the first of the next: a late packet of the one must not fall into the other.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(300);

    /// <summary>Half of the ten seconds that a door gives by default, so that a long sequence keeps within it, delay and all.</summary>
    private static readonly TimeSpan LongestRound = TimeSpan.FromSeconds(5);

    /// <summary>All rounds that the time of <paramref name="knock"/> has room for: the first always, and only the first where there is nothing to wait for.</summary>
    public static IEnumerable<KnockRound> Rounds(Knock knock)
    {
        ArgumentNullException.ThrowIfNull(knock);
        return knock.IsSeen && !knock.Method.IsOnce ? Rounds(First(knock), knock) : [First(knock)];
    }

    private static IEnumerable<KnockRound> Rounds(KnockRound round, Knock knock)
    {
        do
        {
            yield return round;
            round = After(round, knock);
        }
        while (End(round, knock.Method.Packets) < knock.Timeout);
    }

    private static KnockRound First(Knock knock) => new(0, TimeSpan.Zero, GapOf(0, knock));

    private static KnockRound After(KnockRound round, Knock knock)
    {
        var earliest = End(round, knock.Method.Packets) + Rest;
        var planned = PlannedStart(round.Number + 1);
        return new(round.Number + 1, planned > earliest ? planned : earliest, GapOf(round.Number + 1, knock));
    }

    /// <summary>When its last packet leaves.</summary>
    internal static TimeSpan End(KnockRound round, int packets) => round.Start + SequenceWriter.Duration(packets, round.Gap);

    private static TimeSpan PlannedStart(int number) =>
        number < Starts.Length ? Starts[number] : Starts[^1] + (LaterRounds * (number - Starts.Length + 1));

    private static TimeSpan GapOf(int number, Knock knock)
    {
        if ((knock.Gap ?? knock.Method.Gap) is { } given)
            return given;
        var gap = Gaps[Math.Min(number, Gaps.Length - 1)];
        return SequenceWriter.Duration(knock.Method.Packets, gap) > LongestRound ? new(LongestRound.Ticks / (knock.Method.Packets - 1)) : gap;
    }

    internal static TimeSpan[] Milliseconds(params ReadOnlySpan<int> values)
    {
        var times = new TimeSpan[values.Length];
        for (var i = 0; i < values.Length; i++)
            times[i] = TimeSpan.FromMilliseconds(values[i]);
        return times;
    }
}
