using System.Collections.Immutable;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Postern.Knocks.Sequences;
using Postern.Knocks.Tracing;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Watching;
using static Postern.Knocks.Tests.Sequences.Knocking;

namespace Postern.Knocks.Tests.Sequences;

/// <summary>What each packet is said to have done; and that to say it changes nothing.</summary>
public sealed class TraceTests
{
    private const string Steps = "tcp/7000,udp/8000,tcp/9000";

    /// <summary>Packets as "port@seconds", a packet of the wrong flags with a "!".</summary>
    [Theory]
    [InlineData(StepOrder.Any, "tcp/7000@0 udp/8000@1 tcp/9000@2", "step 1/3, step 2/3, completed 3/3")]
    [InlineData(StepOrder.Any, "tcp/9000@0 udp/8000@1 tcp/7000@2", "step 1/3, step 2/3, completed 3/3")]
    [InlineData(StepOrder.Any, "tcp/7000@0 tcp/7000@1 tcp/9000@2", "step 1/3, again 1/3, step 2/3")]
    [InlineData(StepOrder.Any, "tcp/7000@0 udp/8000@8 tcp/9000@12", "step 1/3, step 2/3, too-late 2/3 by 12s")]
    [InlineData(StepOrder.Any, "tcp/7000@0 udp/8000@8 tcp/9000@12 tcp/7000@13", "step 1/3, step 2/3, too-late 2/3 by 12s, completed 3/3")]
    [InlineData(StepOrder.Any, "tcp/7000@0 udp/8000@8 tcp/9000@12 udp/8000@13", "step 1/3, step 2/3, too-late 2/3 by 12s, again 2/3")]
    [InlineData(StepOrder.Any, "tcp/7000@0 udp/8000@1 tcp/9000@30", "step 1/3, step 2/3, too-late 1/3 by 30s")]
    [InlineData(StepOrder.Any, "tcp/7000@0 udp/8000@1 tcp/9000@3000", "step 1/3, step 2/3, step 1/3")] // another try
    [InlineData(StepOrder.Any, "tcp/7000@0 udp/8000!@1 tcp/9000!@2", "step 1/3, step 2/3, wrong-flags 0/3")]
    [InlineData(StepOrder.Strict, "tcp/7000@0 udp/8000@1 tcp/9000@2", "step 1/3, step 2/3, completed 3/3")]
    [InlineData(StepOrder.Strict, "tcp/7000@0 tcp/9000@1 udp/8000@2", "step 1/3, out-of-turn 1/3, not-begun 0/3")]
    [InlineData(StepOrder.Strict, "tcp/9000@0", "not-begun 0/3")]
    [InlineData(StepOrder.Strict, "tcp/7000@0 udp/8000@1 tcp/7000@2 tcp/9000@3", "step 1/3, step 2/3, again 2/3, completed 3/3")]
    [InlineData(StepOrder.Strict, "tcp/7000@0 udp/8000@8 tcp/9000@12", "step 1/3, step 2/3, too-late 0/3 by 12s")]
    [InlineData(StepOrder.Strict, "tcp/7000@0 udp/8000@12 tcp/9000@13", "step 1/3, too-late 0/3 by 12s, too-late 0/3 by 13s")]
    [InlineData(StepOrder.Any, "tcp/7000@0 udp/8000@1 tcp/23@2 tcp/9000@3", "step 1/3, step 2/3, trap 0/0, step 1/3")]
    [InlineData(StepOrder.Strict, "tcp/7000@0 udp/8000@1 tcp/23@2 tcp/9000@3", "step 1/3, step 2/3, trap 0/0, not-begun 0/3")]
    [InlineData(StepOrder.Any, "tcp/1@0 udp/53@1", "")]
    public void Each_packet_is_said_to_have_done(StepOrder order, string packets, string thoughts) =>
        Assert.Equal(thoughts, Told([Door(Steps, order)], packets));

    [Theory]
    [InlineData("tcp/1@0 tcp/2@1 tcp/3@2", "step 1/3, step 2/3, completed 3/3")]
    [InlineData("tcp/1@0 tcp/1@1 tcp/2@2", "step 1/3, out-of-turn 1/3, not-begun 0/3")] // a duplicate is a wrong packet there
    [InlineData("tcp/1@0 tcp/2@1 tcp/9@2", "step 1/3, step 2/3, step 1/2, out-of-turn 2/3")] // so is the step of another door
    [InlineData("tcp/1@0 tcp/2@8 tcp/3@12", "step 1/3, step 2/3, too-late 0/3 by 12s")]
    public void A_door_that_is_alone_says_what_ended_it(string packets, string thoughts) =>
        Assert.Equal(thoughts, Told([Door("tcp/1,tcp/2,tcp/3") with { Alone = true }, Door("tcp/9,tcp/10")], packets));

    [Fact]
    public void A_door_says_that_it_listens_elsewhere_or_to_another_family()
    {
        Assert.Equal("wrong-destination 0/1", Told([Door("tcp/1") with { To = [new(Bob)] }], "tcp/1@0"));
        Assert.Equal("wrong-family 0/1", Told([Door("tcp/1") with { Family = IpFamily.V6 }], "tcp/1@0"));
    }

    [Fact]
    public void Whoever_listens_changes_nothing()
    {
        ImmutableArray<KnockSequence> doors = Knocking.Doors(
            Door("tcp/1,tcp/2,tcp/3", StepOrder.Any, seconds: 0.2),
            Door("tcp/1,tcp/1,udp/2", StepOrder.Any, seconds: 1),
            Door("tcp/2,tcp/3,tcp/2", StepOrder.Strict, seconds: 0.3),
            Door("tcp/1,tcp/3,tcp/4", StepOrder.Strict, seconds: 0.3) with { Alone = true },
            Door("tcp/4,tcp/1", StepOrder.Strict, seconds: 1, flags: "any") with { Alone = true });
        var traps = TrapPorts.For(doors, (_, port) => port != 5, _ => 4);
        var packet = from client in Gen.Choose(0, 1)
                     from what in Gen.Frequency((9, Gen.Choose(1, 4).Select(p => $"tcp/{p}")), (2, Gen.Constant("udp/2")), (1, Gen.Constant("tcp/5")))
                     from gap in Gen.Frequency((9, Gen.Choose(1, 30)), (1, Gen.Choose(100, 1100)))
                     from mark in Gen.Choose(1, 5)
                     select (Client: client, What: what, Gap: gap, Mark: (ulong)mark);
        var (openings, told) = (0, new HashSet<Finding>());

        Prop.ForAll(Arb.From(packet.ListOf()), packets =>
        {
            var (plain, traced, trace, now) = (new SequenceDetector(doors, traps), new SequenceDetector(doors, traps), new Notes(), 0);
            foreach (var sent in packets)
            {
                now += sent.Gap;
                var view = Packet(sent.Client == 0 ? Alice : Bob, Step(sent.What), mark: sent.Mark);
                trace.All.Clear();
                var opened = plain.Observe(view, now * Millisecond).ToArray();
                Assert.Equal(opened, traced.Observe(view, now * Millisecond, trace).ToArray());
                Assert.Equal(opened.Order(), trace.All.Where(t => t.Finding == Finding.Completed).Select(t => t.Door).Order());
                openings += opened.Length;
                told.UnionWith(trace.All.Select(t => t.Finding));
            }

            Assert.Equal(plain.Evicted, traced.Evicted);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1500).WithEndSize(100));

        Assert.True(openings > 1000, $"hardly anything opened ({openings}): the cases prove nothing");
        Assert.Superset(new HashSet<Finding> { Finding.Step, Finding.Again, Finding.Completed, Finding.OutOfTurn, Finding.NotBegun, Finding.TooLate, Finding.Trap }, told);
    }

    private static string Told(KnockSequence[] doors, string packets)
    {
        var traps = TrapPorts.From([(StepKind.Tcp, 23)], 10_000 * Millisecond);
        var (detector, trace) = (new SequenceDetector([.. doors], traps), new Notes());
        foreach (var sent in packets.Split(' '))
        {
            var at = sent.Split('@');
            var seconds = double.Parse(at[1], CultureInfo.InvariantCulture);
            detector.Observe(Packet(Alice, Step(at[0].TrimEnd('!')), at[0].EndsWith('!') ? TcpFlags.Ack : TcpFlags.Syn), (long)(seconds * 1000) * Millisecond, trace);
        }

        return string.Join(", ", trace.All.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Finding.Word()} {t.Made}/{t.Of}{(t.Late > 0 ? $" by {t.Late / 1e9}s" : "")}")));
    }

    private sealed class Notes : ITrace
    {
        public List<Thought> All { get; } = [];

        public bool Wants(in PacketView packet, long now) => true;

        public void Note(in Thought thought) => All.Add(thought);
    }
}
