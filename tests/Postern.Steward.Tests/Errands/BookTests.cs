using Postern.Reports.Errands;
using Postern.Steward.Errands;

namespace Postern.Steward.Tests.Errands;

/// <summary>Single stories of the book, as the documentation tells them.</summary>
public sealed class BookTests : IErrandWork, IErrandJournal
{
    private static readonly Errand Wake = new("wake", ["/bin/run"]) { Undo = ["/bin/undo"] };
    private static readonly Errand Ring = new("ring", ["/bin/ring"]);

    private readonly ErrandBook _book;
    private readonly List<string> _notes = [];
    private readonly List<ulong> _running = [];
    private readonly List<string> _commands = [];
    private readonly List<ErrandNote> _told = [];
    private bool _isFull;
    private TimeSpan _now = TimeSpan.FromHours(1);

    public BookTests() => _book = new(this, this);

    private void Run(int who, double seconds = 60, Errand? errand = null, ushort port = 0) =>
        _book.Take(new(ErrandOrderKind.Run, (errand ?? Wake).Service, JournalFolder.Ip(who), port) { Action = 1, Until = _now + TimeSpan.FromSeconds(seconds) }, errand ?? Wake, _now);

    private void Undo(int who) => _book.Take(new(ErrandOrderKind.Undo, "wake", JournalFolder.Ip(who), 0), null, _now);

    private void End(ulong number, byte code = 0, ErrandEnding how = ErrandEnding.Exited)
    {
        Assert.True(_running.Remove(number));
        _book.Ended(number, new(how, code), _now);
    }

    private void Pass(double seconds) => _book.Tick(_now += TimeSpan.FromSeconds(seconds));

    [Fact]
    public void It_is_written_down_run_told_undone_told_and_struck_out()
    {
        Run(1);
        Assert.Equal(["stand 1", "start run 1"], _notes);
        End(1);
        Pass(59);
        Assert.Equal(["stand 1", "start run 1", "ran 192.0.2.1"], _notes);
        Assert.Equal(_now + TimeSpan.FromSeconds(1), _book.NextDue);
        Pass(1);
        End(1, code: 4);
        Assert.Equal(["start undo 1", "done 1", "undone 192.0.2.1 code 4"], _notes.Skip(3));
        Assert.Equal(0, _book.Count);
    }

    /// <summary>What rides along is in the command word for word, and in that which undoes it; another does not change what stands.</summary>
    [Fact]
    public void Data_is_expanded_and_another_does_not_extend_what_stands()
    {
        var errand = new Errand("wake", ["/bin/run", "{data}", "--to={data}"]) { Undo = ["/bin/undo", "{data}"] };
        Assert.True(errand.TakesData);
        Assert.False(Wake.TakesData);
        Take("nas-2");
        Assert.Equal(["/bin/run|nas-2|--to=nas-2"], _commands);
        End(1);
        Take("tv");
        Assert.Equal("refused 192.0.2.1 Busy", _notes[^1]);
        Take("nas-2"); // extends
        Take("");
        Assert.Equal("refused 192.0.2.1 Busy", _notes[^1]);
        _book.TellStanding();
        Assert.Equal("nas-2", _told[^1].Data);
        Pass(60);
        Assert.Equal("/bin/undo|nas-2", _commands[^1]);
        Assert.Equal(2, _commands.Count);

        // A warden that was taken over gets nothing run with what it does not take, or without what it takes.
        _book.Take(new(ErrandOrderKind.Run, "wake", JournalFolder.Ip(2), 0) { Action = 1, Until = _now + TimeSpan.FromSeconds(9), Data = "x" }, Wake, _now);
        Assert.Equal("refused 192.0.2.2 UnknownAction", _notes[^1]);
        _book.Take(new(ErrandOrderKind.Run, "wake", JournalFolder.Ip(2), 0) { Action = 1, Until = _now + TimeSpan.FromSeconds(9) }, errand, _now);
        Assert.Equal("refused 192.0.2.2 UnknownAction", _notes[^1]);

        void Take(string data) => _book.Take(new(ErrandOrderKind.Run, "wake", JournalFolder.Ip(1), 0) { Action = 1, Until = _now + TimeSpan.FromSeconds(60), Data = data }, errand, _now);
    }

    /// <summary>Of one key only one ever stands; where a damaged journal says otherwise, it has lost the end of the earlier one.</summary>
    [Fact]
    public void Of_two_that_stand_for_the_same_the_later_is_undone()
    {
        var later = JournalFolder.Errand(2, 100, "/bin/later");
        _book.Restore([JournalFolder.Errand(1, 100, "/bin/earlier") with { Undo = later.Undo with { Arguments = ["/bin/earlier"] } }, later], _now);
        Assert.Equal(["done 1"], _notes);
        Pass(0);
        Assert.Equal("/bin/later", Assert.Single(_commands));
    }

    [Fact]
    public void What_cannot_be_written_down_is_not_run()
    {
        _isFull = true;
        Run(1);
        Assert.Equal(["refused 192.0.2.1 NotWritten"], _notes);
        Assert.Equal(0, _book.Count);
        Run(1, errand: Ring);
        Assert.Equal("start run 2", _notes[^1]); // there is nothing to write down of it
    }

    [Fact]
    public void What_failed_is_undone_at_once_and_what_was_never_run_is_not()
    {
        Run(1);
        End(1, code: 3);
        Assert.Equal(["failed 192.0.2.1 code 3", "undoing 1", "start undo 1"], _notes.Skip(2));
        Run(2);
        End(2, how: ErrandEnding.TimedOut);
        Assert.Equal(["timedout 192.0.2.2", "undoing 2", "start undo 2"], _notes.TakeLast(3));
        Run(3);
        End(3, how: ErrandEnding.NotStarted);
        Assert.Equal(["failed 192.0.2.3", "done 3"], _notes.TakeLast(2));
    }

    [Fact]
    public void An_undo_that_cannot_be_started_is_tried_again_ever_more_slowly()
    {
        Run(1, seconds: 1);
        End(1);
        Pass(1);
        foreach (var wait in new[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            End(1, how: ErrandEnding.NotStarted);
            Assert.Equal(_now + TimeSpan.FromSeconds(wait), _book.NextDue);
            Pass(wait);
        }

        Assert.Single(_running);
    }

    [Fact]
    public void An_order_to_undo_finds_it_wherever_it_is()
    {
        Run(1);
        Undo(1);
        Assert.Equal(["stand 1", "start run 1"], _notes); // after its end, not beside it
        End(1);
        Assert.Equal(["ran 192.0.2.1", "undoing 1", "start undo 1"], _notes.Skip(2));
        Undo(1);
        Run(1);
        Assert.Equal("refused 192.0.2.1 Busy", _notes[^1]);
        End(1);
        Undo(1);
        Assert.Equal("refused 192.0.2.1 NoSuchErrand", _notes[^1]);
    }

    [Fact]
    public void As_many_run_wait_and_stand_as_there_is_room_for()
    {
        for (var who = 1; who <= 300; who++)
            Run(who, errand: Ring);
        Assert.Equal(ErrandBook.MaxRunsAtOnce, _running.Count);
        Assert.Equal(300 - ErrandBook.MaxRunsAtOnce - ErrandBook.MaxWaiting, _notes.Count(n => n.Contains("TooMany", StringComparison.Ordinal)));
        Run(1, errand: Ring);
        Assert.Equal("refused 192.0.2.1 Busy", _notes[^1]);
        while (_running.Count > 0)
            End(_running[0]);
        Assert.Equal(0, _book.Count);
        for (var who = 1; who <= ErrandBook.MaxErrands; who++)
        {
            Run(who);
            End(_running[0]);
        }

        Run(ErrandBook.MaxErrands + 1);
        Assert.EndsWith("TooMany", _notes[^1]);
        Assert.Equal(ErrandBook.MaxErrands, _book.Count);
    }

    /// <summary>Twelve programs that hang for ten minutes: what is to be undone does not wait for them.</summary>
    [Fact]
    public void Undoing_has_places_of_its_own()
    {
        Run(1, seconds: 5);
        End(1);
        for (var who = 2; who <= 40; who++)
            Run(who, seconds: 1000);
        Assert.Equal(ErrandBook.MaxRunsAtOnce, _running.Count);
        Pass(5);
        Assert.Equal("start undo 1", _notes[^1]);
    }

    [Fact]
    public void Nothing_stands_for_longer_than_the_configuration_could_say()
    {
        Run(1, seconds: 1e8);
        End(1);
        Assert.Equal(_now + ErrandBook.Longest, _book.NextDue);
    }

    [Fact]
    public void An_end_that_cannot_be_put_off_is_told()
    {
        Run(1, seconds: 60);
        End(1);
        _isFull = true;
        Run(1, seconds: 90);
        Assert.Equal("standing 192.0.2.1 3660", _notes[^1]);
        _isFull = false;
        Run(1, seconds: 90);
        Assert.Equal("extend 1 3690", _notes[^1]);
        _book.TellStanding();
        Assert.Equal("standing 192.0.2.1 3690", _notes[^1]);
    }

    void IErrandWork.Start(ulong number, ErrandCommand command)
    {
        _running.Add(number);
        _commands.Add(string.Join('|', command.Arguments));
        _notes.Add($"start {(command.IsUndo ? "undo" : "run")} {number}");
    }

    void IErrandWork.Tell(in ErrandNote note)
    {
        _told.Add(note);
        _notes.Add(Text(note));
    }

    private static string Text(in ErrandNote note) =>
        $"{note.Kind.ToString().ToLowerInvariant()} {note.Address}"
        + (note.ExitCode != 0 ? $" code {note.ExitCode}" : "") + (note.Refusal != ErrandRefusal.None ? $" {note.Refusal}" : "") + (note.Until != default ? $" {note.Until.TotalSeconds}" : "");

    bool IErrandJournal.TryStand(StandingErrand errand) => Note($"stand {errand.Number}");

    bool IErrandJournal.TryExtend(ulong number, TimeSpan until, string holder) => Note($"extend {number} {until.TotalSeconds}");

    void IErrandJournal.Undoing(ulong number) => Note($"undoing {number}");

    void IErrandJournal.Done(ulong number) => Note($"done {number}");

    private bool Note(string note)
    {
        if (!_isFull)
            _notes.Add(note);
        return !_isFull;
    }
}
