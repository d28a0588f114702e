using Postern.Warden.Ledger;

namespace Postern.Warden.Tests.Ledger;

public sealed class MarkBookTests
{
    private readonly MarkBook _book = new();

    private static KeyFingerprint Digest(int number) => LedgerFolder.Key(number);

    private static LedgerMark Packet(int number, ulong made) => new(MarkKind.Packet, Digest(number), made + 100) { Made = made };

    private static LedgerMark Counter(ulong number, int series = 1) => new(MarkKind.Counter, Digest(series), 0) { Number = number };

    private bool Has(LedgerMark mark) => _book.Has(mark, latest: 1_000_000);

    [Fact]
    public void Each_kind_has_marks_of_its_own()
    {
        _book.Add(Packet(1, made: 50));
        Assert.True(Has(Packet(1, made: 50)));
        Assert.False(Has(new(MarkKind.OneTime, Digest(1), 0)));
        _book.Add(new(MarkKind.OneTime, Digest(2), 0));
        Assert.True(Has(new(MarkKind.OneTime, Digest(2), 0)));
        Assert.False(Has(Packet(2, made: 50)));
    }

    /// <summary>The age limit may have grown since, or the clock may have gone back: neither makes it good again.</summary>
    [Fact]
    public void What_is_forgotten_stays_bad_and_so_does_what_is_as_old()
    {
        _book.Add(Packet(1, made: 50));
        _book.Add(Packet(2, made: 60));
        _book.Forget(now: 150);
        Assert.Equal(2, _book.Count); // it could still be taken at its very last moment
        _book.Forget(now: 151);
        Assert.Equal(2, _book.Count); // a floor, and the other
        Assert.True(Has(new(MarkKind.Packet, Digest(1), 1_000) { Made = 50 }));
        Assert.True(Has(Packet(3, made: 50)));
        Assert.False(Has(Packet(3, made: 51)));
        Assert.True(Has(Packet(2, made: 60)));
    }

    [Fact]
    public void A_floor_of_a_clock_that_was_far_ahead_counts_when_its_time_comes_and_not_before()
    {
        _book.Add(Packet(1, made: 5_000_000));
        _book.Forget(now: 6_000_000);
        Assert.False(_book.Has(Packet(2, made: 70), latest: 1_000));
        Assert.True(_book.Has(Packet(1, made: 5_000_000), latest: 5_000_100));
    }

    [Fact]
    public void There_is_room_for_so_many_packets_and_again_when_they_are_old()
    {
        for (var i = 0; i < MarkBook.MaxPackets; i++)
        {
            Assert.True(_book.HasRoomFor(Packet(int.MaxValue, made: 50), now: 60));
            _book.Add(Packet(i, made: 50));
        }

        Assert.False(_book.HasRoomFor(Packet(int.MaxValue, made: 50), now: 150));
        Assert.True(_book.HasRoomFor(new(MarkKind.OneTime, Digest(int.MaxValue), 0), now: 150));
        Assert.True(_book.HasRoomFor(Packet(int.MaxValue, made: 50), now: 151));
        Assert.Equal(1, _book.Count);
    }

    [Fact]
    public void And_for_so_many_secrets_for_ever()
    {
        for (var i = 0; i < MarkBook.MaxOneTime; i++)
        {
            Assert.True(_book.HasRoomFor(new(MarkKind.OneTime, Digest(int.MaxValue), 0), now: 60));
            _book.Add(new(MarkKind.OneTime, Digest(i), 0));
        }

        Assert.False(_book.HasRoomFor(new(MarkKind.OneTime, Digest(int.MaxValue), 0), now: ulong.MaxValue));
    }

    [Fact]
    public void With_a_number_all_before_it_are_used_and_for_ever()
    {
        Assert.False(Has(Counter(0)));
        _book.Add(Counter(0));
        Assert.True(Has(Counter(0)));
        Assert.False(Has(Counter(1)));
        _book.Add(Counter(7));
        _book.Add(Counter(3));
        _book.Forget(now: ulong.MaxValue);
        Assert.True(Has(Counter(7)));
        Assert.False(Has(Counter(8)));
        Assert.False(Has(Counter(0, series: 2)));
        Assert.Equal((8ul, 0ul), (_book.NextOf(Digest(1)), _book.NextOf(Digest(2))));
        Assert.Equal(1, _book.Count);
    }

    [Fact]
    public void A_series_that_is_there_has_room_when_there_is_none_for_another()
    {
        for (var i = 0; i < MarkBook.MaxCounters; i++)
        {
            Assert.True(_book.HasRoomFor(Counter(5, series: i), now: 0));
            _book.Add(Counter(5, series: i));
        }

        Assert.True(_book.HasRoomFor(Counter(6, series: 3), now: 0));
        Assert.False(_book.HasRoomFor(Counter(5, series: int.MaxValue), now: ulong.MaxValue));
    }

    [Fact]
    public void A_packet_that_fits_two_doors_is_held_for_the_longer()
    {
        _book.Add(new(MarkKind.Packet, Digest(1), 500) { Made = 50 });
        _book.Add(new(MarkKind.Packet, Digest(1), 100) { Made = 50 });
        _book.Forget(now: 400);
        Assert.Equal(0ul, _book.Floor);
        Assert.Equal(1, _book.Count);
    }

    [Fact]
    public void Its_records_say_all_of_it()
    {
        _book.Add(Packet(1, made: 50));
        _book.Forget(now: 200);
        _book.Add(Packet(2, made: 150));
        _book.Add(new(MarkKind.OneTime, Digest(3), 0));
        _book.Add(Counter(uint.MaxValue));
        var records = _book.Records().ToArray();
        Assert.Equal(_book.Count, records.Length);
        var other = new MarkBook();
        foreach (var record in records.Reverse())
            other.Read(record);
        Assert.Equal(_book.Floor, other.Floor);
        Assert.Equal(records.ToHashSet(), other.Records().ToHashSet());
    }
}
