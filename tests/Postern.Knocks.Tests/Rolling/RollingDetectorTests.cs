using Postern.Keys;
using Postern.Knocks.Rolling;
using Postern.Knocks.Sequences;
using Postern.Reports;
using static Postern.Knocks.Tests.Sequences.Knocking;

namespace Postern.Knocks.Tests.Rolling;

/// <summary>Who completes which sequence when; and who does not, whatever he sends.</summary>
public sealed class RollingDetectorTests
{
    private const long Second = 1000 * Millisecond;
    private const long Now = 1_795_000_000;

    private static readonly RollingPlan Plan = new(RollingPlan.UsualPool);
    private static readonly TokenSecret Phone = TokenSecret.From([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    private static readonly TokenSecret Laptop = TokenSecret.From([.. Enumerable.Range(7, 32).Select(i => (byte)i)]);

    private static RollingDetector Watching(params RollingDoor[] doors) => new([.. doors], 1 << 20);

    private static RollingDoor Door(TokenSecret secret, RollingPlan? plan = null) => new(plan ?? Plan, secret, TimeSpan.FromSeconds(10));

    private static KnockStep[] Steps(TokenSecret secret, long step, UInt128 source = default, RollingPlan? plan = null)
    {
        var steps = new KnockStep[RollingPlan.MaxLength];
        return steps[..(plan ?? Plan).Draw(secret, step, new(source), steps)];
    }

    private static RollingFound[] Send(RollingDetector detector, UInt128 source, IEnumerable<KnockStep> steps, long now = 0, long seconds = Now) =>
        [.. steps.SelectMany((s, i) => detector.Observe(Packet(source, s), now + (i * Millisecond), seconds, out _).ToArray())];

    [Fact]
    public void The_sequences_of_three_time_steps_open_each_in_any_order()
    {
        var step = Plan.StepAt(Now);
        for (var off = -2; off <= 2; off++)
        {
            foreach (var backwards in new[] { false, true })
            {
                var steps = Steps(Phone, step + off);
                var found = Send(Watching(Door(Phone), Door(Laptop)), Alice, backwards ? steps.Reverse() : steps);
                Assert.Equal(Math.Abs(off) <= 1 ? [new RollingFound(0, step + off, Address.None)] : [], found);
            }
        }
    }

    [Fact]
    public void Each_door_has_its_own()
    {
        var detector = Watching(Door(Phone), Door(Laptop));
        Assert.Equal([new RollingFound(1, Plan.StepAt(Now), Address.None)], Send(detector, Bob, Steps(Laptop, Plan.StepAt(Now))));
    }

    /// <summary>Whatever the clock does, forth or back: the sequences of its present step are the ones that count.</summary>
    [Fact]
    public void It_follows_the_clock_wherever_it_goes()
    {
        var detector = Watching(Door(Phone));
        foreach (var seconds in (long[])[Now, Now + 30, Now + 86_400, Now - 86_400, 0, 45, Now])
        {
            var step = Plan.StepAt(seconds);
            Assert.Equal(step, Assert.Single(Send(detector, Alice, Steps(Phone, step), seconds * Second, seconds)).Step);
            Assert.Empty(Send(detector, Bob, Steps(Phone, step + 2), seconds * Second, seconds));
        }
    }

    [Fact]
    public void Steps_that_are_too_far_apart_complete_nothing_and_neither_do_those_of_two_sources_or_of_two_time_steps()
    {
        var (steps, detector) = (Steps(Phone, Plan.StepAt(Now)), Watching(Door(Phone)));
        Assert.Empty(Send(detector, Alice, steps[..^1]));
        Assert.Empty(Send(detector, Bob, steps[^1..]));
        Assert.Empty(Send(detector, Alice, steps[^1..], 11 * Second));
        Assert.Empty(Send(detector, Alice, Steps(Phone, Plan.StepAt(Now) + 1)[..1], 11 * Second));
        Assert.Single(Send(detector, Alice, steps, 12 * Second));
    }

    /// <summary>Each step in time after the one before keeps the attempt alive; the first is too long ago all the same.</summary>
    [Fact]
    public void All_steps_must_fit_into_the_time_and_not_each_two_of_them()
    {
        var plan = Plan with { Shortest = 3, Longest = 3 };
        var (steps, detector) = (Steps(Phone, plan.StepAt(Now), plan: plan), Watching(Door(Phone, plan)));
        for (var i = 0; i < 3; i++)
            Assert.Empty(Send(detector, Alice, steps[i..(i + 1)], i * 6 * Second));
        Assert.Single(Send(detector, Alice, steps[..1], 13 * Second)); // with the other two, which are not
    }

    /// <summary>To draw a sequence for each address costs MACs: of a flood from everywhere so many are made and no more.</summary>
    [Fact]
    public void Sequences_of_addresses_are_drawn_within_a_budget()
    {
        var plan = Plan with { IsBound = true };
        var (random, detector, drawn) = (new Random(3), Watching(Door(Phone, plan)), 0);
        for (var i = 0; i < 10_000; i++)
        {
            detector.Observe(Packet(Source("198.51.0.0") + (UInt128)i, new(StepKind.Udp, (ushort)random.Next(20_000, 30_000), 0)), 0, Now, out var outcome);
            drawn += outcome == RollingOutcome.OverBudget ? 0 : 1;
        }

        Assert.InRange(drawn, 1, 1_000);
        Assert.Single(Send(detector, Alice, Steps(Phone, plan.StepAt(Now), Alice, plan), Second));
    }

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::b0b")]
    public void One_that_is_bound_opens_to_its_own_address_alone(string address)
    {
        var plan = Plan with { IsBound = true };
        var (own, other) = (Source(address), Source("198.51.100.9"));
        var (detector, step) = (Watching(Door(Laptop), Door(Phone, plan)), Plan.StepAt(Now));
        var steps = Steps(Phone, step, own, plan);
        Assert.Empty(Send(detector, other, steps));
        Assert.Equal([new RollingFound(1, step, new(own))], Send(detector, own, steps));
        Assert.NotEqual(steps, Steps(Phone, step, other, plan));
    }

    [Fact]
    public void Twenty_decoys_in_each_of_three_rounds_do_no_harm()
    {
        var random = new Random(5);
        for (var i = 0; i < 200; i++)
        {
            var detector = Watching(Door(Phone));
            var steps = Steps(Phone, Plan.StepAt(Now));
            for (var round = 0; round < 2; round++)
                Send(detector, Alice, Enumerable.Range(0, 20).Select(_ => Miss(random)), round * Second);
            KnockStep[] last = [.. steps, .. Enumerable.Range(0, 20).Select(_ => Miss(random))];
            random.Shuffle(last);
            Assert.Single(Send(detector, Alice, last, 2 * Second));
        }
    }

    /// <summary>All ports of the pool within the time of a sequence: upwards, downwards, by chance.</summary>
    [Fact]
    public void A_scan_of_the_whole_pool_opens_nothing()
    {
        var random = new Random(3);
        KnockStep[] all = [.. Plan.Pool.SelectMany(run => Enumerable.Range(run.First, run.Width).Select(p => new KnockStep(run.Kind, (ushort)p, (ushort)p)))];
        for (var i = 0; i < 6; i++)
        {
            var detector = Watching(Door(Phone), Door(Laptop));
            Assert.Empty(all.SelectMany((s, at) => detector.Observe(Packet(Alice, s), at * Millisecond / 4, Now, out _).ToArray()));
            if (i == 0)
                Array.Reverse(all);
            else
                random.Shuffle(all);
        }
    }

    [Fact]
    public void Whoever_has_scanned_is_heard_again_after_a_while_and_others_all_along()
    {
        var (random, detector, steps) = (new Random(4), Watching(Door(Phone)), Steps(Phone, Plan.StepAt(Now)));
        Send(detector, Alice, Enumerable.Range(0, 100).Select(_ => Miss(random)));
        Assert.Empty(Send(detector, Alice, steps, 101 * Millisecond));
        Assert.Single(Send(detector, Bob, steps, 102 * Millisecond));
        Assert.Single(Send(detector, Alice, steps, 4 * Second));
    }

    [Fact]
    public void Only_first_segments_count_and_what_is_outside_of_the_pool_is_nobodys()
    {
        var detector = Watching(Door(Phone));
        foreach (var step in Steps(Phone, Plan.StepAt(Now)))
        {
            Assert.Equal(0, detector.Observe(Packet(Alice, step with { Kind = StepKind.Tcp }, Packets.TcpFlags.Ack), 0, Now, out var outcome).Length);
            Assert.Equal(RollingOutcome.None, outcome);
        }

        detector.Observe(Packet(Alice, Step("tcp/19999")), 0, Now, out var outside);
        Assert.Equal(RollingOutcome.None, outside);
    }

    /// <summary>Twenty thousand false sources a second for a second, at the very ports of the sequence; the genuine one needs 300 ms.</summary>
    [Fact]
    public void A_flood_of_first_steps_does_not_push_out_a_client()
    {
        var (detector, steps) = (new RollingDetector([Door(Phone)]), Steps(Phone, Plan.StepAt(Now)));
        var found = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var at = i * 50_000L;
            detector.Observe(Packet(Source("198.51.0.0") + (UInt128)i, steps[i % steps.Length]), at, Now, out _);
            if (i % 3_000 == 0 && i / 3_000 < steps.Length)
                found += detector.Observe(Packet(Alice, steps[i / 3_000]), at, Now, out _).Length;
        }

        Assert.Equal(1, found);
    }

    private static KnockStep Miss(Random random)
    {
        while (true)
        {
            var port = (ushort)random.Next(20_000, 30_000);
            var step = new KnockStep(random.Next(2) == 0 ? StepKind.Tcp : StepKind.Udp, port, port);
            if (Enumerable.Range(-1, 3).All(off => !Steps(Phone, Plan.StepAt(Now) + off).Contains(step)))
                return step;
        }
    }
}
