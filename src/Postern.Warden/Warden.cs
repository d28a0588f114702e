using Postern.Firewall;
using Postern.Reports;

namespace Postern.Warden;

/// <summary>
/// Decides. It reads reports, never a packet; it alone changes the firewall. Not for several threads at once: its owner calls it from one.
/// <code>
/// report ─► Read ─► Decide (policy) ─► open or close each service of the door ─► kernel ─► book ─► audit
/// </code>
/// </summary>
public sealed class Warden
{
    /// <summary>The kernel counts in ticks of up to 10 ms and starts a little after us: "ended" is not said before it is so.</summary>
    private static readonly TimeSpan KernelLag = TimeSpan.FromMilliseconds(30);

    private static readonly Door Nobody = new("", [], []);
    private static readonly Door ByHand = new("by-hand", [], []);

    private readonly IFirewall _firewall;
    private readonly IAudit _audit;
    private readonly GrantBook _book = new();
    private WardenOptions _options;
    private Dictionary<string, Service> _services = [];

    public Warden(IFirewall firewall, IAudit audit)
    {
        _firewall = firewall;
        _audit = audit;
        _options = new([], []);
    }

    /// <summary>Of the configuration in force; counts up with each <see cref="Apply"/>.</summary>
    public uint Generation { get; private set; }

    public int GrantCount => _book.Count;

    public IEnumerable<Grant> Grants => _book.All;

    /// <summary>When <see cref="EndGrants"/> has something to do; null while nothing is open.</summary>
    public TimeSpan? NextEnd => _book.NextEnd + KernelLag;

    /// <summary>Puts a configuration in force: the firewall first, and nothing of ours changes if the kernel refuses. What the kernel still holds is kept.</summary>
    /// <exception cref="FirewallException">The kernel refused; the configuration before is still in force.</exception>
    public void Apply(WardenOptions options, Protection protection, Moment now)
    {
        ArgumentNullException.ThrowIfNull(options);
        var standing = _firewall.Apply(protection);

        var known = _book.All.Select(g => (g.Service, g.Source)).ToHashSet();
        _options = options;
        _services = options.Services.ToDictionary(s => s.Name, StringComparer.Ordinal);
        Generation++;
        _book.Clear();
        foreach (var kept in standing)
            Keep(kept, isNews: !known.Contains((kept.Service, kept.Source)), now);
    }

    /// <summary>Acts on one report of the sentry.</summary>
    public Refusal Handle(in Report report, Moment now)
    {
        if (Read(report, out var door) is var unread and not Refusal.None)
            return Refuse(unread, door, "", report.Source);
        if (_options.Policy.Decide(report.Source, now.Wall) is var refusal and not Refusal.None)
            return Refuse(refusal, door, "", report.Source);

        var worst = Refusal.None;
        foreach (var service in door.Closes)
            Note(Close(service, report.Source, AuditEvent.Closed, door.Name));
        foreach (var service in door.Opens)
            Note(Open(_services[service], report.Source, door, now));
        return worst;

        void Note(Refusal one) => worst = one == Refusal.None ? worst : one;
    }

    /// <summary>Grants by hand: no knock, no policy, but the same ends. Without a time it is the service's own.</summary>
    public Refusal Grant(string service, Address source, TimeSpan? time, Moment now) =>
        !_services.TryGetValue(service, out var found) ? Refusal.NoSuchService
        : !PolicyRules.IsUsable(source) ? Refusal.UnusableAddress
        : Open(time is null ? found : found with { OpenFor = time.Value }, source, ByHand, now);

    /// <summary>Ends a grant by hand.</summary>
    public Refusal Revoke(string service, Address source) =>
        _services.ContainsKey(service) ? Close(service, source, AuditEvent.Revoked, "") : Refusal.NoSuchService;

    /// <summary>Notes the grants whose time is over; the kernel has ended them already.</summary>
    public void EndGrants(Moment now)
    {
        while (_book.TryTakeEnded(now.Uptime - KernelLag, out var grant))
            _audit.Write(new(AuditEvent.Ended, "", grant.Service, grant.Source, null, Refusal.None));
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

    private Refusal Open(Service service, Address source, Door door, Moment now)
    {
        var isNew = !_book.TryFind(service.Name, source, out var held);
        if (isNew && _book.Count >= _options.MaxGrants)
            EndGrants(now);
        if (isNew && _book.Count >= _options.MaxGrants)
            return Refuse(Refusal.TooManyGrants, door, service.Name, source);

        // Knocking again never shortens what is held: a longer one may be left from before a reload.
        var until = now.Uptime + service.OpenFor;
        if (held is not null && held.Until > until)
            until = held.Until;
        var done = _firewall.Open(Protected(service), source, until - now.Uptime);
        if (!done.Done)
            return Refuse(Refusal.FirewallFailed, door, service.Name, source, done);

        _book.Put(new(service.Name, source, service.Ports, until));
        _audit.Write(new(isNew ? AuditEvent.Opened : AuditEvent.Extended, door.Name, service.Name, source, now.Wall + (until - now.Uptime), Refusal.None));
        return Refusal.None;
    }

    private Refusal Close(string service, Address source, AuditEvent why, string knock)
    {
        var door = Nobody with { Name = knock };
        if (!_book.TryFind(service, source, out _))
            return Refuse(Refusal.NoSuchGrant, door, service, source);
        var done = _firewall.Close(Protected(_services[service]), source);
        if (!done.Done)
            return Refuse(Refusal.FirewallFailed, door, service, source, done);
        _book.Remove(service, source);
        _audit.Write(new(why, knock, service, source, null, Refusal.None));
        return Refusal.None;
    }

    private void Keep(StandingGrant kept, bool isNews, Moment now)
    {
        if (!_services.TryGetValue(kept.Service, out var service))
            return;
        _book.Put(new(service.Name, kept.Source, service.Ports, now.Uptime + kept.Remaining));
        if (isNews)
            _audit.Write(new(AuditEvent.Kept, "", service.Name, kept.Source, now.Wall + kept.Remaining, Refusal.None));
    }

    private Refusal Refuse(Refusal refusal, Door door, string service, Address source, FirewallResult kernel = default)
    {
        var detail = kernel.Done ? null : $"errno {kernel.Error}";
        _audit.Write(new(AuditEvent.Refused, door.Name, service, source, null, refusal, detail));
        return refusal;
    }

    private static ProtectedService Protected(Service service) => new(service.Name, service.Ports, service.Appear);
}
