using System.Collections.Immutable;

namespace Postern.Knocks.Sequences;

/// <summary>A door that a packet may matter to, and which of its steps the packet could be (bit k: step k).</summary>
internal readonly record struct Candidate(int Door, uint Steps);

/// <summary>From a packet's kind and port (or size) to the doors that name it, in one look-up, however many doors there are.</summary>
internal sealed class StepIndex
{
    private const int Values = ushort.MaxValue + 1;
    private const int Nobody = 0;

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

    /// <summary>Cuts the values of one kind where any step begins or ends; between two cuts all values mean the same.</summary>
    private void Fill(StepKind kind, ImmutableArray<KnockSequence> doors)
    {
        var steps = (from door in Enumerable.Range(0, doors.Length)
                     from step in Enumerable.Range(0, doors[door].Steps.Length)
                     where doors[door].Steps[step].Kind == kind
                     select (Door: door, Step: step, Range: doors[door].Steps[step])).ToList();
        if (steps.Count == 0)
            return;

        var groups = new int[Values];
        var begins = steps.ToLookup(s => (int)s.Range.First);
        var ends = steps.ToLookup(s => s.Range.Last + 1);
        var cuts = begins.Select(b => b.Key).Concat(ends.Select(e => e.Key)).Append(Values).Distinct().Order().ToArray();
        var open = new SortedDictionary<int, uint>();
        for (var i = 0; i < cuts.Length - 1; i++)
        {
            foreach (var (door, step, _) in ends[cuts[i]])
                Clear(open, door, step);
            foreach (var (door, step, _) in begins[cuts[i]])
                open[door] = open.GetValueOrDefault(door) | (1u << step);
            groups.AsSpan(cuts[i]..cuts[i + 1]).Fill(Group(open));
        }

        _groupOf[(int)kind] = groups;
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
