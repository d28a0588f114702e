using FsCheck;
using FsCheck.Fluent;
using Postern.Reports;
using Postern.Reports.Errands;
using Postern.Steward.Errands;

namespace Postern.Steward.Tests.Errands;

/// <summary>
/// The book against a world that remembers everything: whatever orders come, however programs end, whenever the steward dies, the machine starts anew
/// or the disk fails, what was run is undone, not before it is due, and not beside itself.
/// </summary>
public sealed class PropertyBookTests
{
    private enum Event
    {
        Run,
        RunOnce,
        Extend,
        Undo,
        EndWell,
        EndBadly,
        NotStarted,
        Pass,
        StewardDies,
        MachineRestarts,
        DiskFull,
        DiskWell,
        WardenStarts,
    }

    private readonly record struct Happening(Event What, int Who, int Number);

    private static readonly Gen<Happening> Happenings =
        from what in Gen.Frequency(
            (30, Gen.Constant(Event.Run)), (6, Gen.Constant(Event.RunOnce)), (8, Gen.Constant(Event.Extend)), (8, Gen.Constant(Event.Undo)), (30, Gen.Constant(Event.EndWell)),
            (5, Gen.Constant(Event.EndBadly)), (4, Gen.Constant(Event.NotStarted)), (20, Gen.Constant(Event.Pass)), (2, Gen.Constant(Event.StewardDies)),
            (1, Gen.Constant(Event.MachineRestarts)), (2, Gen.Constant(Event.DiskFull)), (4, Gen.Constant(Event.DiskWell)), (2, Gen.Constant(Event.WardenStarts)))
        from who in Gen.Choose(0, 59)
        from number in Gen.Choose(0, 1_000_000)
        select new Happening(what, who, number);

    [Fact]
    public void What_was_run_is_undone_once_and_when_it_is_due() =>
        Prop.ForAll(Happenings.ArrayOf(600).ToArbitrary(), all =>
        {
            var street = new Street();
            foreach (var happening in all)
                street.Live(happening);
            street.LiveToTheEnd();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    /// <summary>The disk: what was written before a death is there after it.</summary>
    private sealed class Disk : IErrandJournal
    {
        public Dictionary<ulong, StandingErrand> Written { get; } = [];

        /// <summary>What a process keeps in mind to write when it can.</summary>
        private readonly List<Action> _kept = [];

        public bool IsFull { get; private set; }

        public void Fill() => IsFull = true;

        public void MakeRoom()
        {
            IsFull = false;
            _kept.ForEach(k => k());
            _kept.Clear();
        }

        public void LoseMind() => _kept.Clear();

        public bool TryStand(StandingErrand errand)
        {
            if (IsFull)
                return false;
            Written.Add(errand.Number, errand);
            return true;
        }

        public bool TryExtend(ulong number, TimeSpan until, string holder)
        {
            if (!IsFull)
                Written[number] = Written[number] with { Until = until, Holder = holder };
            return !IsFull;
        }

        public void Undoing(ulong number) => Note(() => Written[number] = Written[number] with { IsOverdue = true });

        public void Done(ulong number) => Note(() => Assert.True(Written.Remove(number)));

        private void Note(Action note)
        {
            if (IsFull)
                _kept.Add(note);
            else
                note();
        }
    }

    private sealed class Street : IErrandWork
    {
        private static readonly Errand Wake = new("wake", ["/bin/run", "{address}"]) { Undo = ["/bin/undo", "{address}"] };
        private static readonly Errand Ring = new("ring", ["/bin/ring"]);

        private readonly Disk _disk = new();
        private ErrandBook _book;
        private TimeSpan _now = TimeSpan.FromHours(1);

        /// <summary>Programs under way, by the errand's number.</summary>
        private readonly Dictionary<ulong, ErrandCommand> _running = [];

        /// <summary>What the world is like: run and not yet undone.</summary>
        private readonly HashSet<ErrandKey> _opened = [];

        /// <summary>What may be undone at any moment: ordered, failed, or from before a restart of the machine.</summary>
        private readonly HashSet<ErrandKey> _mayBeUndone = [];

        /// <summary>The least end that was promised.</summary>
        private readonly Dictionary<ErrandKey, TimeSpan> _promised = [];

        public Street() => _book = new(_disk, this);

        public void Live(Happening happening)
        {
            var key = new ErrandKey("wake", JournalFolder.Ip(happening.Who % 30), (ushort)(happening.Who / 30));
            var until = _now + TimeSpan.FromSeconds(1 + (happening.Number % 60));
            switch (happening.What)
            {
                case Event.Run:
                    _book.Take(new(ErrandOrderKind.Run, key.Service, key.Address, key.SourcePort) { Action = 1, Until = until, Key = "k" }, Wake, _now);
                    break;
                case Event.RunOnce:
                    _book.Take(new(ErrandOrderKind.Run, "ring", key.Address, 0) { Action = 2 }, Ring, _now);
                    break;
                case Event.Extend:
                    _book.Take(new(ErrandOrderKind.Extend, key.Service, key.Address, key.SourcePort) { Action = 1, Until = until }, null, _now);
                    break;
                case Event.Undo:
                    if (_opened.Contains(key))
                        _mayBeUndone.Add(key);
                    foreach (var (_, command) in _running.Where(r => KeyOf(r.Value) == key))
                        _mayBeUndone.Add(key);
                    _book.Take(new(ErrandOrderKind.Undo, key.Service, key.Address, key.SourcePort), null, _now);
                    break;
                case Event.EndWell:
                    End(happening.Number, new(ErrandEnding.Exited));
                    break;
                case Event.EndBadly:
                    End(happening.Number, happening.Who % 3 == 0 ? new(ErrandEnding.TimedOut) : happening.Who % 3 == 1 ? new(ErrandEnding.Signalled, 15) : new(ErrandEnding.Exited, 7));
                    break;
                case Event.NotStarted:
                    End(happening.Number, new(ErrandEnding.NotStarted));
                    break;
                case Event.Pass:
                    _now += TimeSpan.FromSeconds(happening.Number % 20);
                    _book.Tick(_now);
                    break;
                case Event.StewardDies:
                    Die();
                    break;
                case Event.MachineRestarts:
                    _now = TimeSpan.FromSeconds(happening.Number % 100);
                    foreach (var (number, errand) in _disk.Written)
                    {
                        _disk.Written[number] = errand with { IsOverdue = true };
                        _mayBeUndone.Add(errand.Key);
                    }

                    Die();
                    break;
                case Event.DiskFull:
                    _disk.Fill();
                    break;
                case Event.DiskWell:
                    _disk.MakeRoom();
                    break;
                case Event.WardenStarts:
                    _book.TellStanding();
                    break;
            }

            Check();
        }

        public void LiveToTheEnd()
        {
            _disk.MakeRoom();
            for (var turn = 0; turn < 2000 && (_book.Count > 0 || _running.Count > 0); turn++)
            {
                if (_running.Count > 0)
                    End(turn, new(ErrandEnding.Exited));
                else
                    _book.Tick(_now = _book.NextDue ?? _now);
                Check();
            }

            Assert.Equal(0, _book.Count);
            Assert.Empty(_opened);
            Assert.Empty(_disk.Written);
            Assert.Null(_book.NextDue);
        }

        /// <summary>Its programs die with it, some after their work was done and some before.</summary>
        private void Die()
        {
            foreach (var command in _running.Values.Where(c => !c.IsUndo && KeyOf(c).Service == "wake"))
                _opened.Add(KeyOf(command));
            _running.Clear();
            _disk.LoseMind();
            _book = new(_disk, this);
            foreach (var errand in _disk.Written.Values.Where(e => !_opened.Contains(e.Key)))
            {
                _opened.Add(errand.Key); // undone, and not struck out: it is undone once more
                _mayBeUndone.Add(errand.Key);
            }

            foreach (var errand in _disk.Written.Values)
                _promised[errand.Key] = errand.Until;
            _book.Restore([.. _disk.Written.Values.OrderBy(e => e.Number)], _now);
            _book.Tick(_now);
        }

        public void Start(ulong number, ErrandCommand command)
        {
            var key = KeyOf(command);
            Assert.DoesNotContain(_running.Values, c => KeyOf(c) == key);
            Assert.True(_running.Count < ErrandBook.MaxAtOnce);
            if (command.IsUndo)
            {
                Assert.Contains(key, _opened);
                Assert.True(_mayBeUndone.Contains(key) || _promised[key] <= _now, $"{key} was undone at {_now}, and was promised until {_promised[key]}");
                Assert.Equal(["/bin/undo", key.Address.ToString()], command.Arguments);
            }
            else
            {
                Assert.DoesNotContain(key, _opened);
                Assert.DoesNotContain(_running.Values, c => !c.IsUndo && KeyOf(c).Service == key.Service && KeyOf(c).Address == key.Address);
                Assert.True(_running.Values.Count(c => !c.IsUndo) < ErrandBook.MaxRunsAtOnce);
                if (key.Service == "wake")
                {
                    var written = _disk.Written[number];
                    Assert.Equal((key, ErrandCommand.Undo(Wake, command.Subject)), (written.Key, written.Undo));
                    _promised[key] = written.Until;
                    _mayBeUndone.Remove(key);
                }
            }

            _running.Add(number, command);
        }

        public void Tell(in ErrandNote note)
        {
            var message = new byte[ErrandNote.Size];
            note.Write(message);
            Assert.True(ErrandNote.TryRead(message, out _), "a note that no warden takes");
            var key = new ErrandKey(note.Service, note.Address, note.SourcePort);
            if (note.Kind == ErrandNoteKind.Undone)
                Assert.DoesNotContain(key, _opened);
            if (note.Kind == ErrandNoteKind.Standing && _opened.Contains(key))
                Assert.True(note.Until >= _promised[key]);
        }

        private void End(int which, ErrandOutcome outcome)
        {
            if (_running.Count == 0)
                return;
            var (number, command) = _running.OrderBy(r => r.Key).ElementAt(which % _running.Count);
            _running.Remove(number);
            var key = KeyOf(command);
            if (command.IsUndo && outcome.How != ErrandEnding.NotStarted)
                _opened.Remove(key);
            else if (!command.IsUndo && outcome.How != ErrandEnding.NotStarted && key.Service == "wake")
                _opened.Add(key);
            if (!outcome.IsGood)
                _mayBeUndone.Add(key);
            if (_disk.Written.TryGetValue(number, out var written) && !command.IsUndo)
                _promised[key] = written.Until;
            _book.Ended(number, outcome, _now);
        }

        private void Check()
        {
            Assert.Equal(_running.Count, _book.AtOnce);
            foreach (var errand in _disk.Written.Values.Where(e => _promised.ContainsKey(e.Key) && _promised[e.Key] < e.Until))
                _promised[errand.Key] = errand.Until;

            // Whatever is due is being undone, unless all places are taken, or it could not be started a moment ago.
            if (_book.NextDue is { } due)
                Assert.True(due > _now, "something is due and nothing is done");
        }

        private static ErrandKey KeyOf(ErrandCommand command) => new(command.Subject.Service, command.Subject.Address, command.Subject.SourcePort);
    }
}
