using Postern.Firewall;
using Postern.Reports;
using Postern.Reports.Errands;
using Postern.Warden.Ledger;

namespace Postern.Warden;

/// <summary>
/// Decides. It reads reports, never a packet; it alone changes the firewall, and has the steward run what a service is made of where it has no ports.
/// Not for several threads at once: its owner calls it from one.
/// <code>
/// report ─► Read ─► Decide (policy) ──────────────┬─► open or close each service ─► kernel, steward ─► book ─► audit
/// report ─► Judge (keys, time, policy, ledger) ────┘                                                     ▲
///                                                                        note of the steward ─► Hear ────┘
/// </code>
/// </summary>
public sealed class Warden
{
    /// <summary>The kernel counts in ticks of up to 10 ms and starts a little after us: "ended" is not said before it is so.</summary>
    private static readonly TimeSpan KernelLag = TimeSpan.FromMilliseconds(100);

    private static readonly Door Nobody = new("", [], []);
    private static readonly Cause ByHand = new("by-hand");
    private static readonly Cause Unasked = new("");

    private readonly IFirewall _firewall;
    private readonly IAudit _audit;
    private readonly ILedger _ledger;
    private readonly IErrands _errands;
    private readonly GrantBook _book = new();
    private WardenOptions _options = new([], []);
    private Dictionary<string, Service> _services = [];
    private readonly Dictionary<KeyFingerprint, ulong> _answered = [];
    private readonly long[] _refused = new long[Enum.GetValues<Refusal>().Length];
    private KeyRing _keys = new([]);
    private RequestJudge? _judge;
    private FwknopJudge? _fwknop;

    /// <param name="firewall">The acting end.</param>
    /// <param name="audit">Where it is written down for people.</param>
    /// <param name="ledger">What was accepted already; without one nothing signed is granted.</param>
    /// <param name="errands">Who runs actions; without one none is.</param>
    public Warden(IFirewall firewall, IAudit audit, ILedger? ledger = null, IErrands? errands = null)
    {
        _firewall = firewall;
        _audit = audit;
        _ledger = ledger ?? new NoLedger();
        _errands = errands ?? new NoErrands();
    }

    /// <summary>Why something is done: the knock's name, or whose key asked.</summary>
    private readonly record struct Cause(string Knock, Requester? By = null);

    /// <summary>Of the configuration in force; what a report of another one says is not for it.</summary>
    public uint Generation { get; private set; }

    public int GrantCount => _book.Count;

    /// <summary>How often it refused, and for what; what it never refused for is not among them.</summary>
    public IEnumerable<(Refusal Refusal, long Times)> Refusals() => Enum.GetValues<Refusal>().Select(r => (r, _refused[(int)r])).Where(r => r.Item2 > 0);

    public IEnumerable<Grant> Grants => _book.All;

    /// <summary>When <see cref="EndGrants"/> has something to do; null while nothing is open.</summary>
    public TimeSpan? NextEnd => _book.NextEnd + KernelLag;

    /// <summary>
    /// Puts a configuration in force: the firewall first, and nothing of ours changes if the kernel refuses. What the kernel still holds is
    /// kept, but for the grants of keys that may no longer have them.
    /// </summary>
    /// <param name="options">What is decided by.</param>
    /// <param name="protection">What the firewall must hold up.</param>
    /// <param name="now">The moment.</param>
    /// <param name="generation">Of the sentry whose reports count from now on; null: the next.</param>
    /// <returns>How many grants the kernel had lost with our rules, and has again.</returns>
    /// <exception cref="FirewallException">The kernel refused; the configuration before is still in force.</exception>
    public int Apply(WardenOptions options, Protection protection, Moment now, uint? generation = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        Grant[] lost = _book.Count == 0 || _firewall.Inspect().InPlace ? [] : [.. _book.All.Where(g => !IsOfAction(g))];
        var standing = _firewall.Apply(protection);

        var known = _book.All.Select(GrantBook.KeyOf).ToHashSet();
        var actions = _book.All.Where(IsOfAction).ToArray();
        CloseVanished(actions, options);
        _services = options.Services.ToDictionary(s => s.Name, StringComparer.Ordinal);
        Generation = generation ?? Generation + 1;
        var before = _keys;
        Use(options);
        _book.Clear();
        foreach (var kept in standing)
            Keep(kept, known, now);
        foreach (var kept in actions.Where(a => HasUndo(_services.GetValueOrDefault(a.Service))))
            _book.Put(kept);
        var back = lost.Count(grant => PutBack(grant, now));
        CloseForfeited(now, before);
        return back;
    }

    /// <summary>Other keys, and nothing else: the grants of those that are gone, revoked or may use less are closed at once.</summary>
    public void Renew(SpaOptions spa, Moment now)
    {
        ArgumentNullException.ThrowIfNull(spa);
        var before = _keys;
        Use(_options with { Spa = spa });
        CloseForfeited(now, before);
    }

    private void Use(WardenOptions options)
    {
        _options = options;
        _keys = new(options.Spa?.Identities ?? []);
        _judge = options.Spa is { } spa ? new(options, spa, _keys, _ledger) : null;
        _fwknop = options.Fwknop.IsEmpty ? null : new(options, _ledger);
    }

    /// <summary>Acts on one report of the sentry.</summary>
    public Verdict Handle(in Report report, Moment now) => report.Kind switch
    {
        ReportKind.SignedRequest when _judge is not null => HandleSigned(_judge, report, now),
        ReportKind.FwknopPacket when _fwknop is not null => HandleFwknop(_fwknop, report, now),
        _ => HandleSequence(report, now),
    };

    private Verdict HandleSequence(in Report report, Moment now)
    {
        var refusal = Read(report, out var door);
        var cause = new Cause(door.Name);
        if (refusal != Refusal.None)
            return new(Refuse(refusal, cause, "", new(report.Source)));
        if (_options.Policy.Decide(report.Source, report.Source, now.Wall) is var denied and not Refusal.None)
            return new(Refuse(denied, cause, "", new(report.Source)));
        if (UseUp(report.Door, now) is var spent and not Refusal.None)
            return new(Refuse(spent, cause, "", new(report.Source)));

        var to = new Grantee(report.Source);
        var worst = Refusal.None;
        foreach (var service in door.Closes)
            worst = Worse(worst, Close(service, to, AuditEvent.Closed, cause));
        foreach (var service in door.Opens)
            worst = Worse(worst, Open(_services[service], to, _services[service].OpenFor, null, cause, now).Refusal);
        return new(worst) { UsedUp = door.OneTime is null ? null : door.Name };
    }

    /// <summary>What is good once is used up before anything comes of it: a grant may be lost so, and none is given twice.</summary>
    private Refusal UseUp(int number, Moment now)
    {
        if (_options.Doors[number].OneTime is not { } use)
            return Refusal.None;
        if (IsUsed(use, now))
            return Refusal.Replayed;
        if (use.InTurn && SequencesOf(_options.Doors[number].Name, until: number).Any(before => !IsUsed(before, now)))
            return Refusal.NotInTurn;
        return _ledger.TryMark(MarkOf(use), now.Wall) ? Refusal.None : Refusal.NotRemembered;
    }

    private bool IsUsed(OneTimeUse use, Moment now) => _ledger.IsMarked(MarkOf(use), now.Wall);

    private static LedgerMark MarkOf(OneTimeUse use) => new(MarkKind.OneTime, use.Digest, Expires: 0);

    private IEnumerable<OneTimeUse> SequencesOf(string knock, int until) =>
        _options.Doors.Take(until).Where(d => string.Equals(d.Name, knock, StringComparison.Ordinal)).Select(d => d.OneTime).OfType<OneTimeUse>();

    /// <summary>How many of a knock's one-time sequences can still be used.</summary>
    public int SequencesLeft(string knock, Moment now) => SequencesOf(knock, _options.Doors.Length).Count(use => !IsUsed(use, now));

    private Verdict HandleSigned(RequestJudge judge, in Report report, Moment now)
    {
        var hearing = new Hearing(report.Source);
        var refusal = judge.Judge(report, now, hearing);
        var cause = new Cause("", hearing.By);
        if (refusal != Refusal.None)
            return new(Refuse(refusal, cause, hearing.Unavailable, hearing.To)) { ReceiptKey = IsAnsweredFirst(hearing) ? hearing.ReceiptKey : default };

        var outcomes = new ServiceOutcome[hearing.Services.Length];
        for (var i = 0; i < outcomes.Length; i++)
        {
            var service = hearing.Services[i];
            var (time, capped) = hearing.TimeFor(service);
            outcomes[i] = hearing.Closes
                ? new(service.Name, Close(service.Name, hearing.To, AuditEvent.Closed, cause), null)
                : Open(service, hearing.To, time, capped, cause, now);
            refusal = Worse(refusal, outcomes[i].Refusal);
        }

        return new(refusal) { Outcomes = [.. outcomes], ReceiptKey = IsAnsweredFirst(hearing) ? hearing.ReceiptKey : default };
    }

    private Verdict HandleFwknop(FwknopJudge judge, in Report report, Moment now)
    {
        var hearing = new FwknopHearing(report.Source);
        var refusal = report.Generation == Generation ? judge.Judge(report, now, hearing) : Refusal.StaleKnock;
        var cause = new Cause(hearing.Knock, hearing.By);
        if (refusal != Refusal.None)
            return new(Refuse(refusal, cause, "", hearing.To, hearing.Unavailable));

        var outcomes = new ServiceOutcome[hearing.Asked.Length];
        for (var i = 0; i < outcomes.Length; i++)
        {
            var (service, chosen) = hearing.Asked[i];
            var (time, capped) = hearing.TimeFor(service);
            outcomes[i] = Open(service, hearing.To, time, capped, cause, now, chosen);
            refusal = Worse(refusal, outcomes[i].Refusal);
        }

        return new(refusal) { Outcomes = [.. outcomes] };
    }

    /// <summary>One receipt a request (spec/spa.md §9), also if somebody who knows the gate secret seals it anew: the last one answered of each key is remembered.</summary>
    private bool IsAnsweredFirst(Hearing hearing)
    {
        if (hearing.ReceiptKey.IsEmpty || hearing.Identity is not { } who)
            return false;
        var key = KeyFingerprint.Of(who.Key);
        if (_answered.TryGetValue(key, out var last) && last >= hearing.Signed)
            return false;
        _answered[key] = hearing.Signed;
        return true;
    }

    private static Refusal Worse(Refusal before, Refusal now) => now == Refusal.None ? before : now;

    /// <summary>Grants by hand: no knock, no policy, but the same ends. Without a time it is the service's own; a service that leads where a request says needs that said.</summary>
    public Refusal Grant(string service, Address source, TimeSpan? time, Moment now, PortForward? chosen = null) =>
        !_services.TryGetValue(service, out var found) ? Refusal.NoSuchService
        : !PolicyRules.IsUsable(source) ? Refusal.UnusableAddress
        : Open(found, new(source), time ?? found.OpenFor, null, ByHand, now, chosen).Refusal;

    /// <summary>Ends by hand what this address holds of the service, for whichever source port and whoever's.</summary>
    public Refusal Revoke(string service, Address source)
    {
        if (!_services.ContainsKey(service))
            return Refusal.NoSuchService;
        var held = _book.Of(service, source);
        return held.Length == 0
            ? Refuse(Refusal.NoSuchGrant, Unasked, service, new(source))
            : held.Aggregate(Refusal.None, (worst, grant) => Worse(worst, End(grant, AuditEvent.Revoked, Unasked)));
    }

    /// <summary>Notes the grants whose time is over; the kernel has ended them already.</summary>
    public void EndGrants(Moment now)
    {
        while (_book.TryTakeEnded(now.Uptime - KernelLag, out var grant))
            Note(AuditEvent.Ended, grant, until: null, Unasked);
    }

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
        var grant = new Grant(note.Service, note.Address, [], note.Until) { SourcePort = note.SourcePort, Holder = note.Holder };
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

    private void Drop(Grant? grant)
    {
        if (grant is not null && IsOfAction(grant))
            _book.Remove(grant);
    }

    private void NoteAction(AuditEvent what, in ErrandNote note, Grant? held, Refusal refusal, string? detail) =>
        _audit.Write(new(what, "", note.Service, note.Address, null, refusal, detail) { SourcePort = note.SourcePort, By = held is null ? null : HolderOf(held) });

    private Refusal Read(in Report report, out Door door)
    {
        door = Nobody;
        if (report.Kind != ReportKind.SequenceCompleted)
            return Refusal.BadReport;
        if (report.Generation != Generation)
            return Refusal.StaleKnock;
        if ((uint)report.Door >= (uint)_options.Doors.Length)
            return Refusal.BadReport;
        door = _options.Doors[report.Door];
        return Refusal.None;
    }

    /// <param name="service">What is granted.</param>
    /// <param name="to">To whom.</param>
    /// <param name="time">For how long.</param>
    /// <param name="capped">How long was asked for, where that is more.</param>
    /// <param name="cause">Why.</param>
    /// <param name="now">The moment.</param>
    /// <param name="chosen">The port and the target that the request chose: a forward to where the service allows it, or another port for one of its own.</param>
    private ServiceOutcome Open(Service service, Grantee to, TimeSpan time, TimeSpan? capped, Cause cause, Moment now, PortForward? chosen = null)
    {
        if (ForwardRules.Decide(_options, service, to.Source, chosen, out var target) is var astray and not Refusal.None)
            return new(service.Name, Refuse(astray, cause, service.Name, to, chosen: chosen), null);
        if (service.Action is { HasUndo: false } once)
            return RunOnce(service, once, to, cause, now);

        var isNew = !_book.TryFind(chosen is { } c ? GrantKey.OfChosen(c, to) : new(service.Name, to.Source, to.SourcePort), out var held);
        if (held is not null && chosen is { } other && ForwardRules.IsTaken(held, service, to, other))
            return new(service.Name, Refuse(Refusal.ForwardTaken, cause, service.Name, to, chosen: chosen), null);
        if (isNew && _book.Count >= _options.MaxGrants)
            EndGrants(now);
        if (isNew && _book.Count >= _options.MaxGrants)
            return new(service.Name, Refuse(Refusal.TooManyGrants, cause, service.Name, to, chosen: chosen), null);

        // Knocking again never shortens what is held: a longer one may be left from before a reload, or be another's behind the same
        // address. It is then still his whose end it is, and goes with his key. What leads elsewhere from now on is another grant.
        var until = now.Uptime + time;
        if (held is not null && held.Until > until && held.Forward == target)
            (until, to) = (held.Until, to with { Holder = held.Holder });
        var refusal = service.Action is { } action ? Order(action, service, to, until, isNew, cause) : OpenPorts(service, to, chosen, until - now.Uptime, cause);
        if (refusal != Refusal.None)
            return new(service.Name, refusal, null);

        var grant = new Grant(service.Name, to.Source, chosen is { } at ? [at.Port] : service.Ports, until)
        {
            SourcePort = to.SourcePort,
            Holder = to.Holder,
            Forward = target,
            IsChosen = chosen is not null,
        };
        var end = now.Wall + (until - now.Uptime);
        if (held is not null && held.Forward != target)
            _book.Remove(held); // its place in the queue would be too late
        _book.Put(grant);
        Note(isNew ? AuditEvent.Opened : AuditEvent.Extended, grant, end, cause, capped);
        return new(service.Name, Refusal.None, end);
    }

    private Refusal OpenPorts(Service service, Grantee to, PortForward? chosen, TimeSpan time, Cause cause)
    {
        var done = chosen is { } choice ? _firewall.Open(Protected(service), to, choice, time) : _firewall.Open(Protected(service), to, time);
        return done.Done ? Refusal.None : Refuse(Refusal.FirewallFailed, cause, service.Name, to, Errno(done), chosen);
    }

    /// <summary>What comes of it is heard later.</summary>
    private Refusal Order(ServiceAction action, Service service, Grantee to, TimeSpan until, bool isNew, Cause cause)
    {
        var order = new ErrandOrder(isNew ? ErrandOrderKind.Run : ErrandOrderKind.Extend, service.Name, to.Source, to.SourcePort)
        {
            Action = action.Fingerprint,
            Until = until,
            Key = isNew ? KeyName.Of(cause.By?.Name ?? "") : "",
            Holder = to.Holder,
        };
        return _errands.TrySend(order) ? Refusal.None : Refuse(Refusal.TooManyActions, cause, service.Name, to);
    }

    /// <summary>There is no grant: it was had when it is ordered.</summary>
    private ServiceOutcome RunOnce(Service service, ServiceAction action, Grantee to, Cause cause, Moment now)
    {
        var refusal = Order(action, service, to, TimeSpan.Zero, isNew: true, cause);
        if (refusal == Refusal.None)
            _audit.Write(new(AuditEvent.Opened, cause.Knock, service.Name, to.Source, null, Refusal.None) { SourcePort = to.SourcePort, By = cause.By });
        return new(service.Name, refusal, refusal == Refusal.None ? now.Wall : null);
    }

    /// <summary>Whoever got a grant may end it: a key its own, a sequence those of no key. Without a source port it is all of them at that address.</summary>
    private Refusal Close(string service, Grantee to, AuditEvent why, Cause cause)
    {
        var own = _book.Of(service, to.Source).Where(g => (to.SourcePort == 0 || g.SourcePort == to.SourcePort) && string.Equals(g.Holder, to.Holder, StringComparison.Ordinal)).ToArray();
        return own.Length == 0
            ? Refuse(Refusal.NoSuchGrant, cause, service, to)
            : own.Aggregate(Refusal.None, (worst, grant) => Worse(worst, End(grant, why, cause)));
    }

    private Refusal End(Grant grant, AuditEvent why, Cause cause)
    {
        var to = new Grantee(grant.Source, grant.SourcePort, grant.Holder);
        var refusal = IsOfAction(grant) ? Undo(grant, to, cause) : ClosePorts(_services[grant.Service], to, grant.Chosen, cause);
        if (refusal != Refusal.None)
            return refusal;
        _book.Remove(grant);
        Note(why, grant, until: null, cause);
        return Refusal.None;
    }

    private Refusal ClosePorts(Service service, Grantee to, PortForward? chosen, Cause cause)
    {
        var done = chosen is { } choice ? _firewall.Close(Protected(service), to, choice) : _firewall.Close(Protected(service), to);
        return done.Done ? Refusal.None : Refuse(Refusal.FirewallFailed, cause, service.Name, to, Errno(done), chosen);
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

    private void Keep(StandingGrant kept, HashSet<GrantKey> known, Moment now)
    {
        if (!_services.TryGetValue(kept.Service, out var service) || service.Action is not null)
            return;
        var grant = new Grant(service.Name, kept.To.Source, kept.Chosen is { } chosen ? [chosen.Port] : service.Ports, now.Uptime + kept.Remaining)
        {
            SourcePort = kept.To.SourcePort,
            Holder = kept.To.Holder,
            Forward = kept.Forward,
            IsChosen = kept.Chosen is not null,
        };
        _book.Put(grant);
        if (!known.Contains(GrantBook.KeyOf(grant)))
            Note(AuditEvent.Kept, grant, now.Wall + kept.Remaining, Unasked);
    }

    /// <summary>For the time that it had left. What its service would not give any more is not.</summary>
    private bool PutBack(Grant lost, Moment now)
    {
        var to = new Grantee(lost.Source, lost.SourcePort, lost.Holder);
        if (lost.Until <= now.Uptime || _book.TryFind(GrantBook.KeyOf(lost), out _)
            || !_services.TryGetValue(lost.Service, out var service) || service.Action is not null
            || ForwardRules.Decide(_options, service, lost.Source, lost.Chosen, out var target) != Refusal.None || target != lost.Forward
            || OpenPorts(service, to, lost.Chosen, lost.Until - now.Uptime, Unasked) != Refusal.None)
            return false;
        _book.Put(lost.IsChosen ? lost : lost with { Ports = service.Ports });
        return true;
    }

    /// <param name="now">The moment.</param>
    /// <param name="before">The keys as they were: those that are gone still have a name there.</param>
    private void CloseForfeited(Moment now, KeyRing before)
    {
        foreach (var grant in _book.All.Where(g => g.Holder.Length > 0 && !MayStillHave(g, now)).ToArray())
            _ = End(grant, AuditEvent.Revoked, new("", new(NameOf(grant.Holder, before), grant.Holder, 0)));
    }

    private bool MayStillHave(Grant grant, Moment now) =>
        _keys.Of(grant.Holder).Any(who => !who.Revoked && !who.HasExpired(now.Wall) && who.MayUse(grant.Service));

    private static string Errno(FirewallResult kernel) => $"errno {kernel.Error}";

    private Refusal Refuse(Refusal refusal, Cause cause, string service, Grantee to, string? detail = null, PortForward? chosen = null)
    {
        _refused[(int)refusal]++;
        _audit.Write(new(AuditEvent.Refused, cause.Knock, service, to.Source, null, refusal, detail)
        {
            SourcePort = to.SourcePort,
            By = cause.By,
            Forward = chosen?.Target,
            Port = chosen?.Port,
        });
        return refusal;
    }

    private void Note(AuditEvent what, Grant grant, DateTimeOffset? until, Cause cause, TimeSpan? capped = null) =>
        _audit.Write(new(what, cause.Knock, grant.Service, grant.Source, until, Refusal.None)
        {
            SourcePort = grant.SourcePort,
            Forward = grant.Forward,
            Port = grant.Chosen?.Port,
            By = cause.By ?? HolderOf(grant),
            Capped = capped,
        });

    /// <summary>Where nobody asked: whose grant it was.</summary>
    private Requester? HolderOf(Grant grant) => grant.Holder.Length == 0 ? null : new(NameOf(grant.Holder, _keys), grant.Holder, 0);

    private static string NameOf(string holder, KeyRing keys) => keys.Of(holder) is [var only] ? only.Name : "";

    private static ProtectedService Protected(Service service) => new(service.Name, service.Ports, service.Appear) { Forward = service.Forward };
}
