using System.Buffers.Binary;
using Postern.Reports;
using Postern.Sentry.Spa;

namespace Postern.Sentry.Tests.Spa;

/// <summary>Who gets what of a budget that is kept for copies, and what a reader that is late does. Time and chance are arguments, so the figures are the same on every machine.</summary>
public sealed class CopyBudgetTests(ITestOutputHelper output)
{
    private const long Second = 1_000_000_000;
    private const long Millisecond = Second / 1000;

    private readonly OpeningBudget _budget = new(new SipHash(77), new(), keepsForCopies: true);
    private readonly Random _random = new(3);
    private int _packets;

    private byte[] Packet()
    {
        var packet = new byte[32];
        BinaryPrimitives.WriteInt32LittleEndian(packet.AsSpan(28), ++_packets); // all that they differ by is at the end
        return packet;
    }

    private Address AnySource() => Address.FromV4((uint)_random.NextInt64(uint.MaxValue));

    private bool Spend(byte[] packet, long now, long lag = 0) => _budget.SpendOn(packet, AnySource(), now, lag) == Refusal.None;

    /// <summary>The table above OpeningBudget: λ packets a second, each another, or each sent so many times, 60 ms apart; and 500 clients a second of so many copies.</summary>
    [Theory]
    [InlineData(20_000, 1, 1, 0.10)]
    [InlineData(20_000, 1, 2, 1.00)]
    [InlineData(20_000, 2, 2, 1.00)]
    [InlineData(20_000, 3, 2, 1.00)]
    [InlineData(100_000, 1, 1, 0.02)]
    [InlineData(100_000, 1, 2, 1.00)]
    [InlineData(300_000, 1, 2, 1.00)]
    [InlineData(100_000, 2, 3, 0.33)]
    [InlineData(100_000, 2, 10, 0.81)]
    [InlineData(100_000, 3, 3, 0.30)]
    public void A_packet_that_comes_again_goes_first(int perSecond, int timesEnemy, int copies, double share)
    {
        var (through, clients) = Besiege(perSecond, timesEnemy, copies, between: 60 * Millisecond);
        output.WriteLine($"{through} of {clients} = {(double)through / clients:F3}, computed {share}");
        if (share >= 1)
            Assert.InRange(through, clients * (timesEnemy > 1 ? 0.95 : 0.995), clients); // at 20 000, twice each, all of the budget is asked for
        else
            Assert.InRange((double)through / clients, share * 0.75 - 0.01, share * 1.25 + 0.01);
    }

    /// <summary>On a VLAN every packet is seen twice, a moment apart: a flood is no flood of copies by that.</summary>
    [Fact]
    public void What_is_seen_twice_is_no_copy()
    {
        var admitted = 0;
        for (var now = 0L; now < 2 * Second; now += 10_000)
        {
            var packet = Packet();
            admitted += Spend(packet, now) || Spend(packet, now + 1000) ? 1 : 0;
        }

        Assert.InRange(admitted, 3_900, 5_100); // the rate of first copies, and their burst
    }

    /// <summary>Whatever comes and however often: the sum of both rates, and both bursts.</summary>
    [Fact]
    public void The_whole_is_never_exceeded()
    {
        var admitted = 0;
        var packets = Enumerable.Range(0, 50_000).Select(_ => Packet()).ToArray();
        var done = new bool[packets.Length];
        for (var i = 0; i < 1_000_000; i++)
        {
            var which = i % packets.Length;
            if (done[which] || !Spend(packets[which], i * 1_000L))
                continue;
            done[which] = true;
            admitted++;
        }

        Assert.InRange(admitted, 8_000, 11_100);
    }

    /// <summary>A reader that is late opens first copies at 10 ms / lag of the rate, and copies at 50 ms / lag.</summary>
    [Theory]
    [InlineData(0, 2_000, 8_000)]
    [InlineData(10, 2_000, 8_000)]
    [InlineData(50, 400, 8_000)]
    [InlineData(200, 100, 2_000)]
    public void Who_is_late_opens_less(int lag, int firsts, int copies)
    {
        var (first, again) = (0, 0);
        var late = new Queue<(long At, byte[] Packet)>();
        for (var now = 0L; now < 4 * Second; now += 20_000)
        {
            var packet = Packet();
            if (Spend(packet, now, lag * Millisecond))
                first += now >= 2 * Second ? 1 : 0;
            else
                late.Enqueue((now + (60 * Millisecond), packet));
            while (late.TryPeek(out var next) && next.At <= now)
                again += Spend(late.Dequeue().Packet, now, lag * Millisecond) && now >= 2 * Second ? 1 : 0;
        }

        output.WriteLine($"{first / 2} and {again / 2} a second");
        Assert.InRange(first + again, 2 * (firsts + copies) * 0.85, 2 * (firsts + copies) * 1.15);
    }

    [Fact]
    public void Who_comes_alone_to_a_busy_machine_is_admitted()
    {
        for (var i = 0; i < 100; i++)
            Assert.True(Spend(Packet(), i * Second / 10, lag: Second / 2));
    }

    /// <summary>
    /// A machine on which an opening takes so long that it can make 400 a second, and 20 000 packets that each want one: the ring before it never holds more than some
    /// tens of milliseconds, and a client's second copy is opened all the same. Without the lag it falls behind for ever.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Work_shrinks_until_the_reader_is_in_time(bool tells)
    {
        const long Opening = Second / 400;
        const long Look = 2_000;
        const long Every = Second / 20_000;
        long clock = 0, worst = 0;
        var (through, clients) = (0, 0);
        var again = new Queue<(long At, byte[] Packet)>();
        for (var now = 0L; now < 5 * Second; now += Every)
        {
            Read(Packet(), now);
            if (now % (10 * Millisecond) == 0 && now >= 2 * Second)
            {
                clients++;
                var packet = Packet();
                through += Read(packet, now) ? 1 : 0;
                again.Enqueue((now + (60 * Millisecond), packet));
            }

            while (again.TryPeek(out var next) && next.At <= now)
                through += Read(again.Dequeue().Packet, now) ? 1 : 0;
            worst = now >= 3 * Second ? Math.Max(worst, clock - now) : worst;
        }

        output.WriteLine($"{worst / 1e6:F0} ms late at worst, {through} of {clients}");
        if (tells)
        {
            Assert.InRange(worst, 0, 300 * Millisecond);
            Assert.InRange((double)through / clients, 0.95, 2);
        }
        else
        {
            Assert.InRange(worst, 2 * Second, long.MaxValue);
        }

        bool Read(byte[] packet, long at)
        {
            clock = Math.Max(clock, at) + Look;
            var opens = Spend(packet, at, tells ? clock - at : 0);
            clock += opens ? Opening : 0;
            return opens;
        }
    }

    [Fact]
    public void A_copy_is_known_from_a_thirtieth_of_a_second_to_two_seconds_later()
    {
        var asked = new AskedPackets(new SipHash(5));
        var packet = asked.Identify(Packet());
        Assert.False(asked.Has(packet, Second));
        asked.Add(packet, Second);
        Assert.False(asked.Has(packet, Second));
        Assert.False(asked.Has(packet, Second + AskedPackets.Tick));
        Assert.True(asked.Has(packet, Second + AskedPackets.Soonest + AskedPackets.Tick));
        asked.Add(packet, Second + AskedPackets.Soonest);
        Assert.True(asked.Has(packet, Second + AskedPackets.Latest));
        Assert.False(asked.Has(packet, Second + AskedPackets.Latest + AskedPackets.Tick));
        Assert.False(asked.Has(asked.Identify(Packet()), Second + (60 * Millisecond)));

        asked.Add(packet, 5 * Second);
        Assert.False(asked.Has(packet, 5 * Second));
        Assert.True(asked.Has(packet, 5 * Second + (60 * Millisecond)));
    }

    /// <summary>Sixty milliseconds of 500 000 a second.</summary>
    [Fact]
    public void As_many_are_remembered_as_can_come_before_a_client_sends_again()
    {
        var asked = new AskedPackets(new SipHash(5));
        var marks = Enumerable.Range(0, 30_000).Select(_ => asked.Identify(Packet())).ToArray();
        for (var i = 0; i < marks.Length; i++)
            asked.Add(marks[i], Second + (i * 2_000L));
        Assert.InRange(marks.Count(mark => asked.Has(mark, Second + (100 * Millisecond))), 29_500, 30_000);
    }

    /// <summary>The first half second, in which the buckets come to rest, does not count.</summary>
    private (int Through, int Clients) Besiege(int perSecond, int timesEnemy, int copies, long between)
    {
        var (through, clients) = (0, 0);
        var later = new PriorityQueue<(byte[] Packet, int Left, bool Genuine), long>();
        var tick = Second / (perSecond / timesEnemy);
        for (var now = 0L; now < 2 * Second; now += tick)
        {
            Send(Packet(), timesEnemy, genuine: false, now);
            if (now / (2 * Millisecond) != (now - tick) / (2 * Millisecond) && now >= Second / 2 && now < Second + (Second / 2))
            {
                clients++;
                Send(Packet(), copies, genuine: true, now);
            }

            while (later.TryPeek(out var next, out var at) && at <= now)
            {
                later.Dequeue();
                Send(next.Packet, next.Left, next.Genuine, at);
            }
        }

        return (through, clients);

        void Send(byte[] packet, int left, bool genuine, long at)
        {
            if (Spend(packet, at))
                through += genuine ? 1 : 0;
            else if (left > 1)
                later.Enqueue((packet, left - 1, genuine), at + between);
        }
    }
}
