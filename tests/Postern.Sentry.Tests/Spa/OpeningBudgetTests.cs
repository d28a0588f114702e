using Postern.Reports;
using Postern.Sentry.Spa;

namespace Postern.Sentry.Tests.Spa;

/// <summary>Who gets what of a budget that others want to spend. Time and chance are arguments, so the figures are the same on every machine.</summary>
public sealed class OpeningBudgetTests(ITestOutputHelper output)
{
    private const long Second = 1_000_000_000;
    private const long Millisecond = Second / 1000;

    private readonly OpeningBudget _budget = new(new SipHash(77), new());
    private readonly Random _random = new(3);

    private bool Spend(string source, long now) => Address.TryParse(source, out var address) && Spend(address, now);

    private bool Spend(Address source, long now) => _budget.Spend(source, now) == Refusal.None;

    private Address AnySource() => _random.Next(2) == 0 ? Address.FromV4((uint)_random.NextInt64(uint.MaxValue)) : new(new((ulong)_random.NextInt64() | 1UL << 61, (ulong)_random.NextInt64()));

    private int Count(int times, Func<int, bool> spend) => Enumerable.Range(0, times).Count(spend);

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8:1:2::1")]
    public void A_host_has_its_burst_and_then_its_rate(string host)
    {
        Assert.Equal(20, Count(1000, _ => Spend(host, 0)));
        Assert.False(Spend(host, 20 * Millisecond - 1));
        Assert.True(Spend(host, 20 * Millisecond));
        Assert.False(Spend(host, 39 * Millisecond));
        Assert.Equal(20, Count(1000, _ => Spend(host, 10 * Second)));
        var flood = Count(100_000, i => Spend(host, 20 * Second + i * 10_000L)); // 100 000 in one second
        Assert.InRange(flood, 69, 70);
    }

    [Fact]
    public void A_network_has_four_times_as_much_as_a_host()
    {
        Assert.Equal(80, Count(2560, i => Spend($"192.0.2.{i % 256}", 0)));
        Assert.Equal(80, Count(2560, i => Spend($"2001:db8:1:{i % 256:x}::1", 0)));
        Assert.True(Spend("192.0.3.1", 0));
        Assert.True(Spend("2001:db8:2::1", 0));
        Assert.InRange(Count(100_000, i => Spend($"198.51.100.{i % 256}", Second + i * 10_000L)), 279, 280);
    }

    [Fact]
    public void All_of_one_64_are_one_host_and_every_IPv4_address_is_one()
    {
        Assert.Equal(20, Count(1000, i => Spend($"2001:db8:1:2::{i:x}", 0)));
        Assert.True(Spend("2001:db8:1:3::1", 0));
        Assert.Equal(20, Count(1000, _ => Spend("192.0.2.1", 0)));
        Assert.True(Spend("192.0.2.2", 0));
    }

    /// <summary>(c): a flood of 100 000 a second from one network hurts nobody in another; from one host, nobody at all.</summary>
    [Theory]
    [InlineData("198.51.100.7", "198.51.100.8")]
    [InlineData("2001:db8:5:1::1", "2001:db8:5:2::1")]
    public void A_flood_from_one_host_hurts_not_even_its_neighbours(string enemy, string neighbour)
    {
        var through = 0;
        for (var i = 0; i < 500_000; i++)
        {
            var now = i * 10_000L;
            Spend(enemy, now);
            if (i % 2000 == 999)
                through += Spend(neighbour, now) && Spend(AnySource(), now) ? 1 : 0;
        }

        Assert.Equal(250, through);
    }

    [Fact]
    public void A_flood_from_one_network_hurts_nobody_elsewhere()
    {
        var through = 0;
        for (var i = 0; i < 500_000; i++)
        {
            var now = i * 10_000L;
            Spend($"198.51.100.{i % 256}", now);
            Spend($"2001:db8:5:{i % 65536:x}::1", now);
            if (i % 1000 == 999)
                through += Spend(AnySource(), now) ? 1 : 0;
        }

        Assert.Equal(500, through);
    }

    /// <summary>(d): false sources, each another. Every packet has the chance 10 000 / λ, whatever the enemy's rhythm.</summary>
    [Theory]
    [InlineData(5_000, 1.0)]
    [InlineData(20_000, 0.5)]
    [InlineData(100_000, 0.1)]
    [InlineData(1_000_000, 0.01)]
    public void Under_false_sources_every_packet_has_the_same_chance(int perSecond, double chance)
    {
        var (through, tries) = Flood(seconds: 4, tick: Second / perSecond, perTick: 1);
        output.WriteLine($"{perSecond} a second: {through} of {tries} = {(double)through / tries:F4}, computed {chance}");
        Assert.InRange((double)through / tries, chance * 0.8 - 0.002, chance * 1.2 + 0.002);
    }

    /// <summary>The rhythm that takes each token of a plain bucket at the moment it comes: here it is only a flood of 20 000.</summary>
    [Fact]
    public void Nobody_gains_by_being_first_at_each_token()
    {
        var (through, tries) = Flood(seconds: 4, tick: Second / 10_000, perTick: 2);
        output.WriteLine($"{through} of {tries}");
        Assert.InRange((double)through / tries, 0.4, 0.6);
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(100_000)]
    public void A_burst_at_the_start_of_each_second_does_not_shut_out_the_rest(int burst)
    {
        var (through, tries) = Flood(seconds: 4, tick: Second, perTick: burst);
        output.WriteLine($"{through} of {tries}");
        Assert.InRange((double)through / tries, 0.95, 1);
    }

    /// <summary>What a client gets that sends three copies a third of a second apart, at 100 000 a second: 1 − 0.9³ = 0.27.</summary>
    [Fact]
    public void Copies_draw_again()
    {
        var through = 0;
        var clients = 0;
        var open = new PriorityQueue<(Address Client, int Left), long>();
        for (var now = 0L; now < 6 * Second; now += 10_000)
        {
            Spend(AnySource(), now);
            if (now % (2 * Millisecond) == 0 && now < 5 * Second)
                open.Enqueue((AnySource(), 3), now);
            while (open.TryPeek(out var next, out var at) && at <= now)
            {
                open.Dequeue();
                var isThrough = Spend(next.Client, now);
                if (!isThrough && next.Left > 1)
                {
                    open.Enqueue((next.Client, next.Left - 1), at + (Second / 3));
                    continue;
                }

                clients++;
                through += isThrough ? 1 : 0;
            }
        }

        output.WriteLine($"{through} of {clients}");
        Assert.InRange((double)through / clients, 0.22, 0.32);
    }

    /// <summary>Never more than the rate and a burst: what the whole is for.</summary>
    [Fact]
    public void The_whole_is_never_exceeded()
    {
        var admitted = 0;
        for (var i = 0; i < 2_000_000; i++)
            admitted += Spend(AnySource(), i * 1_000L) ? 1 : 0;
        Assert.InRange(admitted, 19_000, 21_000);
    }

    [Fact]
    public void A_clock_that_is_set_back_locks_nobody_out()
    {
        for (var i = 0; i < 100; i++)
            Spend("192.0.2.1", 1000 * Second);
        Assert.True(Spend("192.0.2.1", 0));
        Assert.Equal(19, Count(100, _ => Spend("192.0.2.1", 0)));
    }

    [Fact]
    public void Limits_are_of_this_world()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new OpeningBudget(default, new() { InAll = new(0, 1) }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new OpeningBudget(default, new() { PerHost = new(1, 0) }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new OpeningBudget(default, new() { PerNetwork = new(1_000_001, 1) }));
    }

    /// <summary>An enemy with false sources, and a genuine client at a moment that has nothing to do with his rhythm, 500 a second, each another. The first half second, in which the bucket comes to rest, does not count.</summary>
    private (int Through, int Tries) Flood(int seconds, long tick, int perTick)
    {
        var through = 0;
        var moments = Enumerable.Range(0, 500 * seconds).Select(_ => _random.NextInt64(seconds * Second)).Order().ToArray();
        var next = 0;
        for (var start = 0L; start < seconds * Second; start += tick)
        {
            for (; next < moments.Length && moments[next] < start; next++)
                through += Spend(AnySource(), moments[next]) && moments[next] >= Second / 2 ? 1 : 0;
            for (var i = 0; i < perTick; i++)
                Spend(AnySource(), start);
        }

        for (; next < moments.Length; next++)
            through += Spend(AnySource(), moments[next]) ? 1 : 0;
        return (through, moments.Count(m => m >= Second / 2));
    }
}
