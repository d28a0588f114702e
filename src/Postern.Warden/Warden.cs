using Postern.Firewall;
using Postern.Reports;
using Postern.Warden.Ledger;

namespace Postern.Warden;

/// <summary>
/// Decides. It reads reports, never a packet; it alone changes the firewall, and has the steward run what a service is made of where it has no ports.
/// Not for several threads at once: its owner calls it from one.
/// <code>
/// report ─► Read ─► Decide (policy) ──────────────┬─► remember ─► open or close each service ─► kernel, steward ─► book ─► audit
/// report ─► Judge (keys, time, policy, ledger) ────┘                                                                ▲
///                                                                                   note of the steward ─► Hear ────┘
/// </code>
/// Reports that wait together are judged one by one, remembered by one write to the disk and opened by one to the kernel. What comes of each does not
/// depend on the others: as if they had come one after another.
/// </summary>
public sealed partial class Warden
{
    /// <summary>The kernel counts in ticks of up to 10 ms and starts a little after us: "ended" is not said before it is so.</summary>
    private static readonly TimeSpan KernelLag = TimeSpan.FromMilliseconds(100);

    /// <summary>That the kernel can be told: it counts in milliseconds.</summary>
    private static readonly TimeSpan LeastTime = TimeSpan.FromMilliseconds(1);

    private static readonly Door Nobody = new("", [], []);
    private static readonly Cause ByHand = new("by-hand");
    private static readonly Cause Unasked = new("");

    private readonly IFirewall _firewall;
    private readonly IAudit _audit;
    private readonly LedgerGroup _ledger;
    private readonly IErrands _errands;
    private readonly GrantBook _book = new();
    private readonly List<PendingGrant> _pending = [];
    private Deed[][] _deeds = [];
    private WardenOptions _options = new([], []);
    private Dictionary<string, Service> _services = [];
    private readonly Dictionary<KeyFingerprint, ulong> _answered = [];
    private readonly long[] _refused = new long[Enum.GetValues<Refusal>().Length];
    private KeyRing _keys = new([]);
    private RequestJudge? _judge;
    private FwknopJudge? _fwknop;
    private TokenJudge? _tokens;

    /// <param name="firewall">The acting end.</param>
    /// <param name="audit">Where it is written down for people.</param>
    /// <param name="ledger">What was accepted already; without one nothing signed is granted.</param>
    /// <param name="errands">Who runs actions; without one none is.</param>
    public Warden(IFirewall firewall, IAudit audit, ILedger? ledger = null, IErrands? errands = null)
    {
        _firewall = firewall;
        _audit = audit;
        _ledger = new(ledger ?? new NoLedger());
        _errands = errands ?? new NoErrands();
    }

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
        _deeds = [.. options.Doors.Select(door => DeedsOf(door.Opens, door.Closes, service => service.OpenFor))];
        _keys = new(options.Spa?.Identities ?? []);
        _judge = options.Spa is { } spa ? new(options, spa, _keys, _ledger) : null;
        _fwknop = options.Fwknop.IsEmpty ? null : new(options, _ledger);
        _tokens = options.Tokens.IsEmpty ? null : new(options, _ledger);
    }

    /// <summary>Acts on one report of the sentry.</summary>
    public Verdict Handle(in Report report, Moment now)
    {
        var verdict = default(Verdict);
        Handle(new ReadOnlySpan<Report>(in report), now, new Span<Verdict>(ref verdict));
        return verdict;
    }

    /// <summary>Acts on reports that waited together.</summary>
    /// <param name="reports">In the order in which they came.</param>
    /// <param name="now">The moment.</param>
    /// <param name="verdicts">What became of each.</param>
    public void Handle(ReadOnlySpan<Report> reports, Moment now, Span<Verdict> verdicts)
    {
        var cases = new Case[reports.Length];
        for (var i = 0; i < cases.Length; i++)
            cases[i] = Judge(reports[i], now);
        var areRemembered = _ledger.TryKeep();
        foreach (var one in cases)
        {
            if (one.Hearing is not null && one.Refusal == Refusal.None && !areRemembered)
                one.Refusal = Refuse(Refusal.NotRemembered, one.Why, "", one.To);
            else if (one.Refusal == Refusal.None)
                Act(one, now);
        }

        OpenPending(now);
        for (var i = 0; i < cases.Length; i++)
            verdicts[i] = cases[i].Verdict(ReceiptKeyOf(cases[i].Hearing));
    }

    /// <summary>Nothing is done yet, but that what is good once is used up. Acceptances of signed requests wait to be written down.</summary>
    private Case Judge(in Report report, Moment now) => report.Kind switch
    {
        ReportKind.SignedRequest when _judge is not null => JudgeSigned(_judge, report, now),
        ReportKind.FwknopPacket when _fwknop is not null => JudgeFwknop(_fwknop, report, now),
        ReportKind.Token when _tokens is not null => JudgeToken(_tokens, report, now),
        _ => JudgeSequence(report, now),
    };

    private static Refusal Worse(Refusal before, Refusal now) => now == Refusal.None ? before : now;

    /// <summary>Grants by hand: no knock, no policy, but the same ends. Without a time it is the service's own; a service that leads where a request says needs that said.</summary>
    public Refusal Grant(string service, Address source, TimeSpan? time, Moment now, PortForward? chosen = null) =>
        !_services.TryGetValue(service, out var found) ? Refusal.NoSuchService
        : !PolicyRules.IsUsable(source) ? Refusal.UnusableAddress
        : Do(new Case(ByHand, new(source), [new(service, found, time ?? found.OpenFor) { Chosen = chosen }]), now);

    private Refusal Do(Case one, Moment now)
    {
        Act(one, now);
        OpenPending(now);
        return one.Refusal;
    }

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

    private void Act(Case one, Moment now)
    {
        for (var i = 0; i < one.Deeds.Length; i++)
        {
            if (one.Deeds[i].Opens is { } service)
                Open(one, i, service, now);
            else
                Close(one, i, now);
        }
    }

    private void Close(Case one, int place, Moment now)
    {
        OpenPending(now); // perhaps what is to be closed
        one.Settle(place, Close(one.Deeds[place].Name, one.To, AuditEvent.Closed, one.Why), null);
    }

    /// <summary>As far as the kernel; what it is to be told waits in <see cref="_pending"/>.</summary>
    private void Open(Case one, int place, Service service, Moment now)
    {
        var (deed, to) = (one.Deeds[place], one.To);
        if (ForwardRules.Decide(_options, service, to.Source, deed.Chosen, out var target) is var astray and not Refusal.None)
        {
            RefuseDeed(astray);
            return;
        }

        if (service.Action is { TakesData: true } && one.Why.Data.Length == 0) // a sequence, or an operator: they have no way to say it
        {
            RefuseDeed(Refusal.DataMissing);
            return;
        }

        if (service.Action is not null)
            OpenPending(now); // in the order in which they are written down
        if (service.Action is { HasUndo: false } once)
        {
            var refusal = RunOnce(service, once, to, one.Why);
            one.Settle(place, refusal, refusal == Refusal.None ? now.Wall : null);
            return;
        }

        var key = deed.Chosen is { } c ? GrantKey.OfChosen(c, to) : new(service.Name, to.Source, to.SourcePort) { Outside = deed.Only };
        OpenPendingBefore(key, now);
        if (service.Action is not null)
            EndAction(key, now);
        var isNew = !_book.TryFind(key, out var held);
        if (held is not null && deed.Chosen is { } other && ForwardRules.IsTaken(held, service, to, other))
        {
            RefuseDeed(Refusal.ForwardTaken);
            return;
        }

        if (held is not null && IsOfAction(held) && !held.Data.Equals(one.Why.Data, StringComparison.Ordinal))
        {
            RefuseDeed(Refusal.TooManyActions); // what stands was run with something else, which is what will be undone
            return;
        }

        if (isNew && _book.Count >= _options.MaxGrants)
            EndGrants(now);
        if (isNew && _book.Count >= _options.MaxGrants)
        {
            RefuseDeed(Refusal.TooManyGrants);
            return;
        }

        // Knocking again never shortens what is held: a longer one may be left from before a reload, or be another's behind the same
        // address. It is then still his whose end it is, and goes with his key. What leads elsewhere from now on is another grant.
        var until = now.Uptime + deed.Time;
        if (held is not null && held.Until > until && held.Forward == target)
            (until, to) = (held.Until, to with { Holder = held.Holder });
        var grant = new PendingGrant(one, place, key, to, target, until, held);
        if (service.Action is not { } action)
            _pending.Add(grant);
        else if (Order(action, service, to, until, isNew, one.Why) is var unsent and not Refusal.None)
            one.Settle(place, unsent, null);
        else
            Enter(grant, now);

        void RefuseDeed(Refusal why) => one.Settle(place, Refuse(why, one.Why, service.Name, to, chosen: deed.Chosen), null);
    }

    /// <summary>Of two that would be the same grant, the second needs to know what became of the first; and so does the last that there is room for.</summary>
    private void OpenPendingBefore(GrantKey next, Moment now)
    {
        if (_pending.Count == 0)
            return;
        if (_book.Count + _pending.Count >= _options.MaxGrants || _pending.Exists(waiting => waiting.Key == next))
            OpenPending(now);
    }

    /// <summary>Tells the kernel of all that wait, in one batch; each has its own answer.</summary>
    private void OpenPending(Moment now)
    {
        if (_pending.Count == 0)
            return;
        var pending = _pending.ToArray();
        _pending.Clear(); // whatever comes of them, nobody opens them later
        var openings = new Opening[pending.Length];
        var results = new FirewallResult[openings.Length];
        for (var i = 0; i < openings.Length; i++)
        {
            var (waiting, deed) = (pending[i], pending[i].Of.Deeds[pending[i].Deed]);
            openings[i] = new(Protected(deed.Opens!, deed.Only), waiting.To, waiting.Until - now.Uptime) { Chosen = deed.Chosen, IsNew = waiting.Held is null };
        }

        _firewall.Open(openings, results);
        for (var i = 0; i < openings.Length; i++)
        {
            var waiting = pending[i];
            if (results[i].Done)
                Enter(waiting, now);
            else
                waiting.Of.Settle(waiting.Deed, Refuse(Refusal.FirewallFailed, waiting.Of.Why, openings[i].Service.Name, waiting.To, Errno(results[i]), openings[i].Chosen), null);
        }
    }

    /// <summary>Into the book, since it is in force.</summary>
    private void Enter(in PendingGrant given, Moment now)
    {
        var deed = given.Of.Deeds[given.Deed];
        var grant = new Grant(deed.Name, given.To.Source, (deed.Chosen?.Port ?? deed.Only) is { } one ? [one] : deed.Opens!.Ports, given.Until)
        {
            Only = deed.Only,
            SourcePort = given.To.SourcePort,
            Holder = given.To.Holder,
            Forward = given.Target,
            IsChosen = deed.Chosen is not null,
            Data = deed.Opens!.Action is null ? "" : given.Of.Why.Data,
        };
        var end = now.Wall + (given.Until - now.Uptime);
        if (given.Held is { } held && held.Forward != given.Target)
            _book.Remove(held); // its place in the queue would be too late
        _book.Put(grant);
        Note(given.Held is null ? AuditEvent.Opened : AuditEvent.Extended, grant, end, given.Of.Why, deed.Capped);
        given.Of.Settle(given.Deed, Refusal.None, end);
    }

    private Refusal OpenPorts(Service service, PortRange? only, Grantee to, PortForward? chosen, TimeSpan time, Cause cause)
    {
        var done = chosen is { } choice ? _firewall.Open(Protected(service), to, choice, time) : _firewall.Open(Protected(service, only), to, time);
        return done.Done ? Refusal.None : Refuse(Refusal.FirewallFailed, cause, service.Name, to, Errno(done), chosen);
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
        var refusal = IsOfAction(grant) ? Undo(grant, to, cause) : ClosePorts(_services[grant.Service], grant.Only, to, grant.Chosen, cause);
        if (refusal != Refusal.None)
            return refusal;
        _book.Remove(grant);
        Note(why, grant, until: null, cause);
        return Refusal.None;
    }

    private Refusal ClosePorts(Service service, PortRange? only, Grantee to, PortForward? chosen, Cause cause)
    {
        var done = chosen is { } choice ? _firewall.Close(Protected(service), to, choice) : _firewall.Close(Protected(service, only), to);
        return done.Done ? Refusal.None : Refuse(Refusal.FirewallFailed, cause, service.Name, to, Errno(done), chosen);
    }

    private void Keep(StandingGrant kept, HashSet<GrantKey> known, Moment now)
    {
        if (!_services.TryGetValue(kept.Service, out var service) || service.Action is not null)
            return;
        var grant = new Grant(service.Name, kept.To.Source, (kept.Chosen?.Port ?? kept.Only) is { } one ? [one] : service.Ports, now.Uptime + kept.Remaining)
        {
            Only = kept.Only,
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
        if (lost.Until - now.Uptime < LeastTime || _book.TryFind(GrantBook.KeyOf(lost), out _)
            || !_services.TryGetValue(lost.Service, out var service) || service.Action is not null
            || (lost.Only is { } port && !service.Has(port.Transport, port.First))
            || ForwardRules.Decide(_options, service, lost.Source, lost.Chosen, out var target) != Refusal.None || target != lost.Forward
            || OpenPorts(service, lost.Only, to, lost.Chosen, lost.Until - now.Uptime, Unasked) != Refusal.None)
            return false;
        _book.Put(lost.IsChosen || lost.Only is not null ? lost : lost with { Ports = service.Ports });
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
            Stack = cause.Stack,
            Data = cause.Data,
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
            Stack = cause.Stack,
            Data = grant.Data,
            Capped = capped,
        });

    /// <summary>Where nobody asked: whose grant it was.</summary>
    private Requester? HolderOf(Grant grant) => grant.Holder.Length == 0 ? null : new(NameOf(grant.Holder, _keys), grant.Holder, 0);

    private static string NameOf(string holder, KeyRing keys) => keys.Of(holder) is [var only] ? only.Name : "";

    private static ProtectedService Protected(Service service, PortRange? only = null) => new(service.Name, only is { } one ? [one] : service.Ports, service.Appear) { Forward = service.Forward };
}
