using System.Diagnostics;
using Postern.Reports;
using Postern.Tests;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests.Ledger;

/// <summary>Disks that fail. What could not be remembered is not granted; what was acknowledged is never lost.</summary>
public sealed class LedgerFaultTests : IDisposable
{
    private static readonly KeyFingerprint Alice = LedgerFolder.Key(0);

    private readonly LedgerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static ulong T(int seconds) => LedgerFolder.StartTime + (ulong)(seconds * 1_000_000_000L);

    private DateTimeOffset Later => LedgerFolder.Start.AddSeconds(3600);

    /// <summary>The steps of <see cref="LedgerStep"/> that fail together.</summary>
    public static TheoryData<string> Failures => new(
        "Append",
        "FlushAppended",
        "Append, CutBack",
        "Append, FlushCutBack",
        "FlushAppended, Create",
        "FlushAppended, WriteAll",
        "FlushAppended, FlushAll",
        "FlushAppended, Rename",
        "FlushAppended, FlushRenamed");

    [Theory]
    [MemberData(nameof(Failures))]
    public void Nothing_is_acknowledged_while_it_fails_and_all_is_right_afterwards(string steps)
    {
        var failing = steps.Split(", ").Select(Enum.Parse<LedgerStep>).ToArray();
        var sick = false;
        using (var ledger = _folder.Open(before: step =>
        {
            if (sick && failing.Contains(step))
                throw new IOException("Input/output error");
        }, slack: 4))
        {
            for (var i = 1; i <= 40; i++)
            {
                sick = i is >= 10 and < 20;
                Assert.Equal(!sick, ledger.TryRemember(Alice, (uint)i % 8, T(i)));
            }

            // What failed was not taken in, so it may be asked once more.
            Assert.Equal(T(40), ledger.LastOf(Alice, 0, Later));
        }

        using var again = _folder.Open();
        Assert.Equal(8, again.Count);
        for (var i = 33; i <= 40; i++)
            Assert.Equal(T(i), again.LastOf(Alice, (uint)i % 8, Later));
    }

    /// <summary>The file after a failure, and not only after what came next: the gate may be ended in between.</summary>
    [Theory]
    [MemberData(nameof(Failures))]
    public void A_restart_right_after_a_failure_finds_all_that_was_acknowledged(string steps)
    {
        var failing = steps.Split(", ").Select(Enum.Parse<LedgerStep>).ToArray();
        var sick = false;
        using (var ledger = _folder.Open(before: step =>
        {
            if (sick && failing.Contains(step))
                throw new IOException("Input/output error");
        }))
        {
            for (var i = 1; i <= 5; i++)
                Assert.True(ledger.TryRemember(Alice, (uint)i, T(i)));
            sick = true;
            for (var i = 6; i <= 8; i++)
                Assert.False(ledger.TryRemember(Alice, (uint)i, T(i)));
        }

        using var again = _folder.Open();
        for (var i = 1; i <= 5; i++)
            Assert.Equal(T(i), again.LastOf(Alice, (uint)i, Later));
    }

    /// <summary>The kernel may forget, with the error, that it has something to write: nobody knows what such a file holds.</summary>
    [Theory]
    [InlineData(nameof(LedgerStep.FlushAppended))]
    [InlineData(nameof(LedgerStep.FlushRenamed))]
    public void After_a_flush_that_failed_it_is_written_anew_before_anything_is_accepted(string flush)
    {
        LedgerStep? sick = null;
        var steps = new List<LedgerStep>();
        using var ledger = _folder.Open(before: step =>
        {
            steps.Add(step);
            if (step == sick)
                throw new IOException("Input/output error");
        });
        sick = LedgerStep.FlushAppended;
        Assert.False(ledger.TryRemember(Alice, 1, T(1)));
        sick = Enum.Parse<LedgerStep>(flush);
        Assert.False(ledger.TryRemember(Alice, 1, T(2)));
        sick = null;
        steps.Clear();
        Assert.True(ledger.TryRemember(Alice, 1, T(3)));
        Assert.Equal(
            [LedgerStep.Create, LedgerStep.WriteAll, LedgerStep.FlushAll, LedgerStep.Rename, LedgerStep.FlushRenamed, LedgerStep.Append, LedgerStep.FlushAppended],
            steps);
    }

    /// <summary>So that the next start does not take it for a crash, and everybody for late.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Half_a_record_that_a_full_disk_took_is_taken_back(bool hasRoom)
    {
        if (!hasRoom)
        {
            _folder.Open().Dispose();
            File.WriteAllBytes(_folder.Path, _folder.Written());
        }

        var before = 0L;
        using (var ledger = _folder.Open(before: step =>
        {
            if (!hasRoom && step == LedgerStep.Create)
                throw new IOException("No space left on device"); // for a file with room
            if (step != LedgerStep.Append || _folder.Written().Length < 3 * 64)
                return;
            before = new FileInfo(_folder.Path).Length;
            // By another process: .NET would mind the lock that the ledger has on its file.
            using (var half = Process.Start("sh", ["-c", "dd if=/dev/zero of=\"$0\" bs=1 count=30 seek=192 conv=notrunc status=none", _folder.Path]))
                half.WaitForExit();
            Assert.NotEqual(3 * 64, _folder.Written().Length);
            throw new IOException("No space left on device");
        }))
        {
            Assert.True(ledger.TryRemember(Alice, 1, T(1)));
            Assert.True(ledger.TryRemember(Alice, 2, T(2)));
            Assert.False(ledger.TryRemember(Alice, 3, T(3)));
            Assert.Equal(3 * 64, _folder.Written().Length);
            Assert.Equal(hasRoom ? 64 * 1001 : 64 * 3, before);
            Assert.Equal(before, new FileInfo(_folder.Path).Length);
        }

        using var again = _folder.Open(TimeSpan.FromSeconds(100));
        Assert.Equal(T(2), again.LastOf(Alice, 2, Later));
        Assert.Equal(T(0), again.LastOf(Alice, 3, Later));
    }

    [Fact]
    public void Compacting_that_fails_costs_no_acceptance()
    {
        using var ledger = _folder.Open(before: step =>
        {
            if (step == LedgerStep.WriteAll && File.Exists(_folder.Path))
                throw new IOException("No space left on device");
        }, slack: 4);
        for (var i = 1; i <= 200; i++)
            Assert.True(ledger.TryRemember(Alice, 1, T(i)));
        Assert.Equal(64 * 201, new FileInfo(_folder.Path).Length);
        Assert.False(File.Exists(_folder.Path + ".new"));
    }

    /// <summary>Neither a full disk nor a group that goes beyond the room is in the way of what has room.</summary>
    [Fact]
    public void A_group_that_goes_beyond_the_room_makes_the_file_grow_and_then_it_is_written_anew()
    {
        var sick = false;
        using (var ledger = _folder.Open(before: step =>
        {
            if (sick && step is LedgerStep.Append or LedgerStep.Create)
                throw new IOException("No space left on device");
        }, slack: 4))
        {
            for (var i = 1; i <= 2; i++)
                Assert.True(ledger.TryRemember(Alice, 1, T(i)));
            sick = true;
            Acceptance[] group = [.. Enumerable.Range(1, 7).Select(i => new Acceptance(LedgerFolder.Key(i), 1, T(i)))];
            Assert.False(ledger.TryRemember(group));
            Assert.Equal(2 * 64, _folder.Room());
            sick = false;
            Assert.True(ledger.TryRemember(group));
            Assert.Equal((4 + 8) * 64, _folder.Room());
        }

        using var again = _folder.Open();
        Assert.Equal(8, again.Count);
        for (var i = 1; i <= 7; i++)
            Assert.Equal(T(i), again.LastOf(LedgerFolder.Key(i), 1, Later));
    }

    [Fact]
    public void A_request_that_is_not_remembered_reaches_no_firewall()
    {
        var sick = true;
        using var ledger = _folder.Open(before: step =>
        {
            if (sick && step == LedgerStep.FlushAppended)
                throw new IOException("Input/output error");
        });
        var house = new SpaHouse(ledger);
        house.Pass(1);
        var request = SpaHouse.Sign(house.Request());
        Assert.Equal(Refusal.NotRemembered, house.Send(request).Refusal);
        Assert.Empty(house.Kernel.Notes);
        Assert.Equal(0, house.Warden.GrantCount);
        sick = false;
        Assert.Equal(Refusal.None, house.Send(request).Refusal);
        Assert.Equal(["+ssh 192.0.2.1 30"], house.Kernel.Notes);
    }

    [Fact]
    public void A_disk_that_is_full_and_then_is_not() => TinyDisk.Use(kilobytes: 160, disk =>
    {
        var path = Path.Combine(disk, "ledger");
        var ballast = Path.Combine(disk, "ballast");
        var accepted = new List<int>();
        var refused = 0;
        using (var ledger = LedgerFile.Open(path, LedgerFolder.Start))
        {
            Fill(ballast);
            for (var i = 1; refused < 20; i++)
                Note(ledger, i);
            Assert.Equal(0, new FileInfo(path).Length % 64); // no half a record
            Assert.InRange(accepted.Count, 1024, 1024 + 64); // its room, and what was left of the last page
            File.Delete(ballast);
            for (var i = 2000; i < 2010; i++)
                Note(ledger, i);
            Assert.Equal(20, refused);
        }

        using (var again = LedgerFile.Open(path, LedgerFolder.Start))
        {
            Assert.Equal(accepted.Order().TakeLast(8).Select(T), accepted.Order().TakeLast(8).Select(i => again.LastOf(Alice, (uint)i % 8, Later)));
            Assert.Equal(8, again.Count);
        }

        // A gate that is started on a full disk: an old ledger opens, a new one cannot be made.
        Fill(ballast);
        LedgerFile.Open(path, LedgerFolder.Start).Dispose();
        File.Move(path, path + ".old");
        Assert.Throws<LedgerException>(() => LedgerFile.Open(path, LedgerFolder.Start));

        void Note(LedgerFile ledger, int i)
        {
            if (ledger.TryRemember(Alice, (uint)i % 8, T(i)))
                accepted.Add(i);
            else
                refused++;
        }
    });

    private static void Fill(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            for (var i = 0; i < 1000; i++)
                file.Write(new byte[1024]);
            Assert.Fail("the disk is larger than it should be");
        }
        catch (IOException)
        {
            // full
        }
    }

    [Fact]
    public void A_disk_that_only_reads_is_said_at_the_start() => TinyDisk.Use(kilobytes: 160, disk =>
    {
        var path = Path.Combine(disk, "ledger");
        LedgerFile.Open(path, LedgerFolder.Start).Dispose();
        TinyDisk.MakeReadOnly(disk);
        var failure = Assert.Throws<LedgerException>(() => LedgerFile.Open(path, LedgerFolder.Start));
        Assert.Contains("Read-only", failure.Message, StringComparison.Ordinal);
        Assert.Contains("written", failure.Hint, StringComparison.Ordinal);
    });
}
