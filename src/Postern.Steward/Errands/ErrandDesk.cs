using System.Collections.Immutable;
using Postern.Confinement;
using Postern.Reports;
using Postern.Reports.Errands;

namespace Postern.Steward.Errands;

/// <summary>What the desk is given by the steward. All are called from the steward's one thread, but for those that say otherwise.</summary>
/// <param name="Journal">Its path, in a folder where the steward alone may write: <see cref="ErrandDesk.UsualJournal"/>. What lies there is executed.</param>
/// <param name="Load">Reads the configuration and returns its actions; null where it has faults.</param>
/// <param name="SendNote">To the warden: the bytes of an <see cref="ErrandNote"/>. One that is lost is not missed: a warden asks anew, or starts anew.</param>
/// <param name="Now">From any thread: the time; its uptime counts as the warden's does.</param>
/// <param name="Post">From any thread: has that done later on the steward's. Must neither block nor drop.</param>
/// <param name="Say">From any thread: a line for the log.</param>
/// <param name="Warn">From any thread: a line that asks for something to be mended.</param>
public sealed record ErrandDeskOptions(
    string Journal,
    Func<ImmutableArray<Errand>?> Load,
    Action<ReadOnlyMemory<byte>> SendNote,
    Func<Moment> Now,
    Action<Action> Post,
    Action<string> Say,
    Action<string> Warn);

/// <summary>
/// The steward's side of actions: takes the warden's orders, runs what the configuration says for them, and undoes it when its time is over, whether or
/// not a warden lives. Belongs to one thread.
/// </summary>
public sealed class ErrandDesk : IDisposable
{
    /// <summary>Not beside the ledger: that folder is the warden's to write to.</summary>
    public const string UsualJournal = "/var/lib/postern-steward/actions";

    private static readonly TimeSpan BetweenMends = TimeSpan.FromSeconds(1);

    private readonly ErrandDeskOptions _options;
    private readonly ErrandJournal _journal;
    private readonly ErrandRunner _runner;
    private readonly ErrandBook _book;
    private readonly ErrandDefinitions _definitions;
    private readonly LineThrottle _lines;
    private TimeSpan? _nextMend;
    private bool _disposed;

    /// <exception cref="ErrandJournalException">The journal cannot be used; nothing was run.</exception>
    public ErrandDesk(ErrandDeskOptions options) : this(options, BootId()) { }

    internal ErrandDesk(ErrandDeskOptions options, Guid boot)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _lines = new(options);
        _journal = ErrandJournal.Open(options.Journal, boot);
        _runner = new((number, outcome) => options.Post(() => Ended(number, outcome)), _lines.Say, _lines.Warn);
        _book = new(_journal, new Work(this));
        _definitions = new(options.Load);
        _definitions.Read(options.Now().Uptime);
        if (_journal.DamagedCopy is { } copy)
            options.Warn($"the journal of actions {options.Journal} was damaged (a copy is in {copy}): all that could be read of it is undone now; look at the disk");
        _book.Restore(_journal.Standing, options.Now().Uptime);
    }

    /// <summary>When <see cref="Tick"/> has something to do; null: nothing until something else is called.</summary>
    public TimeSpan? NextDue => _book.NextDue is { } due && (_nextMend is null || due < _nextMend) ? due : _nextMend;

    /// <summary>Actions under way or standing.</summary>
    public int Count => _book.Count;

    /// <summary>False: no warden of ours can have written this; whoever did is not to be trusted with another.</summary>
    public bool Take(ReadOnlySpan<byte> order)
    {
        if (!ErrandOrder.TryRead(order, out var read))
            return false;
        var now = _options.Now().Uptime;
        var definition = read.Kind == ErrandOrderKind.Run ? _definitions.Find(read.Service, read.Action, now) : null;
        _book.Take(read, definition, now);
        Look(now);
        return true;
    }

    /// <summary>To be called when a warden has put its configuration in force: it is told what stands.</summary>
    public void WardenStarted() => _book.TellStanding();

    /// <summary>To be called when the configuration was read anew: what was taken out of it can be run for a minute more, and no longer.</summary>
    public void Reload() => _definitions.Read(_options.Now().Uptime);

    /// <summary>Undoes what is due. To be called at <see cref="NextDue"/>, and once at the start.</summary>
    public void Tick(Moment now)
    {
        if (_nextMend <= now.Uptime)
            _ = _journal.TryMend();
        _book.Tick(now.Uptime);
        Look(now.Uptime);
    }

    private void Ended(ulong number, ErrandOutcome outcome)
    {
        if (_disposed)
            return;
        var now = _options.Now().Uptime;
        _book.Ended(number, outcome, now);
        Look(now);
    }

    /// <summary>Whether the journal waits for its disk.</summary>
    private void Look(TimeSpan now)
    {
        if (_journal.IsStale && _nextMend is null)
            _options.Warn($"the journal of actions {_options.Journal} cannot be written: no action that has an undo is run until it can, and one that is undone now may be undone once more; make room on its disk");
        _nextMend = _journal.IsStale ? now + BetweenMends : null;
    }

    private static Guid BootId() => Guid.Parse(Unlocked.ReadText("/proc/sys/kernel/random/boot_id").Trim());

    /// <summary>What stands goes on standing, in the journal; what runs is killed, and undone by the next steward.</summary>
    public void Dispose()
    {
        _disposed = true;
        _runner.Dispose();
        _journal.Dispose();
    }

    private sealed class Work(ErrandDesk desk) : IErrandWork
    {
        public void Start(ulong number, ErrandCommand command) => desk._runner.Start(number, command);

        public void Tell(in ErrandNote note)
        {
            var message = new byte[ErrandNote.Size];
            note.Write(message);
            desk._options.SendNote(message);
        }
    }
}
