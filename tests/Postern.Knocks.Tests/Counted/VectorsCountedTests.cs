using System.Text;
using Postern.Keys;
using Postern.Knocks.Counted;
using Postern.Reports;

namespace Postern.Knocks.Tests.Counted;

/// <summary>Tokens as another program (Python's hmac) makes them by spec/knocks.md, and the table that knows them.</summary>
public sealed class VectorsCountedTests : IDisposable
{
    private const long Step = 56_666_666; // 1700000000 / 30

    private static readonly Address Alice = Address.FromV4(0xc0000207); // 192.0.2.7

    private readonly TokenSecret _secret = TokenSecret.From([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);

    public void Dispose() => _secret.Dispose();

    [Theory]
    [InlineData("postern syn v1", 0, false, "afb6c646284d44e2074a1a80532a15d4")]
    [InlineData("postern syn v1", 0, true, "afb6c646284d44e21251ab9d882148f2")]
    [InlineData("postern syn v1", 3, false, "9bbd211d6e153dbe0931f09075f16d86")]
    [InlineData("postern syn v1", 3, true, "9bbd211d6e153dbef43690c1c1f0b9e1")]
    [InlineData("postern syn v1", 15, false, "2990520f55676096f79fee44e578bd04")]
    [InlineData("postern icmp v1", 0, false, "b8a423b0ec2aacbc5fcd50fc721e0181")]
    [InlineData("postern icmp v1", 3, false, "5687496a8d72128c46278af452e3af52")]
    [InlineData("postern icmp v1", 15, true, "7520bad88e3c2f68e7bc4c5e4283158c")]
    public void A_token_is_as_specified(string label, byte count, bool bound, string expected)
    {
        Assert.Contains(label, (IEnumerable<string>)[Encoding.ASCII.GetString(CountedToken.SynLabel), Encoding.ASCII.GetString(CountedToken.IcmpLabel)]);
        var token = new byte[CountedToken.Size];
        CountedToken.Write(_secret, Encoding.ASCII.GetBytes(label), Step, count, bound ? Alice : Address.None, token);
        Assert.Equal(expected, Convert.ToHexStringLower(token));
    }

    [Fact]
    public void In_a_SYN_it_is_sequence_number_time_stamp_and_identification() =>
        Assert.Equal(new SynToken(0x9bbd211d, 0x0931f090, 0x75f1), SynToken.From(Convert.FromHexString("9bbd211d6e153dbe0931f09075f16d86")));

    [Fact]
    public void The_table_knows_every_token_of_the_steps_around_now_and_none_beyond()
    {
        var table = Table();
        for (var step = Step - 6; step <= Step + 6; step++)
        {
            for (byte count = 0; count < CountedToken.Counts; count++)
            {
                var known = table.TryFind(CountedToken.Head(_secret, CountedToken.IcmpLabel, step, count), (Step * 30) + 29, out var match);
                Assert.Equal(Math.Abs(step - Step) <= 4, known);
                if (known)
                    Assert.Equal((7, step, count, (ulong)step * 30), (match.Knock.Door, match.Step, match.Count, match.Made));
            }
        }
    }

    [Fact]
    public void It_follows_the_clock_wherever_it_jumps()
    {
        var table = Table();
        foreach (var now in (long[])[Step, Step + 1, Step + 9, Step - 400, 0, 1, 3, Step, long.MaxValue / 30 / 2])
        {
            Assert.True(table.TryFind(CountedToken.Head(_secret, CountedToken.IcmpLabel, now, 2), now * 30, out var match));
            Assert.Equal((now, 2), (match.Step, match.Count));
            Assert.False(table.TryFind(CountedToken.Head(_secret, CountedToken.IcmpLabel, now + 5, 2), now * 30, out _));
            Assert.Equal(now >= 1, table.TryFind(CountedToken.Head(_secret, CountedToken.IcmpLabel, Math.Max(now - 1, 0), 3), now * 30, out match) && match.Step == now - 1);
        }
    }

    [Fact]
    public void The_same_packet_again_is_no_news_and_that_of_another_is()
    {
        var table = Table();
        Assert.True(table.TryFind(CountedToken.Head(_secret, CountedToken.IcmpLabel, Step, 2), Step * 30, out var match));
        Assert.True(table.IsNews(match, Alice, 40_000, 0));
        Assert.False(table.IsNews(match, Alice, 40_000, 2));
        Assert.True(table.IsNews(match, Alice, 40_000, 3)); // what was told may have been lost
        Assert.True(table.IsNews(match, Alice, 40_001, 3));
        Assert.True(table.IsNews(match, Address.FromV4(1), 40_000, 3));
        Assert.Equal(2, Enumerable.Range(2, 1000).Count(i => table.IsNews(match, Address.FromV4((uint)i), 40_000, 3))); // whoever has seen it cannot have it told for ever

        // Nine steps later the place is another token's.
        Assert.True(table.TryFind(CountedToken.Head(_secret, CountedToken.IcmpLabel, Step + 9, 2), (Step + 9) * 30, out var later));
        Assert.Equal(match.Place, later.Place);
        Assert.True(table.IsNews(later, Address.FromV4(1), 40_000, 3));
    }

    [Fact]
    public void The_tail_counts_as_far_as_it_is_carried_and_is_of_the_address_where_it_is_bound()
    {
        var table = new CountedTable([new(0, _secret, 30, IsBound: true)], CountedToken.IcmpLabel, 64);
        Assert.True(table.TryFind(CountedToken.Head(_secret, CountedToken.IcmpLabel, Step, 2), Step * 30, out var match));
        var tail = CountedToken.Tail(_secret, CountedToken.IcmpLabel, Step, 2, Alice);
        Assert.True(table.IsRight(match, Alice, tail, ulong.MaxValue));
        Assert.False(table.IsRight(match, Address.FromV4(1), tail, ulong.MaxValue));
        Assert.False(table.IsRight(match, Alice, tail ^ 1, ulong.MaxValue));
        Assert.True(table.IsRight(match, Alice, tail ^ 1, ulong.MaxValue - 1));
    }

    [Fact]
    public void Turning_the_table_takes_no_memory_once_it_stands()
    {
        var table = Table();
        var now = Step * 30;
        for (var i = 0; i < 40; i++)
            table.TryFind(1, now += 30, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 200; i++)
            table.TryFind(1, now += 30, out _);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000); // the runtime's own, at most
    }

    private CountedTable Table() => new([new(7, _secret, 30, IsBound: false)], CountedToken.IcmpLabel, 64);
}
