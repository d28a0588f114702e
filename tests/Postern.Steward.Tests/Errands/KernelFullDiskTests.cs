using Postern.Reports.Errands;
using Postern.Steward.Errands;
using Postern.Warden.Tests;

namespace Postern.Steward.Tests.Errands;

/// <summary>A real file system that is really full: nothing new is run, and what is due is undone all the same.</summary>
public sealed class KernelFullDiskTests
{
    private static readonly Errand Wake = new("wake", ["/bin/run"]) { Undo = ["/bin/undo", new('x', 3000)] };

    [Fact]
    public void Nothing_new_is_run_and_what_is_due_is_undone() => TinyDisk.Use(kilobytes: 64, disk =>
    {
        var path = Path.Combine(disk, "actions");
        var work = new Programs();
        var now = TimeSpan.FromHours(1);
        using (var journal = ErrandJournal.Open(path, JournalFolder.Boot))
        {
            var book = new ErrandBook(journal, work);
            Run(1);
            Run(2);
            Assert.Equal(["run", "run"], work.Started.Select(s => s.Command.IsUndo ? "undo" : "run"));
            book.Ended(1, default, now);
            book.Ended(2, default, now);
            var ballast = Fill(disk);
            Run(3);
            Assert.Equal(ErrandRefusal.NotWritten, work.Notes[^1].Refusal);
            Assert.Equal(2, work.Started.Count);

            now += TimeSpan.FromSeconds(60);
            book.Tick(now);
            Assert.Equal([1UL, 2UL], work.Started.Skip(2).Select(s => s.Number));
            book.Ended(1, default, now);
            Assert.Equal(ErrandNoteKind.Undone, work.Notes[^1].Kind);
            Assert.Equal(1, book.Count);

            File.Delete(ballast);
            Assert.True(journal.TryMend());
            Assert.Equal([2UL], journal.Standing.Select(e => e.Number));

            void Run(int who) => book.Take(new(ErrandOrderKind.Run, "wake", JournalFolder.Ip(who), 0) { Action = 1, Until = now + TimeSpan.FromSeconds(60) }, Wake, now);
        }

        using var again = ErrandJournal.Open(path, JournalFolder.Boot);
        Assert.Equal([2UL], again.Standing.Select(e => e.Number));
    });

    private static string Fill(string disk)
    {
        var path = Path.Combine(disk, "ballast");
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            for (; ; )
                file.Write(new byte[1024]);
        }
        catch (IOException)
        {
            return path;
        }
    }

    private sealed class Programs : IErrandWork
    {
        public List<(ulong Number, ErrandCommand Command)> Started { get; } = [];

        public List<ErrandNote> Notes { get; } = [];

        public void Start(ulong number, ErrandCommand command) => Started.Add((number, command));

        public void Tell(in ErrandNote note) => Notes.Add(note);
    }
}
