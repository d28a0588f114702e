using Postern.Steward.Errands;

namespace Postern.Steward.Tests.Errands;

/// <summary>What the journal says after what befell it.</summary>
public sealed class JournalTests : IDisposable
{
    private readonly JournalFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string[] Said(ErrandJournal journal) => [.. journal.Standing.Select(e => $"{e.Number} {e.Until.TotalSeconds}{(e.IsOverdue ? " overdue" : "")}{(e.Holder.Length == 0 ? "" : " held")}")];

    private void Fill()
    {
        using var journal = _folder.Open();
        for (var number = 1UL; number <= 4; number++)
            Assert.True(journal.TryStand(JournalFolder.Errand(number)));
        Assert.True(journal.TryExtend(2, TimeSpan.FromSeconds(200), "00000000000000bb"));
        journal.Undoing(3);
        journal.Done(4);
        Assert.Equal(["1 100 held", "2 200 held", "3 100 overdue held"], Said(journal));
    }

    [Fact]
    public void It_says_the_same_after_a_restart_word_by_word()
    {
        Fill();
        using var journal = _folder.Open();
        Assert.Equal(["1 100 held", "2 200 held", "3 100 overdue held"], Said(journal));
        Assert.Equal(JournalFolder.Errand(1), journal.Standing[0]);
        Assert.Null(journal.DamagedCopy);
    }

    [Fact]
    public void After_the_machine_was_started_anew_all_is_overdue()
    {
        Fill();
        using (var journal = _folder.Open(Guid.NewGuid()))
            Assert.Equal(["1 100 overdue held", "2 200 overdue held", "3 100 overdue held"], Said(journal));
        using var again = _folder.Open(); // and stays so, whichever boot reads it next
        Assert.All(again.Standing, e => Assert.True(e.IsOverdue));
    }

    [Fact]
    public void A_torn_end_loses_the_last_record_and_nothing_else()
    {
        Fill();
        var whole = File.ReadAllBytes(_folder.Path);
        long length;
        using (var journal = _folder.Open())
        {
            length = new FileInfo(_folder.Path).Length;
            Assert.True(journal.TryStand(JournalFolder.Errand(9)));
        }

        var bytes = File.ReadAllBytes(_folder.Path);
        for (var cut = (int)length; cut < bytes.Length; cut++)
        {
            File.WriteAllBytes(_folder.Path, bytes[..cut]);
            using var journal = _folder.Open();
            Assert.Equal(["1 100 held", "2 200 held", "3 100 overdue held"], Said(journal));
            Assert.Null(journal.DamagedCopy);
        }

        Assert.NotEmpty(whole);
    }

    /// <summary>Each byte of it, spoilt: nothing that can still be read is lost, all of it is overdue, and a copy is kept.</summary>
    [Fact]
    public void A_spoilt_record_takes_no_other_with_it()
    {
        using (var journal = _folder.Open())
        {
            for (var number = 1UL; number <= 3; number++)
                Assert.True(journal.TryStand(JournalFolder.Errand(number)));
        }

        var bytes = File.ReadAllBytes(_folder.Path);
        var record = (bytes.Length - 64) / 3;
        for (var at = 0; at < bytes.Length; at++)
        {
            var spoilt = (byte[])bytes.Clone();
            spoilt[at] ^= 0x55;
            File.WriteAllBytes(_folder.Path, spoilt);
            using var journal = _folder.Open();
            var hit = at < 64 ? 0 : ((at - 64) / record) + 1;
            Assert.Equal([.. Enumerable.Range(1, 3).Where(n => n != hit).Select(n => (ulong)n)], journal.Standing.Select(e => e.Number));
            if (hit == 3)
                continue; // as a torn end
            Assert.All(journal.Standing, e => Assert.True(e.IsOverdue));
            Assert.Equal(spoilt, File.ReadAllBytes(journal.DamagedCopy!));
        }
    }

    [Fact]
    public void An_empty_file_and_no_file_say_nothing()
    {
        using (var journal = _folder.Open())
            Assert.Empty(journal.Standing);
        File.WriteAllBytes(_folder.Path, []);
        using var again = _folder.Open();
        Assert.Empty(again.Standing);
        Assert.Null(again.DamagedCopy);
    }

    [Fact]
    public void It_does_not_grow_for_ever()
    {
        using var journal = _folder.Open(slack: 1024);
        Assert.True(journal.TryStand(JournalFolder.Errand(1)));
        for (var i = 0; i < 1000; i++)
            Assert.True(journal.TryExtend(1, TimeSpan.FromSeconds(i), ""));
        for (var number = 2UL; number < 500; number++)
        {
            Assert.True(journal.TryStand(JournalFolder.Errand(number)));
            journal.Done(number);
        }

        Assert.InRange(new FileInfo(_folder.Path).Length, 64, 8192);
        Assert.Equal(["1 999"], Said(journal));
    }

    [Fact]
    public void One_steward_at_a_time_and_nobody_else_may_read_it()
    {
        using var journal = _folder.Open();
        Assert.Contains("in use", Assert.Throws<ErrandJournalException>(() => _folder.Open()).Message);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(_folder.Path)!));
    }

    /// <summary>The steps of <see cref="JournalStep"/> that fail together.</summary>
    public static TheoryData<string> Failures => new(
        "Append", "FlushAppended", "Append, CutBack", "Append, FlushAppended, Create", "Append, CutBack, WriteAll", "FlushAppended, FlushAll", "FlushAppended, Rename", "FlushAppended, FlushRenamed");

    /// <summary>While the disk fails nothing new stands; what ended meanwhile is gone when it is well again.</summary>
    [Theory]
    [MemberData(nameof(Failures))]
    public void A_disk_that_fails_costs_no_undo(string steps)
    {
        var failing = steps.Split(", ").Select(Enum.Parse<JournalStep>).ToArray();
        var sick = false;
        using (var journal = _folder.Open(before: step =>
        {
            if (sick && failing.Contains(step))
                throw new IOException("No space left on device");
        }))
        {
            for (var number = 1UL; number <= 6; number++)
                Assert.True(journal.TryStand(JournalFolder.Errand(number)));
            sick = true;
            Assert.False(journal.TryStand(JournalFolder.Errand(7)));
            journal.Undoing(2);
            journal.Done(1);
            Assert.False(journal.TryStand(JournalFolder.Errand(8)));
            sick = false;
            Assert.True(journal.TryMend());
            Assert.True(journal.TryStand(JournalFolder.Errand(9)));
            Assert.Equal([2, 3, 4, 5, 6, 9], journal.Standing.Select(e => (int)e.Number));
        }

        using var again = _folder.Open();
        Assert.Equal([2, 3, 4, 5, 6, 9], again.Standing.Select(e => (int)e.Number));
        Assert.Equal([2], again.Standing.Where(e => e.IsOverdue).Select(e => (int)e.Number));
    }

    /// <summary>A steward that starts on a full disk: nothing is lost of what stood, and nothing new stands until there is room.</summary>
    [Theory]
    [InlineData(nameof(JournalStep.Create))]
    [InlineData(nameof(JournalStep.WriteAll))]
    [InlineData(nameof(JournalStep.FlushAll))]
    [InlineData(nameof(JournalStep.Rename))]
    [InlineData(nameof(JournalStep.FlushRenamed))]
    public void On_a_disk_that_fails_it_opens_and_says_what_stood(string failing)
    {
        Fill();
        var sick = true;
        using (var journal = _folder.Open(before: step =>
        {
            if (sick && step == Enum.Parse<JournalStep>(failing))
                throw new IOException("No space left on device");
        }))
        {
            Assert.Equal(["1 100 held", "2 200 held", "3 100 overdue held"], Said(journal));
            Assert.True(journal.IsStale);
            Assert.False(journal.TryStand(JournalFolder.Errand(7)));
            Assert.False(journal.TryExtend(1, TimeSpan.FromSeconds(300), ""));
            journal.Undoing(1);
            journal.Done(3);
            sick = false;
            Assert.True(journal.TryStand(JournalFolder.Errand(8)));
        }

        using var again = _folder.Open();
        Assert.Equal(["1 100 overdue held", "2 200 held", "8 100"], Said(again));
    }

    /// <summary>If it dies while the disk is still full: the undo that could not be struck out comes again.</summary>
    [Fact]
    public void What_could_not_be_struck_out_is_undone_once_more()
    {
        var sick = false;
        using (var journal = _folder.Open(before: step =>
        {
            if (sick && step is JournalStep.Append or JournalStep.WriteAll && sick)
                throw new IOException("No space left on device");
        }))
        {
            Assert.True(journal.TryStand(JournalFolder.Errand(1)));
            sick = true;
            journal.Done(1);
            Assert.Empty(journal.Standing);
        }

        using var again = _folder.Open();
        Assert.Equal(1UL, Assert.Single(again.Standing).Number);
    }
}
