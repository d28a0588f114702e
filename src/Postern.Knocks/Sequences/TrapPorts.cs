using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Postern.Knocks.Sequences;

/// <summary>
/// Ports that no knock uses and that somebody who tries ports will hit. A scan sends every packet of every sequence, so without them
/// <c>order: any</c> would open to anyone who scans all ports within the time of the sequence. A trap is a wrong knock at every door: it
/// makes void what this one source has done so far, and nothing more (there is no ban that a false address could bring upon another).
/// <para>
/// One trap lies in each gap between the neighbouring ports of a sequence, for scans that go up or down; the others are ports that scanners
/// try first, for those that jump. A full scan in random order passes all of them only if no trap falls between the first and the last
/// step: three steps among <c>n</c> traps, 6 in (n+2)(n+3).
/// </para>
/// </summary>
public sealed class TrapPorts
{
    /// <summary>The door number under which the time of the last trap is kept.</summary>
    internal const int Door = -1;

    /// <summary>Favourites of scanners that a knocking client has no business with: telnet, finger, rpcbind, NetBIOS, SMB, Oracle, MSSQL, RDP, VNC, X11, Redis, Memcached, printers, old mail and proxies.</summary>
    private static readonly ushort[] ScannersFavourites =
    [
        7, 13, 19, 23, 37, 79, 81, 106, 111, 113, 135, 139, 144, 179, 199, 389, 427, 444, 445, 513, 514, 515, 543, 544, 548, 646, 873,
        1025, 1026, 1027, 1433, 1434, 1521, 1720, 1723, 1900, 2000, 2001, 2121, 2717, 3128, 3306, 3389, 3986, 4899, 5000, 5051, 5357, 5432,
        5631, 5666, 5800, 5900, 5901, 6000, 6001, 6379, 6646, 8008, 8009, 8081, 8888, 9100, 9999, 10000, 11211, 27017, 32768,
        49152, 49153, 49154,
    ];

    private readonly FrozenSet<int> _keys;

    private TrapPorts(IEnumerable<(StepKind Kind, ushort Port)> traps, TimeSpan memory)
    {
        Ports = [.. traps.Distinct().Order()];
        _keys = Ports.Select(t => Key(t.Kind, t.Port)).ToFrozenSet();
        Memory = memory.Ticks * TimeSpan.NanosecondsPerTick;
    }

    public static TrapPorts None { get; } = new([], TimeSpan.Zero);

    public ImmutableArray<(StepKind Kind, ushort Port)> Ports { get; }

    public bool Any => !Ports.IsEmpty;

    /// <summary>Nanoseconds for which a trap is remembered: as long as the slowest sequence may take.</summary>
    internal long Memory { get; }

    /// <summary>The traps that suit these sequences, none of them on a port that is a step or is used otherwise.</summary>
    public static TrapPorts For(ImmutableArray<KnockSequence> doors, Func<StepKind, ushort, bool> isUsed)
    {
        var steps = doors.SelectMany(d => d.Steps).Where(s => s.Kind != StepKind.Echo).ToArray();
        if (steps.Length == 0)
            return None;

        var kinds = steps.Select(s => s.Kind).Distinct();
        var traps = doors.SelectMany(Gaps).Concat(kinds.SelectMany(kind => ScannersFavourites.Select(port => (kind, port))));
        return new(traps.Where(t => !isUsed(t.Item1, t.Item2) && !steps.Any(s => s.Matches(t.Item1, t.Item2))), doors.Max(d => d.Within));
    }

    public bool Contains(StepKind kind, ushort value) => kind != StepKind.Echo && _keys.Contains(Key(kind, value));

    /// <summary>The port halfway between each two neighbouring steps of one protocol.</summary>
    private static IEnumerable<(StepKind Kind, ushort Port)> Gaps(KnockSequence door)
    {
        foreach (var kind in new[] { StepKind.Tcp, StepKind.Udp })
        {
            var steps = door.Steps.Where(s => s.Kind == kind).OrderBy(s => s.First).ToArray();
            for (var i = 1; i < steps.Length; i++)
            {
                if (steps[i].First - steps[i - 1].Last > 1)
                    yield return (kind, (ushort)((steps[i].First + steps[i - 1].Last) / 2));
            }
        }
    }

    private static int Key(StepKind kind, ushort port) => ((int)kind << 16) | port;
}
