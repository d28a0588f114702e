using Postern.Warden.Ledger;

namespace Postern.Warden.Tests.Ledger;

public sealed class LedgerFileTests : IDisposable
{
    private static readonly KeyFingerprint Alice = LedgerFolder.Key(0);
    private static readonly KeyFingerprint Bob = LedgerFolder.Key(1);

    private readonly LedgerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static ulong T(int seconds) => LedgerFolder.StartTime + (ulong)(seconds * 1_000_000_000L);

    private static DateTimeOffset At(int seconds) => LedgerFolder.Start.AddSeconds(seconds);

    [Fact]
    public void The_first_one_is_made_for_the_gate_alone_and_takes_nothing_from_before()
    {
        using var ledger = _folder.Open();
        Assert.Equal(LedgerFolder.StartTime, ledger.LastOf(Alice, 0, At(1)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(_folder.Path)!));
    }

    [Fact]
    public void What_was_remembered_is_known_after_a_restart()
    {
        using (var ledger = _folder.Open())
        {
            Assert.True(ledger.TryRemember(Alice, 1, T(5)));
            Assert.True(ledger.TryRemember(Alice, 2, T(6)));
            Assert.True(ledger.TryRemember(Alice, 1, T(7)));
        }

        using var again = _folder.Open(TimeSpan.FromDays(400));
        Assert.Equal(T(7), again.LastOf(Alice, 1, At(9)));
        Assert.Equal(T(6), again.LastOf(Alice, 2, At(9)));
        Assert.Equal(T(0), again.LastOf(Bob, 1, At(9)));
        Assert.Equal(2, again.Count);
    }

    /// <summary>What the one before accepted may have been signed up to a skew after it was gone.</summary>
    [Fact]
    public void One_that_was_lost_is_followed_by_one_that_takes_nothing_it_may_have_taken()
    {
        using (var ledger = _folder.Open())
            Assert.True(ledger.TryRemember(Alice, 1, T(60)));
        File.Delete(_folder.Path);
        using var next = _folder.Open();
        Assert.Equal(T(60), next.LastOf(Alice, 1, At(1)));
        Assert.Equal(T(60), next.LastOf(Bob, 1, At(1)));
    }

    [Fact]
    public void Two_at_once_is_one_too_many()
    {
        using var ledger = _folder.Open();
        var refused = Assert.Throws<LedgerException>(() => _folder.Open());
        Assert.Contains("in use", refused.Message, StringComparison.Ordinal);
        Assert.Contains("another gate", refused.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_written_anew_when_it_has_grown_to_a_multiple_of_what_it_says()
    {
        var renames = 0;
        using (var ledger = _folder.Open(before: step => renames += step == LedgerStep.Rename ? 1 : 0, slack: 8))
        {
            for (var i = 1; i <= 1000; i++)
                Assert.True(ledger.TryRemember(LedgerFolder.Key(i % 2), (uint)(i % 4), T(i)));
            Assert.InRange(renames, 40, 120);
            Assert.InRange(new FileInfo(_folder.Path).Length, 64, 64 * (8 + (4 * 4) + 2));
        }

        using var again = _folder.Open();
        Assert.Equal(4, again.Count);
        for (var i = 997; i <= 1000; i++)
            Assert.Equal(T(i), again.LastOf(LedgerFolder.Key(i % 2), (uint)(i % 4), At(2000)));
        Assert.Equal(["ledger", "ledger.lock"], Directory.GetFiles(Path.GetDirectoryName(_folder.Path)!).Select(Path.GetFileName).Order());
    }

    /// <summary>A crash in the middle of an append, at every byte: that acceptance was told to nobody.</summary>
    [Fact]
    public void Half_a_record_at_the_end_is_cut_off_and_nothing_from_before_is_taken()
    {
        var whole = Filled(records: 4);
        byte[] room = RoomFor(10);
        for (var length = whole.Length - 63; length < whole.Length; length++)
        {
            File.WriteAllBytes(_folder.Path, whole[..length]);
            AssertMended();
            File.WriteAllBytes(_folder.Path, [.. whole[..length], .. room[(length % 64)..]]); // it may have been acknowledged before it went bad
            AssertMended(floor: 160);
        }

        for (var at = whole.Length - 64; at < whole.Length; at++)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 0x40;
            File.WriteAllBytes(_folder.Path, damaged);
            AssertMended(floor: 160); // it may have been acknowledged before it went bad, with a time of clock_skew ahead
            File.WriteAllBytes(_folder.Path, [.. damaged, .. room]);
            AssertMended(floor: 160);
        }

        File.WriteAllBytes(_folder.Path, [.. whole[..^64], .. new byte[64]]); // made longer, and never written
        AssertMended(floor: 160);

        void AssertMended(int floor = 100)
        {
            for (var turn = 0; turn < 2; turn++)
            {
                using var ledger = _folder.Open(TimeSpan.FromSeconds(100 + turn));
                Assert.Equal(T(floor), ledger.LastOf(Alice, 3, At(101)));
                Assert.Equal(T(floor), ledger.LastOf(Alice, 4, At(101))); // the one that was cut off
                Assert.Equal(T(floor), ledger.LastOf(Bob, 1, At(101)));
                Assert.Equal(3, ledger.Count);
                Assert.Equal(64 * 4, _folder.Written().Length);
                Assert.True(_folder.Room() > 0);
            }
        }
    }

    [Fact]
    public void Damage_anywhere_else_is_a_refusal_that_says_the_way_out()
    {
        var whole = Filled(records: 4);
        for (var at = 0; at < whole.Length - 64; at += 7)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 1;
            File.WriteAllBytes(_folder.Path, damaged);
            var refused = Assert.Throws<LedgerException>(() => _folder.Open());
            Assert.Contains($"damaged at byte {at / 64 * 64}", refused.Message, StringComparison.Ordinal);
            Assert.Contains("move the file away", refused.Hint, StringComparison.Ordinal);
            Assert.Equal(damaged, File.ReadAllBytes(_folder.Path)); // left as it was found
            File.WriteAllBytes(_folder.Path, [.. damaged, .. RoomFor(40)]);
            Assert.Contains($"damaged at byte {at / 64 * 64}", Assert.Throws<LedgerException>(() => _folder.Open()).Message, StringComparison.Ordinal);
        }

        foreach (var length in (int[])[0, 1, 63])
        {
            File.WriteAllBytes(_folder.Path, whole[..length]);
            Assert.Throws<LedgerException>(() => _folder.Open());
        }

        File.Delete(_folder.Path);
        using var ledger = _folder.Open(TimeSpan.FromSeconds(5));
        Assert.Equal(T(65), ledger.LastOf(Alice, 1, At(6)));
    }

    private byte[] Filled(int records)
    {
        using (var ledger = _folder.Open())
        {
            for (var i = 1; i <= records; i++)
                Assert.True(ledger.TryRemember(Alice, (uint)i, T(i)));
        }

        return _folder.Written();
    }

    private static byte[] RoomFor(int records)
    {
        var bytes = new byte[64 * records];
        LedgerFormat.WriteRoom(bytes);
        return bytes;
    }

    /// <summary>What the disk has lost is not room: 512 bytes are a sector, 4 096 a block.</summary>
    [Theory]
    [InlineData(512, 0)]
    [InlineData(512, 0xff)]
    [InlineData(4096, 0)]
    [InlineData(4096, 0xff)]
    public void A_sector_or_a_block_that_is_gone_is_damage_wherever_it_was(int size, byte left)
    {
        _ = Filled(records: 100);
        var whole = File.ReadAllBytes(_folder.Path);
        for (var at = 0; at < whole.Length; at += size)
        {
            var damaged = whole.ToArray();
            damaged.AsSpan(at, Math.Min(size, whole.Length - at)).Fill(left);
            File.WriteAllBytes(_folder.Path, damaged);
            Assert.Throws<LedgerException>(() => _folder.Open());
        }
    }

    /// <summary>Nothing but the bytes of the record has to reach the disk: neither the size nor the blocks of the file change.</summary>
    [Fact]
    public void What_is_remembered_is_written_into_room_that_is_there_already()
    {
        using var ledger = _folder.Open(slack: 100);
        var size = new FileInfo(_folder.Path).Length;
        Assert.Equal(64 * 101, size);
        for (var i = 1; i < 100; i++)
        {
            Assert.True(ledger.TryRemember(Alice, 1, T(i)));
            Assert.Equal(size, new FileInfo(_folder.Path).Length);
            Assert.Equal(64 * (i + 1), _folder.Written().Length);
        }

        Assert.True(ledger.TryRemember(Alice, 1, T(100)));
        Assert.Equal(64 * 2, _folder.Written().Length); // written anew
        Assert.Equal(64 * 101, _folder.Room());
    }

    /// <summary>As they were made before there was room in them, and as one is that has grown.</summary>
    [Fact]
    public void One_without_room_is_read_and_gets_some()
    {
        File.WriteAllBytes(_folder.Path, Filled(records: 4));
        using (var ledger = _folder.Open())
        {
            Assert.Equal(4, ledger.Count);
            Assert.Equal(64 * (1000 + 4), _folder.Room());
            Assert.True(ledger.TryRemember(Alice, 5, T(5)));
            Assert.Equal(64 * (1000 + 3), _folder.Room());
        }

        using var again = _folder.Open(TimeSpan.FromSeconds(7));
        Assert.Equal(5, again.Count);
        Assert.Equal(T(0), again.LastOf(Bob, 1, At(8)));
    }

    [Fact]
    public void A_floor_of_a_clock_that_was_ahead_is_lowered_when_the_clock_is_right_again()
    {
        using (var wrong = _folder.Open(TimeSpan.FromDays(3650)))
        {
            Assert.True(wrong.TryRemember(Alice, 1, UnixTime.Of(At(0).AddDays(3650)) + 1));
            Assert.Equal(T(0), wrong.LastOf(Bob, 0, At(0))); // put right while it runs
            Assert.True(wrong.TryRemember(Bob, 0, T(1)));
        }

        using (var again = _folder.Open(TimeSpan.FromSeconds(7)))
        {
            Assert.Equal(T(0), again.LastOf(Bob, 5, At(8)));
            Assert.Equal(UnixTime.Of(At(0).AddDays(3650)) + 1, again.LastOf(Alice, 1, At(8))); // which was really accepted
            Assert.Equal(T(0), again.LastOf(Alice, 2, At(8)));
        }

        File.Delete(_folder.Path);
        _folder.Open(TimeSpan.FromDays(3650)).Dispose();
        using var atStart = _folder.Open(TimeSpan.FromSeconds(9)); // put right between two starts
        Assert.Equal(T(9), atStart.LastOf(Bob, 5, At(10)));
    }

    [Fact]
    public void A_path_that_cannot_be_is_a_mistake_with_a_hint()
    {
        File.WriteAllText(Path.GetDirectoryName(_folder.Path)!, "");
        var refused = Assert.Throws<LedgerException>(() => _folder.Open());
        Assert.Contains("folder", refused.Hint, StringComparison.Ordinal);
    }
}
