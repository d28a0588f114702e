using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Postern.Knocks.Sequences;

/// <summary>
/// Ports that no knock uses and that somebody who tries ports will hit. A scan sends every packet of every sequence, so without them
/// <c>order: any</c> would open to anyone who scans all ports within the time of the sequence. A trap is a wrong knock at every door: it
/// makes void what this one source has done so far, and nothing more (there is no ban that a false address could bring upon another).
/// <para>
/// They are chosen by chance when the gate starts and are known to nobody: a scanner cannot leave them out, nor choose an order that
/// meets them late. A scan of all ports in whatever order passes only if no trap falls between the first and the last step: three
/// steps of one protocol among <c>n</c> traps, 6 in (n+2)(n+3), with 96 traps about 1 in 1 600.
/// </para>
/// </summary>
public sealed class TrapPorts
{
    /// <summary>The door number under which the time of the last trap is kept.</summary>
    internal const int Door = -1;

    /// <summary>So many for each protocol that they and the steps of some doors still fit exactly into the kernel's filter.</summary>
    private const int PerProtocol = 96;

    private readonly FrozenSet<int> _keys;

    private TrapPorts(IReadOnlyList<(StepKind Kind, ushort Port)> traps, long memory)
    {
        var keys = new int[traps.Count];
        for (var i = 0; i < keys.Length; i++)
            keys[i] = Key(traps[i].Kind, traps[i].Port);
        Array.Sort(keys);
        var ports = new (StepKind, ushort)[keys.Length];
        for (var i = 0; i < keys.Length; i++)
            ports[i] = ((StepKind)(keys[i] >> 16), (ushort)keys[i]);
        Ports = ImmutableCollectionsMarshal.AsImmutableArray(ports);
        _keys = keys.ToFrozenSet();
        Memory = memory;
    }

    public static TrapPorts None { get; } = new([], 0);

    public ImmutableArray<(StepKind Kind, ushort Port)> Ports { get; }

    public bool Any => !Ports.IsEmpty;

    /// <summary>Nanoseconds for which a trap is remembered: as long as the slowest sequence may take.</summary>
    public long Memory { get; }

    /// <summary>Traps for these sequences, none of them on a port that is a step or is used otherwise.</summary>
    /// <param name="doors">Whose steps to leave out.</param>
    /// <param name="isUsed">What else to leave out.</param>
    /// <param name="choose">Chance: a number from 0 to below its argument.</param>
    public static TrapPorts For(ImmutableArray<KnockSequence> doors, Func<StepKind, ushort, bool> isUsed, Func<int, int> choose)
    {
        if (doors.IsEmpty)
            return None;
        var taken = new HashSet<int>();
        foreach (var step in doors.SelectMany(d => d.Steps).Where(s => s.Kind != StepKind.Echo))
        {
            for (int port = step.First; port <= step.Last; port++)
                taken.Add(Key(step.Kind, (ushort)port));
        }

        var traps = new List<(StepKind, ushort)>();
        foreach (var kind in new[] { StepKind.Tcp, StepKind.Udp })
        {
            foreach (var (after, before) in doors.SelectMany(door => Gaps(door, kind)))
            {
                if (traps.Count(t => t.Item1 == kind) == PerProtocol / 2)
                    break;
                var port = (ushort)(after + 1 + choose(before - after - 1));
                if (!isUsed(kind, port) && taken.Add(Key(kind, port)))
                    traps.Add((kind, port));
            }

            // Where nearly every port is a step there may not be so many left: a bounded number of tries.
            for (var tries = 0; tries < 50 * PerProtocol && traps.Count(t => t.Item1 == kind) < PerProtocol; tries++)
            {
                var port = (ushort)(1 + choose(ushort.MaxValue));
                if (!isUsed(kind, port) && taken.Add(Key(kind, port)))
                    traps.Add((kind, port));
            }
        }

        return new(traps, doors.Max(d => d.Within).Ticks * TimeSpan.NanosecondsPerTick);
    }

    /// <summary>Such as were chosen elsewhere.</summary>
    public static TrapPorts From(ImmutableArray<(StepKind Kind, ushort Port)> traps, long memory) => traps.IsEmpty ? None : new(traps, memory);

    /// <summary>Between one step of a sequence and the next by number: whoever scans upwards or downwards comes through there.</summary>
    private static IEnumerable<(int After, int Before)> Gaps(KnockSequence door, StepKind kind)
    {
        var steps = door.Steps.Where(s => s.Kind == kind).OrderBy(s => s.First).ToArray();
        for (var i = 1; i < steps.Length; i++)
        {
            if (steps[i].First - steps[i - 1].Last > 1)
                yield return (steps[i - 1].Last, steps[i].First);
        }
    }

    public bool Contains(StepKind kind, ushort value) => kind != StepKind.Echo && _keys.Contains(Key(kind, value));

    private static int Key(StepKind kind, ushort port) => ((int)kind << 16) | port;
}
