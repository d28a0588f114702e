using Postern.Reports;
using Postern.Reports.Errands;

namespace Postern.Steward.Errands;

/// <summary>
/// Which errands are under way, and what is next for each. Time is an argument; whatever is done goes through its journal and its work.
/// <code>
/// order ─► Waiting ─► (journal) ─► Running ──well──► Standing ──time, order──► UndoDue ─► Undoing ─► (journal) gone
///                                     └──badly, with an undo──────────────────────┘  └─not started─┘
///                                     └──without an undo─► gone
/// </code>
/// </summary>
internal sealed class ErrandBook(IErrandJournal journal, IErrandWork work)
{
    public const int MaxAtOnce = 16;

    /// <summary>Of those, so that what is to be undone never waits for what somebody has run.</summary>
    public const int MaxRunsAtOnce = 12;

    public const int MaxWaiting = 256;

    /// <summary>Under way or standing, of all clients together: a bound on the journal and on what a restart finds to undo.</summary>
    public const int MaxErrands = 4096;

    /// <summary>A warden that was taken over leaves nothing standing for longer than the configuration could.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromMinutes(1);

    private readonly Dictionary<ErrandKey, Entry> _entries = [];
    private readonly Dictionary<ulong, Entry> _active = [];
    private readonly LinkedList<Entry> _waiting = [];
    private readonly SortedSet<(TimeSpan Due, ulong Number)> _due = [];
    private readonly Dictionary<ulong, Entry> _byNumber = [];

    /// <summary>Of an address, how many wait or run for a service.</summary>
    private readonly Dictionary<(string Service, Address Address), int> _busy = [];
    private ulong _lastNumber;
    private int _runs;

    private enum State
    {
        Waiting,
        Running,
        Standing,
        UndoDue,
        Undoing,
    }

    private sealed class Entry(ulong number, ErrandKey key)
    {
        public ulong Number => number;

        public ErrandKey Key => key;

        public State State { get; set; }

        public ErrandCommand? Run { get; init; }

        public ErrandCommand? Undo { get; init; }

        public string Data => (Undo ?? Run)!.Subject.Data;

        public TimeSpan Until { get; set; }

        public string Holder { get; set; } = "";

        /// <summary>When it is to be undone, or that tried again.</summary>
        public TimeSpan Due { get; set; }

        public TimeSpan Retry { get; set; }

        public bool UndoWanted { get; set; }

        /// <summary>It is what a warden would call a grant.</summary>
        public bool IsInForce => Undo is not null && !UndoWanted && State is State.Waiting or State.Running or State.Standing;
    }

    public int Count => _entries.Count;

    /// <summary>Programs that run now.</summary>
    public int AtOnce => _active.Count;

    /// <summary>When <see cref="Tick"/> has something to do; null: nothing before another call.</summary>
    public TimeSpan? NextDue => _active.Count >= MaxAtOnce || _due.Count == 0 ? null : _due.Min.Due;

    /// <summary>What the journal held when the steward started. What is overdue is undone at the next <see cref="Tick"/>.</summary>
    public void Restore(IEnumerable<StandingErrand> standing, TimeSpan now)
    {
        foreach (var errand in standing.OrderByDescending(e => e.Number))
        {
            _lastNumber = Math.Max(_lastNumber, errand.Number);
            var entry = new Entry(errand.Number, errand.Key)
            {
                Undo = errand.Undo,
                Until = errand.Until,
                Holder = errand.Holder,
                State = errand.IsOverdue ? State.UndoDue : State.Standing,
            };
            if (!_entries.TryAdd(entry.Key, entry))
            {
                // Of one key only one ever stands; a damaged journal may have lost the end of an earlier one, which the later one's undo then undoes.
                journal.Done(errand.Number);
                continue;
            }

            _byNumber.Add(entry.Number, entry);
            SetDue(entry, errand.IsOverdue ? now : errand.Until);
        }
    }

    /// <param name="order">As the warden gave it.</param>
    /// <param name="definition">That the order names; null: there is none such.</param>
    /// <param name="now">Uptime.</param>
    public void Take(in ErrandOrder order, Errand? definition, TimeSpan now)
    {
        var key = new ErrandKey(order.Service, order.Address, order.SourcePort);
        var refusal = order.Kind switch
        {
            ErrandOrderKind.Run => Run(key, order, definition, now),
            ErrandOrderKind.Extend => Extend(key, order, now),
            _ => Undo(key, now),
        };
        if (refusal != ErrandRefusal.None)
            Refuse(key, refusal);
        Pump(now);
    }

    /// <summary>What was started has ended.</summary>
    public void Ended(ulong number, ErrandOutcome outcome, TimeSpan now)
    {
        if (!_active.Remove(number, out var entry))
            throw new InvalidOperationException("an errand ended that did not run");
        if (entry.State == State.Running)
            EndedRun(entry, outcome, now);
        else
            EndedUndo(entry, outcome, now);
        Pump(now);
    }

    /// <summary>Undoes what is due.</summary>
    public void Tick(TimeSpan now) => Pump(now);

    /// <summary>A warden that has just started knows nothing of what stands.</summary>
    public void TellStanding()
    {
        foreach (var entry in _entries.Values.Where(e => e.IsInForce))
            TellStanding(entry);
    }

    private ErrandRefusal Run(ErrandKey key, in ErrandOrder order, Errand? definition, TimeSpan now)
    {
        if (_entries.TryGetValue(key, out var standing))
            return standing.Data.Equals(order.Data, StringComparison.Ordinal) ? Extend(standing, order, now) : ErrandRefusal.Busy;
        if (definition is null || definition.TakesData != (order.Data.Length > 0))
            return ErrandRefusal.UnknownAction;
        if (_busy.ContainsKey((key.Service, key.Address)))
            return ErrandRefusal.Busy;
        if (_waiting.Count >= MaxWaiting || _entries.Count >= MaxErrands)
            return ErrandRefusal.TooMany;

        var until = Bounded(order.Until, now);
        var seconds = definition.Undo.IsEmpty ? 0 : (uint)Math.Max(1, Math.Ceiling((until - now).TotalSeconds));
        var subject = new ErrandSubject(key.Service, key.Address, key.SourcePort, order.Key, seconds) { Data = order.Data };
        var entry = new Entry(++_lastNumber, key)
        {
            Run = ErrandCommand.Run(definition, subject),
            Undo = ErrandCommand.Undo(definition, subject),
            Until = until,
            Holder = order.Holder,
        };
        _entries.Add(key, entry);
        _byNumber.Add(entry.Number, entry);
        _waiting.AddLast(entry);
        SetBusy(key, +1);
        return ErrandRefusal.None;
    }

    private ErrandRefusal Extend(ErrandKey key, in ErrandOrder order, TimeSpan now) =>
        _entries.TryGetValue(key, out var standing) ? Extend(standing, order, now) : ErrandRefusal.NoSuchErrand;

    /// <summary>What is over, or being undone, is not brought back to life: its undo could meet its run.</summary>
    private ErrandRefusal Extend(Entry entry, in ErrandOrder order, TimeSpan now)
    {
        if (!entry.IsInForce || entry.Until <= now)
            return ErrandRefusal.Busy;
        var until = Bounded(order.Until, now);
        if (until < entry.Until)
            until = entry.Until;
        if (entry.State == State.Waiting || journal.TryExtend(entry.Number, until, order.Holder))
        {
            (entry.Until, entry.Holder) = (until, order.Holder);
            if (entry.State == State.Standing)
                SetDue(entry, until);
        }

        if (entry.Until != order.Until)
            TellStanding(entry);
        return ErrandRefusal.None;
    }

    private ErrandRefusal Undo(ErrandKey key, TimeSpan now)
    {
        if (!_entries.TryGetValue(key, out var entry) || entry.Undo is null)
            return ErrandRefusal.NoSuchErrand;
        if (entry.State == State.Waiting)
        {
            _waiting.Remove(entry);
            Forget(entry);
            Tell(entry, ErrandNoteKind.Undone);
        }
        else if (entry.State == State.Standing)
        {
            UndoBefore(entry, now);
        }
        else if (entry.State == State.Running)
        {
            entry.UndoWanted = true;
        }

        return ErrandRefusal.None;
    }

    /// <summary>Before its time, and so not known to a later steward by the time.</summary>
    private void UndoBefore(Entry entry, TimeSpan now)
    {
        journal.Undoing(entry.Number);
        entry.State = State.UndoDue;
        SetDue(entry, now);
    }

    private void Pump(TimeSpan now)
    {
        while (_active.Count < MaxAtOnce && _due.Count > 0 && _due.Min.Due <= now)
            StartUndo(_byNumber[_due.Min.Number]);
        while (_active.Count < MaxAtOnce && _runs < MaxRunsAtOnce && _waiting.First is { } first)
        {
            _waiting.RemoveFirst();
            StartRun(first.Value, now);
        }
    }

    private void StartUndo(Entry entry)
    {
        _due.Remove((entry.Due, entry.Number));
        entry.State = State.Undoing;
        _active.Add(entry.Number, entry);
        work.Start(entry.Number, entry.Undo!);
    }

    private void StartRun(Entry entry, TimeSpan now)
    {
        var hasWaitedTooLong = entry.Undo is not null && entry.Until <= now;
        if (hasWaitedTooLong || (entry.Undo is { } undo && !journal.TryStand(new(entry.Number, entry.Until, entry.Holder, undo))))
        {
            Forget(entry);
            Refuse(entry.Key, hasWaitedTooLong ? ErrandRefusal.TooMany : ErrandRefusal.NotWritten);
            return;
        }

        entry.State = State.Running;
        _runs++;
        _active.Add(entry.Number, entry);
        work.Start(entry.Number, entry.Run!);
    }

    private void EndedRun(Entry entry, ErrandOutcome outcome, TimeSpan now)
    {
        _runs--;
        Tell(entry, outcome.IsGood ? ErrandNoteKind.Ran : outcome.How == ErrandEnding.TimedOut ? ErrandNoteKind.TimedOut : ErrandNoteKind.Failed, outcome);
        if (entry.Undo is null || outcome.How == ErrandEnding.NotStarted)
        {
            if (entry.Undo is not null)
                journal.Done(entry.Number);
            Forget(entry);
            if (entry.UndoWanted)
                Tell(entry, ErrandNoteKind.Undone);
            return;
        }

        SetBusy(entry.Key, -1);
        entry.State = State.Standing;

        // One that failed may have done half of its work.
        if (!outcome.IsGood || entry.UndoWanted)
            UndoBefore(entry, now);
        else
            SetDue(entry, entry.Until);
    }

    private void EndedUndo(Entry entry, ErrandOutcome outcome, TimeSpan now)
    {
        if (outcome.How == ErrandEnding.NotStarted)
        {
            entry.State = State.UndoDue;
            entry.Retry = entry.Retry == default ? FirstRetry : entry.Retry * 2 > LastRetry ? LastRetry : entry.Retry * 2;
            SetDue(entry, now + entry.Retry);
            return;
        }

        journal.Done(entry.Number);
        Forget(entry);
        Tell(entry, ErrandNoteKind.Undone, outcome);
    }

    private void Forget(Entry entry)
    {
        _entries.Remove(entry.Key);
        _byNumber.Remove(entry.Number);
        if (entry.State is State.Waiting or State.Running)
            SetBusy(entry.Key, -1);
    }

    private void SetDue(Entry entry, TimeSpan due)
    {
        _due.Remove((entry.Due, entry.Number));
        entry.Due = due;
        _due.Add((due, entry.Number));
    }

    private void SetBusy(ErrandKey key, int change)
    {
        var count = _busy.GetValueOrDefault((key.Service, key.Address)) + change;
        if (count == 0)
            _busy.Remove((key.Service, key.Address));
        else
            _busy[(key.Service, key.Address)] = count;
    }

    private static TimeSpan Bounded(TimeSpan until, TimeSpan now) => until > now + Longest ? now + Longest : until;

    private void Refuse(ErrandKey key, ErrandRefusal refusal) =>
        work.Tell(new(ErrandNoteKind.Refused, key.Service, key.Address, key.SourcePort) { Refusal = refusal });

    private void TellStanding(Entry entry) =>
        work.Tell(new(ErrandNoteKind.Standing, entry.Key.Service, entry.Key.Address, entry.Key.SourcePort) { Until = entry.Until, Holder = entry.Holder, Data = entry.Data });

    private void Tell(Entry entry, ErrandNoteKind kind, ErrandOutcome outcome = default) =>
        work.Tell(new(kind, entry.Key.Service, entry.Key.Address, entry.Key.SourcePort)
        {
            ExitCode = kind is ErrandNoteKind.Failed or ErrandNoteKind.Undone && outcome.How == ErrandEnding.Exited ? outcome.Code : (byte)0,
            Signal = kind is ErrandNoteKind.Failed or ErrandNoteKind.Undone ? SignalOf(outcome) : (byte)0,
        });

    private static byte SignalOf(ErrandOutcome outcome) => outcome.How switch
    {
        ErrandEnding.Signalled => outcome.Code,
        ErrandEnding.TimedOut => 9, // SIGKILL, which it was ended by
        _ => 0,
    };
}
