using System.Collections.Immutable;

namespace Postern.Knocks.Sequences;

/// <summary>A door that a packet may matter to, and which of its steps the packet could be (bit k: step k).</summary>
internal readonly record struct Candidate(int Door, uint Steps);

/// <summary>From a packet's kind and port (or size) to the doors that name it, in one look-up, however many doors there are.</summary>
internal sealed class StepIndex
{
    private const int Values = ushort.MaxValue + 1;
    private const int Nobody = 0;
    private const int StepBits = 5; // SequenceDetector.MaxSteps
    private const long Begins = 1L << 32;

    /// <summary>Per kind and value the number of a group; null where no door has steps of that kind.</summary>
    private readonly int[]?[] _groupOf = new int[]?[Enum.GetValues<StepKind>().Length];
    private readonly List<Candidate[]> _groups = [[]];

    public StepIndex(ImmutableArray<KnockSequence> doors)
    {
        foreach (var kind in Enum.GetValues<StepKind>())
            Fill(kind, doors);
    }

    public ReadOnlySpan<Candidate> Find(StepKind kind, ushort value)
    {
        var groups = _groupOf[(int)kind];
        return groups is null ? [] : _groups[groups[value]];
    }

    /// <summary>
    /// Cuts the values of one kind where any step begins or ends; between two cuts all values mean the same. Plain arrays, since a sentry that takes another's place
    /// waits for this, and queries over types of ours are compiled anew in each.
    /// </summary>
    private void Fill(StepKind kind, ImmutableArray<KnockSequence> doors)
    {
        var cuts = CutsOf(kind, doors);
        if (cuts.Length == 0)
            return;

        var groups = new int[Values];
        var open = new SortedDictionary<int, uint>();
        for (var i = 0; i < cuts.Length;)
        {
            var from = ValueOf(cuts[i]);
            for (; i < cuts.Length && ValueOf(cuts[i]) == from; i++)
                Pass(cuts[i], open);
            groups.AsSpan(from..(i < cuts.Length ? ValueOf(cuts[i]) : Values)).Fill(Group(open));
        }

        _groupOf[(int)kind] = groups;
    }

    /// <summary>
    /// Where steps begin and end, in order, ends before beginnings.
    /// <code>
    /// bit 33…  value        bit 32  begins        bits 5…31  door        bits 0…4  step
    /// </code>
    /// </summary>
    private static long[] CutsOf(StepKind kind, ImmutableArray<KnockSequence> doors)
    {
        var cuts = new List<long>();
        for (var door = 0; door < doors.Length; door++)
        {
            var steps = doors[door].Steps;
            for (var step = 0; step < steps.Length; step++)
            {
                if (steps[step].Kind != kind)
                    continue;
                var which = ((long)door << StepBits) | (uint)step;
                cuts.Add(((long)steps[step].First << 33) | Begins | which);
                cuts.Add(((steps[step].Last + 1L) << 33) | which);
            }
        }

        var sorted = cuts.ToArray();
        Array.Sort(sorted);
        return sorted;
    }

    private static int ValueOf(long cut) => (int)(cut >> 33);

    private static void Pass(long cut, SortedDictionary<int, uint> open)
    {
        var (door, step) = ((int)((uint)cut >> StepBits), (int)cut & (SequenceDetector.MaxSteps - 1));
        if ((cut & Begins) != 0)
            open[door] = open.GetValueOrDefault(door) | (1u << step);
        else
            Clear(open, door, step);
    }

    private static void Clear(SortedDictionary<int, uint> open, int door, int step)
    {
        open[door] &= ~(1u << step);
        if (open[door] == 0)
            open.Remove(door);
    }

    private int Group(SortedDictionary<int, uint> open)
    {
        if (open.Count == 0)
            return Nobody;
        _groups.Add([.. open.Select(o => new Candidate(o.Key, o.Value))]);
        return _groups.Count - 1;
    }
}
