using Postern.Warden.Ledger;

namespace Postern.Warden.Tests.Ledger;

/// <summary>Acceptances in one append, and what a loss of power can leave of them: whole sectors of 512 bytes, in any order, and a length.</summary>
public sealed class LedgerGroupTests : IDisposable
{
    private const int Record = 64;

    private static readonly KeyFingerprint Alice = LedgerFolder.Key(0);

    private readonly LedgerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static ulong T(int seconds) => LedgerFolder.StartTime + (ulong)(seconds * 1_000_000_000L);

    private static DateTimeOffset Later => LedgerFolder.Start.AddSeconds(3600);

    private static Acceptance[] Group(int first, int count) => [.. Enumerable.Range(first, count).Select(i => new Acceptance(LedgerFolder.Key(i), 1, T(i)))];

    /// <summary>Ten on their own, then so many at once.</summary>
    private void Write(int together, bool hasRoom = false)
    {
        using (var ledger = _folder.Open())
        {
            for (var i = 1; i <= 10; i++)
                Assert.True(ledger.TryRemember(LedgerFolder.Key(i), 1, T(i)));
            Assert.True(ledger.TryRemember(Group(11, together)));
        }

        if (!hasRoom)
            File.WriteAllBytes(_folder.Path, _folder.Written());
    }

    /// <summary>Where there was room it is still there; where the file grew there is nothing.</summary>
    private void Lose(bool toRoom, params int[] records)
    {
        var bytes = File.ReadAllBytes(_folder.Path);
        foreach (var record in records)
        {
            bytes.AsSpan(record * Record, Record).Clear();
            if (toRoom)
                LedgerFormat.WriteRoom(bytes.AsSpan(record * Record, Record));
        }

        File.WriteAllBytes(_folder.Path, bytes);
    }

    private static int[] Numbers(string text) => [.. text.Split(' ').Select(n => int.Parse(n, System.Globalization.CultureInfo.InvariantCulture))];

    [Theory]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(40)]
    public void All_of_a_group_is_found_again(int together)
    {
        Write(together);
        using var again = _folder.Open();
        for (var i = 1; i <= 10 + together; i++)
            Assert.Equal(T(i), again.LastOf(LedgerFolder.Key(i), 1, Later));
        Assert.Equal(LedgerFolder.StartTime, again.LastOf(Alice, 1, Later));
    }

    [Theory]
    [InlineData("11")]
    [InlineData("12 13")]
    [InlineData("16")]
    [InlineData("11 12 13 14 15 16")]
    public void A_group_torn_anywhere_accepts_nothing_that_was_signed_before(string lost)
    {
        Write(6);
        Lose(toRoom: false, Numbers(lost));
        AssertNothingOfBefore();
    }

    [Theory]
    [InlineData("11", true)]
    [InlineData("12 13", true)]
    [InlineData("15", true)]
    [InlineData("11 12", false)]
    public void A_group_torn_in_room_is_the_same(string lost, bool hasRoom)
    {
        Write(6, hasRoom);
        Lose(toRoom: true, Numbers(lost));
        AssertNothingOfBefore();
    }

    /// <summary>Every place in a sector where it may begin, and every choice of its sectors that the disk has not written: what was acknowledged before it is known, and the file is never taken for damaged.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(16)]
    public void Whatever_of_the_last_write_is_lost_all_before_it_is_known(int together)
    {
        const int Sector = 512;
        for (var before = 1; before <= 8; before++)
        {
            _folder.Empty(); // of the lock as well: whoever follows a lost ledger knows more than he was told
            byte[] old;
            using (var ledger = _folder.Open(slack: 40))
            {
                for (var i = 1; i <= before; i++)
                    Assert.True(ledger.TryRemember(LedgerFolder.Key(i), 1, T(100 + i)));
                old = _folder.Bytes();
                Assert.True(ledger.TryRemember(Group(120, together)));
            }

            var whole = File.ReadAllBytes(_folder.Path);
            var (first, last) = ((before + 1) * Record / Sector, (((before + 1 + together) * Record) - 1) / Sector);
            for (var lost = 1; lost < 1 << (last - first + 1); lost++)
            {
                var left = whole.ToArray();
                for (var sector = first; sector <= last; sector++)
                {
                    if ((lost & (1 << (sector - first))) != 0)
                        old.AsSpan(sector * Sector, Math.Min(Sector, old.Length - (sector * Sector))).CopyTo(left.AsSpan(sector * Sector));
                }

                File.WriteAllBytes(_folder.Path, left);
                using var again = _folder.Open();
                for (var i = 1; i <= before; i++)
                    Assert.True(again.LastOf(LedgerFolder.Key(i), 1, Later) >= T(100 + i), $"{before} before, {together} together, sectors {lost:b} lost: {i} is not known");
            }
        }
    }

    /// <summary>It was acknowledged to nobody.</summary>
    [Fact]
    public void A_group_that_lost_its_end_is_a_shorter_one()
    {
        Write(6, hasRoom: true);
        Lose(toRoom: true, 15, 16);
        using var again = _folder.Open();
        Assert.Equal(T(14), again.LastOf(LedgerFolder.Key(14), 1, Later));
        Assert.Equal(LedgerFolder.StartTime, again.LastOf(LedgerFolder.Key(15), 1, Later));
        Assert.True(again.TryRemember(Group(15, 16)));
    }

    private void AssertNothingOfBefore()
    {
        var start = TimeSpan.FromMinutes(5);
        for (var round = 0; round < 2; round++)
        {
            using var again = _folder.Open(start);
            for (var i = 1; i <= 16; i++)
                Assert.True(again.LastOf(LedgerFolder.Key(i), 1, Later) >= UnixTime.Of(LedgerFolder.Start + start));
            Assert.Equal(0, new FileInfo(_folder.Path).Length % Record); // written anew
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public void What_is_gone_before_the_last_group_is_damage(int lost)
    {
        foreach (var (hasRoom, toRoom) in new[] { (false, false), (true, false), (true, true) })
        {
            if (File.Exists(_folder.Path))
                File.Delete(_folder.Path);
            Write(16, hasRoom);
            Lose(toRoom, lost);
            Assert.Throws<LedgerException>(() => _folder.Open());
        }
    }

    /// <summary>Where there was room, nothing is zero but what the disk has lost.</summary>
    [Fact]
    public void What_is_zero_before_room_is_damage()
    {
        Write(6, hasRoom: true);
        Lose(toRoom: false, 12);
        Assert.Throws<LedgerException>(() => _folder.Open());
    }

    /// <summary>A mark is never one of a group: what is bad before it was good once, and may have been a mark itself.</summary>
    [Fact]
    public void What_is_gone_before_a_mark_is_damage()
    {
        Write(3);
        using (var ledger = _folder.Open())
            Assert.True(ledger.TryMark(new(MarkKind.OneTime, LedgerFolder.Key(99), 0), Later));
        Lose(toRoom: true, 12);
        Assert.Throws<LedgerException>(() => _folder.Open());
    }

    [Fact]
    public void A_bad_record_that_is_not_empty_is_no_torn_group()
    {
        Write(6);
        var bytes = File.ReadAllBytes(_folder.Path);
        bytes[(13 * Record) + 40] ^= 1;
        File.WriteAllBytes(_folder.Path, bytes);
        Assert.Throws<LedgerException>(() => _folder.Open());
    }
}
