using Postern.Firewall;
using Postern.Reports;
using Postern.Reports.Errands;

namespace Postern.Warden;

/// <summary>The warden's part in actions: what it orders of the steward, and what it hears of it. A grant of an action is in the book as others are; the kernel knows nothing of it.</summary>
public sealed partial class Warden
{
    /// <summary>
    /// What the steward tells of an action. Its errands outlive a warden: when one starts, it is told of each that stands, which is to be after the first
    /// <see cref="Apply"/>.
    /// </summary>
    public void Hear(in ErrandNote note, Moment now)
    {
        if (Generation == 0)
            return;
        var to = new Grantee(note.Address, note.SourcePort);
        _book.TryFind(new(note.Service, note.Address, note.SourcePort), out var held);
        switch (note.Kind)
        {
            case ErrandNoteKind.Standing:
                Stand(note, now);
                break;
            case ErrandNoteKind.Ran:
                NoteAction(AuditEvent.Ran, note, held, Refusal.None, detail: null);
                break;
            case ErrandNoteKind.Undone: // its grant was ended before; one that is there now was given since
                NoteAction(AuditEvent.Undone, note, held: null, Refusal.None, note.ExitCode == 0 && note.Signal == 0 ? null : "undo: " + ErrandWords.EndingOf(note));
                break;
            case ErrandNoteKind.Failed or ErrandNoteKind.TimedOut:
                Drop(held);
                NoteAction(AuditEvent.Failed, note, held, Refusal.ActionFailed, ErrandWords.EndingOf(note));
                break;
            case ErrandNoteKind.Refused when held is null && note.Refusal == ErrandRefusal.NoSuchErrand: // it had ended by itself when it was to be undone
                break;
            case ErrandNoteKind.Refused:
                Drop(held);
                Refuse(ErrandWords.RefusalOf(note.Refusal), new("", held is null ? null : HolderOf(held)), note.Service, to, detail: ErrandWords.DetailOf(note.Refusal));
                break;
        }
    }

    /// <summary>A grant that this warden did not know of, or whose end is another than it thought.</summary>
    private void Stand(in ErrandNote note, Moment now)
    {
        var grant = new Grant(note.Service, note.Address, [], note.Until) { SourcePort = note.SourcePort, Holder = note.Holder, Data = note.Data };
        if (!HasUndo(_services.GetValueOrDefault(note.Service)) || (grant.Holder.Length > 0 && !MayStillHave(grant, now)))
        {
            _ = _errands.TrySend(new(ErrandOrderKind.Undo, note.Service, note.Address, note.SourcePort));
            Note(AuditEvent.Revoked, grant, until: null, Unasked);
            return;
        }

        var isNew = !_book.TryFind(GrantBook.KeyOf(grant), out var held);
        if (held is not null)
            _book.Remove(held); // its end may be an earlier one now, which its place in the queue would miss
        _book.Put(grant);
        if (isNew)
            Note(AuditEvent.Kept, grant, now.Wall + (grant.Until - now.Uptime), Unasked);
    }

    /// <summary>The steward has our clock and no lag: what is over for us is over for him, and to be run again.</summary>
    private void EndAction(GrantKey key, Moment now)
    {
        if (!_book.TryFind(key, out var held) || held.Until > now.Uptime)
            return;
        _book.Remove(held);
        Note(AuditEvent.Ended, held, until: null, Unasked);
    }

    private void Drop(Grant? grant)
    {
        if (grant is not null && IsOfAction(grant))
            _book.Remove(grant);
    }

    private void NoteAction(AuditEvent what, in ErrandNote note, Grant? held, Refusal refusal, string? detail) =>
        _audit.Write(new(what, "", note.Service, note.Address, null, refusal, detail) { SourcePort = note.SourcePort, By = held is null ? null : HolderOf(held), Data = held?.Data ?? "" });

    /// <summary>What comes of it is heard later.</summary>
    private Refusal Order(ServiceAction action, Service service, Grantee to, TimeSpan until, bool isNew, Cause cause)
    {
        var order = new ErrandOrder(isNew ? ErrandOrderKind.Run : ErrandOrderKind.Extend, service.Name, to.Source, to.SourcePort)
        {
            Action = action.Fingerprint,
            Until = until,
            Key = isNew ? KeyName.Of(cause.By?.Name ?? "") : "",
            Holder = to.Holder,
            Data = isNew ? cause.Data : "",
        };
        return _errands.TrySend(order) ? Refusal.None : Refuse(Refusal.TooManyActions, cause, service.Name, to);
    }

    /// <summary>There is no grant: it was had when it is ordered.</summary>
    private Refusal RunOnce(Service service, ServiceAction action, Grantee to, Cause cause)
    {
        var refusal = Order(action, service, to, TimeSpan.Zero, isNew: true, cause);
        if (refusal == Refusal.None)
            _audit.Write(new(AuditEvent.Opened, cause.Knock, service.Name, to.Source, null, Refusal.None) { SourcePort = to.SourcePort, By = cause.By, Stack = cause.Stack, Data = cause.Data });
        return refusal;
    }

    private Refusal Undo(Grant grant, Grantee to, Cause cause) =>
        _errands.TrySend(new(ErrandOrderKind.Undo, grant.Service, grant.Source, grant.SourcePort)) ? Refusal.None
        : Refuse(Refusal.TooManyActions, cause, grant.Service, to);

    /// <summary>Grants of actions that are in the configuration no more, or cannot be undone any more, end with it, as those to ports do.</summary>
    private void CloseVanished(Grant[] actions, WardenOptions options)
    {
        foreach (var grant in actions.Where(a => !HasUndo(options.Services.FirstOrDefault(s => string.Equals(s.Name, a.Service, StringComparison.Ordinal)))))
            _ = End(grant, AuditEvent.Revoked, Unasked);
    }

    /// <summary>A grant to ports has some.</summary>
    private static bool IsOfAction(Grant grant) => grant.Ports.IsEmpty;

    private static bool HasUndo(Service? service) => service?.Action is { HasUndo: true };
}
