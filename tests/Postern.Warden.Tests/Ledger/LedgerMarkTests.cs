using Postern.Warden.Ledger;

namespace Postern.Warden.Tests.Ledger;

/// <summary>Marks on the disk: through restarts, crashes, and disks that fail.</summary>
public sealed class LedgerMarkTests : IDisposable
{
    private static readonly KeyFingerprint Alice = LedgerFolder.Key(0);

    private readonly LedgerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static DateTimeOffset At(int seconds) => LedgerFolder.Start.AddSeconds(seconds);

    /// <summary>A packet of that second, which is no good 120 seconds later.</summary>
    private static LedgerMark Packet(int number, int second) =>
        new(MarkKind.Packet, LedgerFolder.Key(number), UnixTime.Of(At(second + 120))) { Made = UnixTime.Of(At(second + 1)) - 1 };

    private static LedgerMark Secret(int number) => new(MarkKind.OneTime, LedgerFolder.Key(number), 0);

    private static LedgerMark Counter(ulong number) => new(MarkKind.Counter, Alice, 0) { Number = number };

    [Fact]
    public void What_was_marked_is_marked_after_a_restart()
    {
        using (var ledger = _folder.Open())
        {
            Assert.False(ledger.IsMarked(Packet(1, 5), At(6)));
            Assert.True(ledger.TryMark(Packet(1, 5), At(6)));
            Assert.True(ledger.TryMark(Secret(2), At(6)));
            Assert.True(ledger.TryRemember(Alice, 1, UnixTime.Of(At(7))));
        }

        using var again = _folder.Open(TimeSpan.FromSeconds(10));
        Assert.True(again.IsMarked(Packet(1, 5), At(11)));
        Assert.True(again.IsMarked(Secret(2), At(11)));
        Assert.False(again.IsMarked(Packet(2, 5), At(11)));
        Assert.False(again.IsMarked(Secret(1), At(11)));
        Assert.Equal(UnixTime.Of(At(7)), again.LastOf(Alice, 1, At(11)));
        Assert.Equal(3, again.Count);
    }

    [Fact]
    public void A_counter_goes_on_where_it_was_after_a_restart_and_a_rewriting()
    {
        using (var ledger = _folder.Open())
        {
            Assert.Equal(0ul, ledger.NextOf(Alice));
            for (ulong number = 0; number < 1_500; number += 3) // more than make it write the file anew
                Assert.True(ledger.TryMark(Counter(number), At(6)));
            Assert.True(ledger.IsMarked(Counter(1_496), At(6)));
        }

        using var again = _folder.Open(TimeSpan.FromSeconds(10));
        Assert.Equal(1_498ul, again.NextOf(Alice));
        Assert.True(again.IsMarked(Counter(1_497), At(11)));
        Assert.False(again.IsMarked(Counter(1_498), At(11)));
        Assert.Equal(1, again.Count);
    }

    [Fact]
    public void The_first_one_takes_packets_of_its_own_second_and_none_from_before()
    {
        using var ledger = _folder.Open();
        Assert.False(ledger.IsMarked(Packet(1, 0), At(0)));
        Assert.True(ledger.IsMarked(Packet(1, -1), At(0)));
    }

    [Fact]
    public void One_that_was_lost_is_followed_by_one_that_takes_no_packet_it_may_have_taken()
    {
        using (var ledger = _folder.Open())
            Assert.True(ledger.TryMark(Packet(1, 59), At(0)));
        File.Delete(_folder.Path);
        using var next = _folder.Open();
        Assert.True(next.IsMarked(Packet(1, 59), At(1)));
        Assert.False(next.IsMarked(Packet(2, 60), At(1)));
        Assert.False(next.IsMarked(Secret(1), At(1))); // which is why the hint says so
    }

    /// <summary>And the file does not grow with all that ever came.</summary>
    [Fact]
    public void Marks_whose_time_has_passed_are_left_out_when_it_is_written_anew()
    {
        using (var ledger = _folder.Open(slack: 8))
        {
            for (var i = 1; i <= 600; i++)
                Assert.True(ledger.TryMark(Packet(i, i), At(i)));
            Assert.True(ledger.TryMark(Secret(1), At(600)));
            Assert.InRange(new FileInfo(_folder.Path).Length, 64, 64 * (8 + (5 * 250)));
            AssertBad(ledger, At(600));
            AssertBad(ledger, At(600 - 200)); // the clock was set back
        }

        using var again = _folder.Open(TimeSpan.FromSeconds(500));
        AssertBad(again, At(500));

        static void AssertBad(LedgerFile ledger, DateTimeOffset now)
        {
            for (var i = 1; i <= 600; i++)
                Assert.True(ledger.IsMarked(Packet(i, i), now), $"packet {i} is good again");
            Assert.False(ledger.IsMarked(Packet(4000, 600), now));
            Assert.True(ledger.IsMarked(Secret(1), now));
        }
    }

    [Fact]
    public void Half_a_mark_at_the_end_is_cut_off_and_no_packet_from_before_is_taken()
    {
        using (var ledger = _folder.Open())
        {
            Assert.True(ledger.TryMark(Packet(1, 5), At(6)));
            Assert.True(ledger.TryMark(Packet(2, 5), At(6)));
        }

        var whole = _folder.Written();
        for (var length = whole.Length - 63; length < whole.Length; length++)
        {
            File.WriteAllBytes(_folder.Path, whole[..length]);
            using var ledger = _folder.Open(TimeSpan.FromSeconds(20));
            Assert.True(ledger.IsMarked(Packet(1, 5), At(21)));
            Assert.True(ledger.IsMarked(Packet(2, 5), At(21)));
            Assert.True(ledger.IsMarked(Packet(3, 18), At(21)));
            Assert.False(ledger.IsMarked(Packet(3, 20), At(21)));
        }
    }

    [Fact]
    public void A_disk_that_fails_marks_nothing_and_is_asked_again()
    {
        LedgerStep? sick = null;
        using (var ledger = _folder.Open(before: step =>
        {
            if (step == sick)
                throw new IOException("Input/output error");
        }))
        {
            foreach (var step in (LedgerStep[])[LedgerStep.Append, LedgerStep.FlushAppended])
            {
                sick = step;
                Assert.False(ledger.TryMark(Packet((int)step, 5), At(6)));
                Assert.False(ledger.IsMarked(Packet((int)step, 5), At(6)));
                sick = null;
                Assert.True(ledger.TryMark(Packet((int)step, 5), At(6)));
            }
        }

        using var again = _folder.Open();
        Assert.Equal(2, again.Count);
    }

    /// <summary>65 536 times a flush would take minutes: the file is written as the ledger would have.</summary>
    [Fact]
    public void When_there_is_no_room_for_another_packet_it_says_no_until_some_are_old()
    {
        _folder.Open().Dispose();
        var bytes = _folder.Written();
        var at = bytes.Length;
        Array.Resize(ref bytes, at + (MarkBook.MaxPackets * LedgerFormat.RecordSize));
        for (var i = 0; i < MarkBook.MaxPackets; i++)
            LedgerFormat.Write(bytes.AsSpan(at + (i * LedgerFormat.RecordSize)), MarkBook.RecordOf(Packet(i, 5)));
        File.WriteAllBytes(_folder.Path, bytes);

        using var ledger = _folder.Open();
        Assert.False(ledger.TryMark(Packet(MarkBook.MaxPackets, 20), At(125)));
        Assert.True(ledger.TryMark(Secret(1), At(125)));
        Assert.True(ledger.TryMark(Packet(MarkBook.MaxPackets, 20), At(126)));
    }
}
