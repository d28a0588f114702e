using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Postern.Knocks.Sequences;
using static Postern.Knocks.Tests.Sequences.Knocking;

namespace Postern.Knocks.Tests.Sequences;

/// <summary>
/// Random interleavings of many clients, duplicates and noise go to the detector and to a model that remembers everything and tries
/// every way to read it. They must agree packet by packet.
/// </summary>
public sealed class ModelTests
{
    private static readonly ImmutableArray<KnockSequence> Strict = Doors(
        Door("tcp/1,tcp/2,tcp/3", seconds: 1),
        Door("tcp/1,tcp/2", seconds: 0.5),
        Door("tcp/2,tcp/3,tcp/4,tcp/1", seconds: 2),
        Door("tcp/1,tcp/1,tcp/2", seconds: 1),
        Door("tcp/2,tcp/1,tcp/2,tcp/1", seconds: 1),
        Door("tcp/1-3,tcp/2,tcp/3-4", seconds: 1),
        Door("icmp/1,udp/2", seconds: 1),
        Door("udp/2", seconds: 1));

    private static readonly ImmutableArray<KnockSequence> Any =
        [.. Strict.Where(d => d.Name != "tcp/1-3,tcp/2,tcp/3-4").Append(Door("tcp/1-3,tcp/4,tcp/1-3", seconds: 1)).Append(Door("tcp/2,udp/2,tcp/2,tcp/2", seconds: 0.7)).Select(d => d with { Order = StepOrder.Any })];

    private static readonly TrapPorts Traps = TrapPorts.For(Doors(Door("tcp/1,tcp/9", seconds: 2)), (_, port) => port != 5, _ => 4);

    [Theory]
    [InlineData(StepOrder.Strict)]
    [InlineData(StepOrder.Any)]
    public void Detector_and_model_agree(StepOrder order)
    {
        var doors = order == StepOrder.Strict ? Strict : Any;
        var knock = from client in Gen.Choose(0, 3)
                    from what in Gen.Frequency((8, Gen.Choose(1, 4).Select(p => $"tcp/{p}")), (2, Gen.Elements("icmp/1", "udp/2")), (1, Gen.Elements("tcp/5", "icmp/2", "tcp/77")))
                    from gap in Gen.Frequency((6, Gen.Choose(1, 40)), (1, Gen.Choose(200, 1200)))
                    from copies in Gen.Frequency((5, Gen.Constant(1)), (1, Gen.Constant(2)))
                    select (client, what, gap, copies);
        var openings = 0;

        var fewer = (List<(int, string, int, int)> knocks) => Enumerable.Range(0, knocks.Count).Select(i => knocks.Where((_, j) => j != i).ToList());
        Prop.ForAll(Arb.From(knock.ListOf(), fewer), knocks =>
        {
            var detector = new SequenceDetector(doors, Traps);
            var models = doors.SelectMany((door, i) => Enumerable.Range(0, 4).Select(c => (Key: (c, i), Model: new Model(door)))).ToDictionary(m => m.Key, m => m.Model);
            var now = 0;
            var late = new List<(int Client, string What, ulong Mark)>();
            foreach (var (client, what, gap, copies) in knocks)
            {
                now += gap;
                var mark = (ulong)(late.Count + 1);
                late.Add((client, what, mark));
                Same(client, what, mark, now);
                if (copies == 2)
                {
                    // A copy of one of the last few packets arrives now, out of turn.
                    var (c, w, m) = late[Math.Max(0, late.Count - 1 - (gap % 3))];
                    Same(c, w, m, ++now);
                }
            }

            void Same(int client, string what, ulong mark, int at)
            {
                var opened = detector.Knock((UInt128)client + 1, what, at, mark: mark);
                var expected = Enumerable.Range(0, doors.Length).Where(i => models[(client, i)].Knock(Step(what), mark, at)).ToArray();
                Assert.Equal(expected, opened);
                openings += opened.Length;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1500).WithEndSize(120));

        Assert.True(openings > 1000, $"the cases hardly ever opened a door ({openings}): they prove nothing");
    }

    /// <summary>One source at one door, by the book: every packet since the last opening is kept, and every reading of them is tried.</summary>
    private sealed class Model(KnockSequence door)
    {
        private readonly HashSet<ulong> _marks = [];
        private List<(KnockStep Step, int At)> _packets = [];
        private List<(int Made, int Begun)> _runs = [];
        private int _last = int.MinValue / 2;

        public bool Knock(KnockStep step, ulong mark, int now)
        {
            var within = door.Within.TotalMilliseconds;
            if (Traps.Contains(step.Kind, step.First))
                (_packets, _runs) = ([], []);
            if (now - _last > within)
                _marks.Clear();
            var fits = Enumerable.Range(0, door.Steps.Length).Where(i => door.Steps[i].Matches(step.Kind, step.First)).ToArray();
            var repeats = fits.Any(i => door.Steps.Where((other, j) => j != i && other.Overlaps(door.Steps[i])).Any());
            var beginsOrGoesOn = door.Order == StepOrder.Any || fits.Contains(0) || now - _last <= within;
            if (fits.Length == 0 || !beginsOrGoesOn || (repeats && !_marks.Add(mark)))
                return false;
            _last = now;
            _packets = [.. _packets.Where(p => now - p.At <= within), (step, now)];
            _runs = [.. _runs.Where(r => now - r.Begun <= within)];
            var longer = _runs.Where(r => fits.Contains(r.Made)).Select(r => (r.Made + 1, r.Begun)).Concat(fits.Contains(0) ? [(1, now)] : []).ToList();
            var inPlace = longer.Count > 0 || _runs.Any(r => fits.Any(made => made < r.Made));
            _runs = inPlace ? [.. _runs.Concat(longer).Distinct()] : [];
            var opens = door.Order == StepOrder.Any ? AllMade(0, [.. _packets.Select(p => p.Step)]) : longer.Any(r => r.Item1 == door.Steps.Length);
            if (opens)
                (_packets, _runs, _last) = ([], [], int.MinValue / 2);
            return opens;
        }

        private bool AllMade(int from, List<KnockStep> packets) => from == door.Steps.Length
            || packets.Distinct().Any(p => door.Steps[from].Matches(p.Kind, p.First) && AllMade(from + 1, Without(packets, p)));

        private static List<KnockStep> Without(List<KnockStep> packets, KnockStep one) => [.. packets.Take(packets.IndexOf(one)), .. packets.Skip(packets.IndexOf(one) + 1)];
    }
}
