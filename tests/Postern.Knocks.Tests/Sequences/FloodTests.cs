using Postern.Knocks.Sequences;
using static Postern.Knocks.Tests.Sequences.Knocking;

namespace Postern.Knocks.Tests.Sequences;

/// <summary>Strangers fill the table as fast as they like. A genuine client gets through, and nothing grows.</summary>
public sealed class FloodTests
{
    private const int PacketsPerMillisecond = 300;

    private static readonly KnockSequence Three = Door("tcp/7000,tcp/8000,tcp/9000", StepOrder.Any);

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void Three_hundred_thousand_false_first_knocks_a_second_push_nobody_out(int gapMilliseconds)
    {
        var opened = 0;
        for (var round = 0; round < 8; round++)
        {
            var detector = Watching(Three);
            var stranger = new Strangers(detector, v6: round % 2 == 1);
            stranger.Flood("tcp/7000", from: 0, milliseconds: 500); // the table is full before the client comes
            opened += KnockThrough(detector, stranger, gapMilliseconds, "tcp/7000") ? 1 : 0;
        }

        Assert.Equal(8, opened);
    }

    [Fact]
    public void Strangers_who_know_the_first_port_cannot_touch_a_client_past_it()
    {
        var detector = Watching(Three);
        var stranger = new Strangers(detector, v6: false);
        detector.Knock(Alice, "tcp/7000", 0);
        detector.Knock(Alice, "tcp/8000", 1);
        stranger.Flood("tcp/7000", from: 2, milliseconds: 4000); // nine times the table
        Assert.Single(detector.Knock(Alice, "tcp/9000", 4003));
    }

    [Fact]
    public void Strangers_who_know_two_ports_leave_half_of_the_places_to_newcomers()
    {
        var detector = Watching(Three);
        var stranger = new Strangers(detector, v6: false);
        stranger.FloodTwice("tcp/7000", "tcp/8000", from: 0, milliseconds: 2000);
        Assert.True(KnockThrough(detector, stranger, 20, "tcp/7000", from: 2001));
    }

    [Fact]
    public void To_take_its_memory_forgets_nobody()
    {
        var detector = Watching(Three);
        var clients = Enumerable.Range(0, 500).Select(i => Source($"2001:db8:{i:x}::1")).ToArray();
        foreach (var client in clients)
            detector.Knock(client, "tcp/7000", 0);
        detector.TakeMemory();
        foreach (var client in clients)
            detector.Knock(client, "tcp/8000", 1);
        detector.TakeMemory();
        Assert.All(clients, client => Assert.Single(detector.Knock(client, "tcp/9000", 2)));
    }

    [Fact]
    public void One_network_of_IPv6_fills_only_its_own_region()
    {
        var detector = Watching(Three);
        var clients = Enumerable.Range(0, 500).Select(i => Source($"2001:db8:{i:x}::1")).ToArray();
        foreach (var client in clients)
            detector.Knock(client, "tcp/7000", 0);
        for (uint i = 0; i < 400_000; i++)
            detector.Observe(Packet(Source("2001:db8:ffff::") + i, Step("tcp/7000"), mark: i), Millisecond);
        foreach (var client in clients)
            detector.Knock(client, "tcp/8000", 2);
        Assert.InRange(clients.Count(c => detector.Knock(c, "tcp/9000", 3).Length == 1), 475, 500);
    }

    [Fact]
    public void Nothing_grows_and_nothing_is_allocated()
    {
        var detector = new SequenceDetector(Doors(Three, Door("tcp/1,tcp/1,tcp/2")), TrapPorts.For(Doors(Three), (_, port) => port != 23, _ => 22));
        var strangers = new Strangers(detector, v6: true);
        var (step, trap, repeated) = (Step("tcp/7000"), Step("tcp/23"), Step("tcp/1")); // to read them allocates
        strangers.Flood(step, 0, 10);
        strangers.Flood(trap, 10, 10);
        strangers.Flood(repeated, 20, 10);
        var before = GC.GetAllocatedBytesForCurrentThread();
        strangers.Flood(step, 30, 1000);
        strangers.Flood(trap, 1030, 1000);
        strangers.Flood(repeated, 2030, 1000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(detector.Evicted > 100_000);
    }

    private static bool KnockThrough(SequenceDetector detector, Strangers strangers, int gap, string flooded, double from = 500)
    {
        detector.Knock(Alice, "tcp/7000", from);
        strangers.Flood(flooded, from, gap);
        detector.Knock(Alice, "tcp/8000", from + gap);
        strangers.Flood(flooded, from + gap, gap);
        return detector.Knock(Alice, "tcp/9000", from + (2 * gap)).Length == 1;
    }

    /// <summary>Sends from a new false address with every packet.</summary>
    private sealed class Strangers(SequenceDetector detector, bool v6)
    {
        private readonly Random _random = new(7);

        public void Flood(string step, double from, int milliseconds) => Flood(Step(step), from, milliseconds);

        public void Flood(KnockStep step, double from, int milliseconds) => Send(from, milliseconds, step);

        public void FloodTwice(string one, string two, double from, int milliseconds) => Send(from, milliseconds, Step(one), Step(two));

        private void Send(double from, int milliseconds, params ReadOnlySpan<KnockStep> steps)
        {
            var start = (long)(from * Millisecond);
            for (var i = 0; i < milliseconds * PacketsPerMillisecond / steps.Length; i++)
            {
                var source = v6
                    ? new UInt128((ulong)_random.NextInt64(), (ulong)_random.NextInt64())
                    : ((UInt128)0xffff << 32) | (uint)_random.NextInt64(uint.MaxValue);
                foreach (var step in steps)
                    detector.Observe(Packet(source, step, mark: (ulong)i), start + (i * Millisecond * steps.Length / PacketsPerMillisecond));
            }
        }
    }
}
