using Postern.Keys;
using Postern.Keys.Knockknock;
using Postern.Knocks.Knockknock;
using Postern.Reports;

namespace Postern.Knocks.Tests.Knockknock;

/// <summary>Which packets are known, which are named, and what a stranger's cost.</summary>
public sealed class KnockknockTableTests : IDisposable
{
    private const ushort KnockPort = 1200;
    private const long Second = 1_000_000_000;

    private static readonly Address Sender = Address.FromV4(0xc0000201);
    private static readonly Address Thief = Address.FromV4(0xc0000202);

    private readonly TokenSecret _secret = TokenSecret.From([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    private readonly TokenSecret _otherSecret = TokenSecret.From([.. Enumerable.Range(1, 32).Select(i => (byte)i)]);
    private readonly KnockknockKeys _keys;
    private readonly KnockknockKeys _others;
    private long _now;

    public KnockknockTableTests() => (_keys, _others) = (new(_secret), new(_otherSecret));

    public void Dispose()
    {
        _keys.Dispose();
        _others.Dispose();
        _secret.Dispose();
        _otherSecret.Dispose();
    }

    private KnockknockTable New(ulong next = 0, int window = 20) => new([new(3, _keys, KnockPort, [22, 80], next, window)]);

    private (KnockknockOutcome Outcome, KnockknockMatch Match) Find(KnockknockTable table, KnockknockPacket packet, Address? from = null, ushort port = KnockPort)
    {
        var outcome = table.Find(packet, port, from ?? Sender, 40_000, _now, out var match);
        return (outcome, match);
    }

    private KnockknockOutcome Knock(KnockknockTable table, uint counter, ushort port = 22) => Find(table, KnockknockPacket.Seal(_keys, counter, port)).Outcome;

    [Fact]
    public void Every_bit_of_the_four_fields_counts()
    {
        var table = New();
        var good = KnockknockPacket.Seal(_keys, 4, 80);
        for (var bit = 0; bit < 96; bit++)
        {
            _now += Second;
            var bits = good.Bits ^ (UInt128.One << bit);
            var bad = new KnockknockPacket((ushort)(bits >> 80), (uint)(bits >> 48), (uint)(bits >> 16), (ushort)bits);
            Assert.Equal(KnockknockOutcome.Bad, Find(table, bad).Outcome);
        }

        Assert.Equal((KnockknockOutcome.Found, new KnockknockMatch(3, 4, 80)), Find(table, good));
    }

    [Fact]
    public void It_must_come_to_the_port_of_its_profile()
    {
        var table = new KnockknockTable([new(0, _keys, KnockPort, [22], 0, 20), new(1, _others, 1300, [22], 0, 20)]);
        Assert.Equal(KnockknockOutcome.Plain, Find(table, KnockknockPacket.Seal(_keys, 0, 22), port: 1201).Outcome);
        Assert.Equal(KnockknockOutcome.Bad, Find(table, KnockknockPacket.Seal(_keys, 0, 22), port: 1300).Outcome);
        Assert.Equal(1, Find(table, KnockknockPacket.Seal(_others, 0, 22), port: 1300).Match.Door);
    }

    [Fact]
    public void Profiles_may_share_a_port()
    {
        var table = new KnockknockTable([new(0, _keys, KnockPort, [22], 0, 20), new(1, _others, KnockPort, [22], 100, 20)]);
        Assert.Equal(1, Find(table, KnockknockPacket.Seal(_others, 100, 22)).Match.Door);
        Assert.Equal(1, Find(table, KnockknockPacket.Seal(_others, 101, 443)).Match.Door);
        Assert.Equal(0, Find(table, KnockknockPacket.Seal(_keys, 0, 22)).Match.Door);
    }

    [Theory]
    [InlineData(0, 0, KnockknockOutcome.Found)]
    [InlineData(0, 19, KnockknockOutcome.Found)]
    [InlineData(0, 20, KnockknockOutcome.Bad)]
    [InlineData(100, 80, KnockknockOutcome.Found)] // to be named by the warden
    [InlineData(100, 79, KnockknockOutcome.Bad)]
    [InlineData(100, 119, KnockknockOutcome.Found)]
    [InlineData(100, 120, KnockknockOutcome.Bad)]
    [InlineData(uint.MaxValue, uint.MaxValue, KnockknockOutcome.Found)]
    public void The_window_begins_at_the_counter_and_is_as_wide_as_it_was_told(ulong next, uint counter, KnockknockOutcome expected) => Assert.Equal(expected, Knock(New(next), counter));

    [Fact]
    public void After_the_last_counter_there_is_none()
    {
        var table = New(uint.MaxValue);
        Assert.Equal(KnockknockOutcome.Found, Knock(table, uint.MaxValue));
        Assert.Equal(KnockknockOutcome.Bad, Knock(table, 0));
        Assert.Equal(1, table.Count);
    }

    [Fact]
    public void What_asks_for_a_port_that_is_not_opened_is_named_and_moves_the_window_as_well()
    {
        var table = New();
        Assert.Equal((KnockknockOutcome.Found, new KnockknockMatch(3, 19, 443)), Find(table, KnockknockPacket.Seal(_keys, 19, 443)));
        Assert.Equal(KnockknockOutcome.Found, Knock(table, 39));
    }

    [Fact]
    public void A_copy_is_told_of_once_and_one_from_elsewhere_is_the_wardens_to_judge_and_neither_for_ever()
    {
        var table = New();
        var packet = KnockknockPacket.Seal(_keys, 2, 22);
        Assert.Equal(KnockknockOutcome.Found, Find(table, packet).Outcome);
        Assert.Equal(KnockknockOutcome.Copy, Find(table, packet).Outcome);
        var told = 0;
        for (var i = 0; i < 100; i++, _now += 4 * Second)
            told += Find(table, packet, Thief).Outcome == KnockknockOutcome.Found ? 1 : 0;
        Assert.Equal(5, told);
    }

    [Fact]
    public void An_ordinary_segment_says_nothing_and_costs_nothing()
    {
        var table = New();
        for (var i = 0; i < 100_000; i++)
            Assert.Equal(KnockknockOutcome.Plain, Find(table, new((ushort)i, (uint)i, 0, 64_240)).Outcome);
        Assert.Equal(KnockknockOutcome.Found, Knock(table, 0, port: 443)); // nothing of what may be tried is gone
    }

    [Fact]
    public void Junk_is_tried_so_often_and_no_more_and_what_may_be_opened_is_found_all_the_same()
    {
        var table = New();
        var tried = 0;
        for (var i = 0; i < 100_000; i++, _now += Second / 100_000)
            tried += Find(table, new((ushort)i, (uint)i, 1, 1)).Outcome == KnockknockOutcome.Bad ? 1 : 0;
        Assert.InRange(tried, 95, 105); // 40 each: what there is at once, and of one second
        Find(table, new(1, 1, 1, 1)); // which takes what has come in since
        Assert.Equal(KnockknockOutcome.OverBudget, Knock(table, 0, port: 443));
        Assert.Equal(KnockknockOutcome.Found, Knock(table, 1));
        _now += Second;
        Assert.Equal(KnockknockOutcome.Found, Knock(table, 0, port: 443));
    }

    [Fact]
    public void As_many_profiles_as_share_a_port_can_be_tried_for_one_packet()
    {
        const int count = 100; // 40 keystreams each, and 2 000 tries in a second
        var table = new KnockknockTable([.. Enumerable.Range(0, count - 1).Select(i => new KnockknockDoor(i, _keys, KnockPort, [22], 0, 20)), new(count - 1, _others, KnockPort, [22], 0, 20)]);
        Assert.Equal(count - 1, Find(table, KnockknockPacket.Seal(_others, 0, 443)).Match.Door);
        for (var i = 0; i < 20; i++, _now += Second / 10)
            Assert.Equal(KnockknockOutcome.OverBudget, Find(table, new((ushort)i, (uint)i, 1, 1)).Outcome); // which takes nothing from who comes next
        Assert.Equal(count - 1, Find(table, KnockknockPacket.Seal(_others, 1, 443)).Match.Door);
    }

    [Fact]
    public void Property_it_knows_what_knockknock_would_take_and_does_not_grow()
    {
        var chance = new Random(20_261_122);
        for (var run = 0; run < 40; run++)
        {
            ulong next = (ulong)chance.Next(50);
            var window = chance.Next(1, 30);
            var table = New(next, window);
            for (var i = 0; i < 300; i++, _now += Second)
            {
                var counter = (uint)Math.Max(0, (long)next + chance.Next(-30, window + 10));
                var port = (ushort)(chance.Next(4) == 0 ? 443 : 22);
                var (outcome, match) = Find(table, KnockknockPacket.Seal(_keys, counter, port));
                if (counter >= next && counter < next + (ulong)window)
                {
                    Assert.Equal((KnockknockOutcome.Found, new KnockknockMatch(3, counter, port)), (outcome, match));
                    next = counter + 1UL;
                }
                else if (counter + KnockknockTable.Behind < next || counter >= next)
                {
                    Assert.Equal(KnockknockOutcome.Bad, outcome);
                }
                else
                {
                    Assert.True(outcome == KnockknockOutcome.Copy || match == new KnockknockMatch(3, counter, port));
                }

                Assert.InRange(table.Count, 2 * window, (2 * window) + KnockknockTable.Behind);
            }
        }
    }
}
