using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using static Postern.Knocks.Tests.Sequences.Knocking;

namespace Postern.Knocks.Tests.Sequences;

/// <summary>
/// knockd's own way to read packets (process_attempt of knockd 0.8, less its defects: no list whose head takes the others with it, and time in nanoseconds), as a list of attempts that is gone
/// through for each packet. The doors of <c>strict: true</c> must open exactly when it does, whatever else is watched beside them.
/// </summary>
public sealed class KnockdModelTests
{
    private static readonly UInt128 Here = Source("10.0.0.1");
    private static readonly UInt128 There = Source("10.0.0.9");

    private static readonly ImmutableArray<KnockSequence> Doors = Knocking.Doors(
        Lone("tcp/1,tcp/2,tcp/3"),
        Lone("tcp/1,tcp/2"),
        Lone("tcp/2,tcp/3,tcp/4", seconds: 2),
        Lone("tcp/1,tcp/1,udp/2"),
        Lone("tcp/4"),
        Lone("tcp/3,tcp/1", flags: "any"),
        Lone("udp/2,tcp/4,udp/2", seconds: 0.3),
        Lone("tcp/1,tcp/3") with { To = [new(There)] },
        Lone("tcp/2,tcp/4") with { To = [new(Here), new(There)] },
        Lone("tcp/1,tcp/4") with { Family = IpFamily.V6 },
        Door("tcp/7,tcp/1,tcp/2"));

    private static readonly TrapPorts Traps = TrapPorts.For(Knocking.Doors(Door("tcp/1,tcp/9", seconds: 2)), (_, port) => port != 5, _ => 4);

    private static KnockSequence Lone(string steps, double seconds = 1, string flags = "syn") => Door(steps, StepOrder.Strict, seconds, flags) with { Alone = true };

    private readonly record struct Seen(TcpFlags Flags, UInt128 Destination);

    private readonly record struct Sent(int Client, string What, int Gap, TcpFlags Flags, bool IsThere);

    [Fact]
    public void Doors_of_strict_open_when_knockd_opens()
    {
        var packet = from client in Gen.Choose(0, 2)
                     from what in Gen.Frequency((9, Gen.Choose(1, 4).Select(p => $"tcp/{p}")), (2, Gen.Constant("udp/2")), (1, Gen.Elements("tcp/5", "tcp/7", "udp/3", "tcp/99")))
                     from gap in Gen.Frequency((9, Gen.Choose(1, 30)), (1, Gen.Choose(200, 1100)))
                     from flags in Gen.Frequency((8, Gen.Constant(TcpFlags.Syn)), (1, Gen.Constant(TcpFlags.Ack)), (1, Gen.Constant(TcpFlags.Syn | TcpFlags.Ack)))
                     from there in Gen.Frequency((5, Gen.Constant(false)), (1, Gen.Constant(true)))
                     select new Sent(client, what, gap, flags, there);
        var fewer = (List<Sent> all) => Enumerable.Range(0, all.Count).Select(i => all.Where((_, j) => j != i).ToList());
        var openings = new int[Doors.Length];

        Prop.ForAll(Arb.From(packet.ListOf(), fewer), packets =>
        {
            var detector = new SequenceDetector(Doors, Traps);
            var clients = new[] { Source("192.0.2.1"), Source("192.0.2.2"), Source("2001:db8::1") };
            var models = clients.Select(c => new Model(c)).ToArray();
            var now = 0;
            foreach (var sent in packets)
            {
                now += sent.Gap;
                var view = Packet(clients[sent.Client], Step(sent.What), sent.Flags, destination: sent.IsThere ? There : Here);
                var opened = detector.Observe(view, now * Millisecond).ToArray().Where(d => Doors[d].Alone).ToArray();
                Assert.Equal(models[sent.Client].Take(new(sent.Flags, sent.IsThere ? There : Here), Step(sent.What), now), opened);
                foreach (var door in opened)
                    openings[door]++;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000).WithEndSize(120));

        Assert.All(openings[..^1], (count, door) => Assert.True(count > 20, $"{Doors[door].Name} hardly ever opened ({count}): the cases prove nothing"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void A_company_that_a_flood_pushed_out_revives_no_attempt(int sets)
    {
        var detector = new SequenceDetector(Knocking.Doors(Lone("tcp/1,tcp/2,tcp/3", seconds: 60), Lone("tcp/4,tcp/5", seconds: 60)), TrapPorts.None, tableBytes: sets * 16 * 100);
        var now = 0;
        for (var round = 0; round < 2000; round++)
        {
            detector.Knock(Alice, "tcp/1", ++now);
            detector.Knock(Alice, "tcp/2", ++now);
            for (uint stranger = 0; stranger < 40; stranger++)
                detector.Knock((UInt128)stranger + 1, "tcp/1", ++now);
            detector.Knock(Alice, "tcp/4", ++now); // out of turn, or the first of another where nothing is known of her any more
            Assert.Empty(detector.Knock(Alice, "tcp/3", ++now));
        }
    }

    [Fact]
    public void A_packet_costs_the_same_however_many_doors_there_are()
    {
        var few = Touched(doors: 10);
        Assert.True(Touched(doors: 2000) < 50 * few, "a packet of one door looks at the others");

        static long Touched(int doors)
        {
            var detector = new SequenceDetector([.. Enumerable.Range(0, doors).Select(i => Lone($"tcp/{1000 + (i * 5)},tcp/{1001 + (i * 5)},tcp/{1002 + (i * 5)}"))], TrapPorts.None);
            var steps = new[] { Step("tcp/1000"), Step("tcp/1006") };
            var best = long.MaxValue;
            for (var round = 0; round < 20; round++)
            {
                var started = System.Diagnostics.Stopwatch.GetTimestamp();
                for (var i = 0; i < 20_000; i++)
                    detector.Observe(Packet(Alice, steps[i & 1]), i);
                best = Math.Min(best, System.Diagnostics.Stopwatch.GetTimestamp() - started);
            }

            return best;
        }
    }

    /// <summary>One source: its attempts, all of which look at each packet that any door names.</summary>
    private sealed class Model(UInt128 source)
    {
        private readonly List<Attempt> _attempts = [];

        private sealed class Attempt(int door, int now)
        {
            public int Door => door;

            public int Begun => now;

            public int Stage { get; set; } = 1;

            public bool IsOver { get; set; }
        }

        public int[] Take(Seen packet, KnockStep step, int now)
        {
            if (Traps.Contains(step.Kind, step.First))
                _attempts.Clear();
            if (!Enumerable.Range(0, Doors.Length).Any(d => Accepts(d, packet, step) && Doors[d].Steps.Any(s => s.Matches(step.Kind, step.First))))
                return [];
            _attempts.RemoveAll(a => a.IsOver || now - a.Begun > Doors[a.Door].Within.TotalMilliseconds);
            var own = _attempts.Where(a => IsFor(a.Door, packet)).ToList();
            return own.Count > 0 ? GoOn(own, packet, step) : BeginAnew(packet, step, now);
        }

        private int[] GoOn(List<Attempt> own, Seen packet, KnockStep step)
        {
            var opened = new List<int>();
            foreach (var attempt in own.Where(a => HasFlags(a.Door, packet, step)))
            {
                if (Doors[attempt.Door].Steps[attempt.Stage].Matches(step.Kind, step.First))
                    attempt.Stage++;
                else
                    attempt.IsOver = true;
                if (attempt.Stage != Doors[attempt.Door].Steps.Length)
                    continue;
                attempt.IsOver = true;
                opened.Add(attempt.Door);
            }

            return [.. opened.Order()];
        }

        private int[] BeginAnew(Seen packet, KnockStep step, int now)
        {
            var begun = Enumerable.Range(0, Doors.Length).Where(d => Doors[d].Alone && Accepts(d, packet, step) && Doors[d].Steps[0].Matches(step.Kind, step.First)).ToArray();
            _attempts.AddRange(begun.Select(d => new Attempt(d, now) { IsOver = Doors[d].Steps.Length == 1 }));
            return [.. begun.Where(d => Doors[d].Steps.Length == 1)];
        }

        private bool Accepts(int door, Seen packet, KnockStep step) => IsFor(door, packet) && HasFlags(door, packet, step);

        private static bool HasFlags(int door, Seen packet, KnockStep step) => step.Kind != StepKind.Tcp || Doors[door].TcpFlags.Holds(packet.Flags);

        private bool IsFor(int door, Seen packet) =>
            (Doors[door].To.IsEmpty || Doors[door].To.Contains(new(packet.Destination)))
            && (Doors[door].Family == IpFamily.Both || (Doors[door].Family == IpFamily.V4) == new Address(source).IsV4);
    }
}
