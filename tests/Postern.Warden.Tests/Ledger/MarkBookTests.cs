using Postern.Warden.Ledger;

namespace Postern.Warden.Tests.Ledger;

public sealed class MarkBookTests
{
    private readonly MarkBook _book = new();

    private static KeyFingerprint Digest(int number) => LedgerFolder.Key(number);

    private static LedgerMark Packet(int number, ulong made) => new(MarkKind.Packet, Digest(number), made + 100) { Made = made };

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
            Assert.True(_book.HasRoomFor(MarkKind.Packet, now: 60));
            _book.Add(Packet(i, made: 50));
        }

        Assert.False(_book.HasRoomFor(MarkKind.Packet, now: 150));
        Assert.True(_book.HasRoomFor(MarkKind.OneTime, now: 150));
        Assert.True(_book.HasRoomFor(MarkKind.Packet, now: 151));
        Assert.Equal(1, _book.Count);
    }

    [Fact]
    public void And_for_so_many_secrets_for_ever()
    {
        for (var i = 0; i < MarkBook.MaxOneTime; i++)
        {
            Assert.True(_book.HasRoomFor(MarkKind.OneTime, now: 60));
            _book.Add(new(MarkKind.OneTime, Digest(i), 0));
        }

        Assert.False(_book.HasRoomFor(MarkKind.OneTime, now: ulong.MaxValue));
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
        var records = _book.Records().ToArray();
        Assert.Equal(_book.Count, records.Length);
        var other = new MarkBook();
        foreach (var record in records.Reverse())
            other.Read(record);
        Assert.Equal(_book.Floor, other.Floor);
        Assert.Equal(records.ToHashSet(), other.Records().ToHashSet());
    }
}
