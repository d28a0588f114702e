using System.Collections.Immutable;
using System.Diagnostics;
using Postern.Firewall.Nftables;
using Postern.Reports;

namespace Postern.Firewall;

/// <summary>
/// The table <c>inet postern</c>. It is set up, rewritten and removed as text, in one transaction each; a grant is an element of a
/// set, with a time-out, written by netlink messages of our own. A grant opens the ports that the service had when it was given:
/// ports that a reload adds are not opened by it, ports that a reload takes away are closed at once.
/// </summary>
public sealed class NftablesFirewall : IFirewall
{
    // What can go wrong by chance does not do so twice in a row.
    private const int Attempts = 2;

    private const int FewElements = 1000; // a few milliseconds of nft's reading

    private const int MostTogether = 64;
    private const int HeadersOfGrant = 512; // six messages: three steps, two sets

    private readonly Lock _turn = new();
    private readonly NetlinkSocket _netlink = new();
    private readonly KernelTable _table;
    private TableState? _wanted;
    private ImmutableArray<ForwardRule> _leads = [];
    private HashSet<string> _sharing = [];

    // As large as a batch gets: three steps for every port, and some headers. Pages that are never written cost nothing.
    private readonly byte[] _batch = GC.AllocateUninitializedArray<byte>((3 * GrantBatch.MaxElements * GrantBatch.LongestElement) + (MostTogether * HeadersOfGrant) + 4096);

    /// <exception cref="FirewallException">The kernel has no nf_tables to talk to.</exception>
    public NftablesFirewall() => _table = new KernelTable(_netlink);

    public ImmutableArray<StandingGrant> Apply(Protection protection)
    {
        ArgumentNullException.ThrowIfNull(protection);
        lock (_turn)
        {
            var started = Stopwatch.GetTimestamp();
            _table.HasKnocks = protection.Knocks is not null;
            var state = _table.State();
            var wanted = protection.NeedsForwards ? TableState.Forwarding : TableState.Plain;
            var (kept, dropped) = Sort(state == TableState.Absent ? [] : _table.Grants(), protection);

            // Where more ends than stays it is quicker to write down what stays.
            LibNftables.Load(state == wanted && dropped.Count <= kept.Count + FewElements
                ? Ruleset.Update(protection, dropped)
                : Ruleset.Replace(protection, kept, LiveSockets.Read(PortPlan.Of(protection.Services))));
            (_wanted, _leads) = (wanted, [.. protection.Services.Select(service => service.Forward).OfType<ForwardRule>()]);
            _sharing = PortPlan.Of(protection.Services).Where(ports => ports.Services.Length > 1).SelectMany(ports => ports.Services).ToHashSet(StringComparer.Ordinal);
            return Standing(kept, protection, Stopwatch.GetElapsedTime(started));
        }
    }

    /// <summary>A grant is kept while its service is there and would still give it. One without an end was made by somebody else.</summary>
    private static (List<GrantElement> Kept, List<GrantElement> Dropped) Sort(List<GrantElement> held, Protection protection)
    {
        var services = protection.Services.ToDictionary(service => service.Name, StringComparer.Ordinal);
        var kept = new List<GrantElement>(held.Count);
        var dropped = new List<GrantElement>();
        foreach (var element in held)
        {
            var stays = element.Remaining != TimeSpan.MaxValue
                && services.TryGetValue(element.Service, out var service)
                && service.WouldGive(element.To.Source, new(element.Transport, element.Port), element.Target);
            (stays ? kept : dropped).Add(element);
        }

        return (kept, dropped);
    }

    /// <summary>
    /// The elements of one service, source and source port are one grant, which runs as long as the last of them, and is its holder's; what a request chose is one each. So is what is for
    /// one source port and not for all ports of its service: a single connection was given that.
    /// </summary>
    private static ImmutableArray<StandingGrant> Standing(List<GrantElement> kept, Protection protection, TimeSpan sinceRead)
    {
        var chosen = protection.Services.Where(service => service.Forward is not { IsChosen: false }).Select(service => service.Name).ToHashSet(StringComparer.Ordinal);
        var ports = protection.Services.ToDictionary(service => service.Name, service => new GrantBatch(service, default, Target: null, 0).CountPorts(), StringComparer.Ordinal);
        var flows = kept.Where(element => element.To.SourcePort != 0 && ChosenBy(element) is null).CountBy(FlowOf).ToDictionary();
        var grants = new Dictionary<(string, Address, ushort, PortForward?, PortRange?), StandingGrant>(kept.Count);
        foreach (var element in kept)
        {
            var forward = ChosenBy(element);
            var only = forward is null && element.To.SourcePort != 0 && flows[FlowOf(element)] < ports[element.Service] ? new PortRange(element.Transport, element.Port) : (PortRange?)null;
            var key = (element.Service, element.To.Source, element.To.SourcePort, forward, only);
            var remaining = element.Remaining - sinceRead;
            if (remaining > TimeSpan.Zero && (!grants.TryGetValue(key, out var known) || known.Remaining < remaining))
                grants[key] = new(element.Service, element.To, remaining) { Forward = element.Target, Chosen = forward, Only = only };
        }

        return [.. grants.Values];

        PortForward? ChosenBy(GrantElement element) => element.Target is { } target && chosen.Contains(element.Service) ? new PortForward(element.Transport, element.Port, target) : null;
    }

    private static (string Service, Address Source, ushort SourcePort) FlowOf(GrantElement element) => (element.Service, element.To.Source, element.To.SourcePort);

    public FirewallResult Open(ProtectedService service, Grantee to, TimeSpan time)
    {
        var grant = Check(service, to, FixedTarget(service, to), Milliseconds(time));
        lock (_turn)
            return new FirewallResult(Open(grant));
    }

    public FirewallResult Open(ProtectedService service, Grantee to, PortForward chosen, TimeSpan time)
    {
        var grant = Check(service, to, chosen, Milliseconds(time));
        lock (_turn)
            return new FirewallResult(Open(grant));
    }

    private static ulong Milliseconds(TimeSpan time)
    {
        // A time-out of zero would be none at all, for nf_tables.
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.FromMilliseconds(1));
        return (ulong)Math.Ceiling(time.TotalMilliseconds);
    }

    public void Open(ReadOnlySpan<Opening> openings, Span<FirewallResult> results)
    {
        var grants = new GrantBatch[openings.Length];
        for (var i = 0; i < grants.Length; i++)
            grants[i] = GrantOf(openings[i]);
        lock (_turn)
        {
            for (int first = 0, count; first < grants.Length; first += count)
            {
                count = CountTogether(grants.AsSpan(first));
                OpenTogether(grants.AsSpan(first, count), results.Slice(first, count));
            }
        }
    }

    /// <summary>What leads on has an element in two sets, and what shares a port with another service may have one of that service's: neither is tried as new.</summary>
    private GrantBatch GrantOf(in Opening opening)
    {
        var grant = opening.Chosen is { } chosen
            ? Check(opening.Service, opening.To, chosen, Milliseconds(opening.Time))
            : Check(opening.Service, opening.To, FixedTarget(opening.Service, opening.To), Milliseconds(opening.Time));
        return grant with { IsNew = opening.IsNew && grant.Target is null && !_sharing.Contains(opening.Service.Name) };
    }

    /// <summary>As many from the first on as one batch has room for.</summary>
    private static int CountTogether(ReadOnlySpan<GrantBatch> grants)
    {
        var elements = 0;
        for (var count = 0; count < grants.Length; count++)
        {
            elements += grants[count].CountPorts() * grants[count].Sets.Length;
            if (count > 0 && (elements > GrantBatch.MaxElements || count == MostTogether))
                return count;
        }

        return grants.Length;
    }

    /// <summary>One that fails undoes all of a batch. Each is then tried by itself, so that everybody has his own answer.</summary>
    private void OpenTogether(ReadOnlySpan<GrantBatch> grants, Span<FirewallResult> results)
    {
        if (grants.Length > 1 && Commit(grants) == 0)
        {
            results.Clear();
            return;
        }

        for (var i = 0; i < grants.Length; i++)
            results[i] = new FirewallResult(Open(grants[i]));
    }

    private int Commit(ReadOnlySpan<GrantBatch> grants)
    {
        var batch = new NetlinkBatch(_batch, _netlink.NextSequence);
        var last = GrantBatch.Write(ref batch, grants);
        return _netlink.Commit(batch, last);
    }

    /// <summary>
    /// Adding what exists does not set its time anew on kernels before 6.12, so it is taken out and put in at one moment; and it is
    /// first made sure of, since taking out what is not there would undo the batch. That costs a few microseconds more than asking
    /// first, and never the grace period (some 16 ms) for which the kernel waits after undoing a batch. What is new to our book is nearly
    /// always new to the kernel too, and then one step does; only an element of somebody else's costs that wait.
    /// </summary>
    private int Open(GrantBatch grant)
    {
        if (grant.IsNew && Commit(grant, GrantSteps.Create) is var refused and not (Errno.Exists or Errno.Busy))
            return refused;
        var error = Commit(grant, GrantSteps.Ensure | GrantSteps.Remove | GrantSteps.Add);
        if (error is Errno.SetIsFull or Errno.Exists or Errno.Busy && Commit(grant, GrantSteps.Remove | GrantSteps.Add) == 0)
            return 0; // it was there, and takes no more room; or leads elsewhere so far
        return error;
    }

    public FirewallResult Close(ProtectedService service, Grantee to)
    {
        var grant = Check(service, to, FixedTarget(service, to), milliseconds: 1000);
        lock (_turn)
            return new FirewallResult(Close(grant));
    }

    public FirewallResult Close(ProtectedService service, Grantee to, PortForward chosen)
    {
        var grant = Check(service, to, chosen, milliseconds: 1000);
        lock (_turn)
            return new FirewallResult(Close(grant));
    }

    /// <summary>As in <see cref="Open(GrantBatch)"/>: "not there" can then only be the table.</summary>
    private int Close(GrantBatch grant)
    {
        var error = Commit(grant, GrantSteps.Ensure | GrantSteps.Remove);
        return error is Errno.SetIsFull or Errno.Exists or Errno.Busy ? CloseEach(grant) : error;
    }

    /// <summary>In a full set nothing can be made sure of, nor of what leads elsewhere; but then the set is there, and "not there" can only be the element.</summary>
    private int CloseEach(GrantBatch grant)
    {
        foreach (var range in grant.Service.Ports)
        {
            for (int port = range.First; port <= range.Last; port++)
            {
                var one = grant with { Service = grant.Service with { Ports = [new PortRange(range.Transport, (ushort)port)] } };
                foreach (var set in grant.Sets)
                {
                    if (Commit(one with { Sets = [set] }, GrantSteps.Remove) is var error and not (0 or Errno.NoSuchEntry))
                        return error;
                }
            }
        }

        return 0;
    }

    /// <summary>
    /// Sends it again where the answer was lost, or where an element ended between two steps of the batch (kernels before 6.9 look at
    /// the clock at each): done twice, it is as done once.
    /// </summary>
    private int Commit(GrantBatch grant, GrantSteps steps)
    {
        var error = 0;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var batch = new NetlinkBatch(_batch, _netlink.NextSequence);
            var last = grant.Write(ref batch, steps);
            error = _netlink.Commit(batch, last);
            if (error is not (Errno.NoBuffers or Errno.NoSuchEntry))
                return error;
        }

        return error;
    }

    /// <summary>Forms the batch of a new grant and throws it away, so that the first real one finds the way trodden.</summary>
    public void WriteForNobody(ProtectedService service, Grantee to)
    {
        GrantBatch[] grants = [Check(service, to, FixedTarget(service, to), milliseconds: 1000) with { IsNew = true }];
        lock (_turn)
        {
            var batch = new NetlinkBatch(_batch, _netlink.NextSequence);
            _ = GrantBatch.Write(ref batch, grants);
            _ = CountTogether(grants);
        }
    }

    private static ForwardTarget? FixedTarget(ProtectedService service, Grantee to)
    {
        ArgumentNullException.ThrowIfNull(service);
        if (service.Forward is not { } rule)
            return null;
        return rule.For(to.Source) ?? throw new ArgumentOutOfRangeException(nameof(to), to.Source, $"the service '{service.Name}' leads nowhere for that family");
    }

    private static GrantBatch Check(ProtectedService service, Grantee to, PortForward chosen, ulong milliseconds)
    {
        ArgumentNullException.ThrowIfNull(service);
        if (!chosen.Target.IsHere && (chosen.Target.To.IsV4 != to.Source.IsV4 || !ForwardRule.IsReachable(chosen.Target.To)))
            throw new ArgumentOutOfRangeException(nameof(chosen), chosen.Target, "no forward may lead there");
        return Check(service with { Ports = [chosen.Port] }, to, chosen.Target, milliseconds);
    }

    private static GrantBatch Check(ProtectedService service, Grantee to, ForwardTarget? target, ulong milliseconds)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(service.Name.Length, Ruleset.MaxName, nameof(service));
        ArgumentOutOfRangeException.ThrowIfEqual(to.Source, Address.None, nameof(to));
        if (to.Holder.Length != 0 && !GrantElement.IsHolder(to.Holder))
            throw new ArgumentOutOfRangeException(nameof(to), to.Holder, $"a holder is written as {GrantElement.HolderDigits} hexadecimal digits");
        var grant = new GrantBatch(service, to, target, milliseconds);
        var ports = grant.CountPorts();
        ArgumentOutOfRangeException.ThrowIfZero(ports, nameof(service));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ports * grant.Sets.Length, GrantBatch.MaxElements, nameof(service));
        return grant;
    }

    public void TearDown()
    {
        lock (_turn)
        {
            _ = _table.State(); // says it plainly where we lack the privilege
            LibNftables.Load(Ruleset.Remove);
        }
    }

    public FirewallState Inspect()
    {
        lock (_turn)
            return new FirewallState(IsGuarding(), HostDrops()) { Obstacles = Obstacles() };
    }

    private ForwardObstacles Obstacles()
    {
        if (_leads.IsEmpty)
            return ForwardObstacles.None;
        try
        {
            return ForwardPath.Switches(_leads) | ForwardPath.Chains(_netlink);
        }
        catch (FirewallException e) when (!e.MissingPrivilege)
        {
            return ForwardPath.Switches(_leads);
        }
    }

    /// <summary>The table stands, awake, and nobody has emptied its chains.</summary>
    private bool IsGuarding() =>
        IsWanted(_table.State())
        && !_table.IsAsleep()
        && HostChains.LastRule(_netlink, NfTablesWire.FamilyInet, Ruleset.Table, Ruleset.Gate) is not null
        && HostChains.LastRule(_netlink, NfTablesWire.FamilyInet, Ruleset.Table, Ruleset.Closed) == DefaultVerdict.Drop
        && (!_table.HasKnocks || HostChains.LastRule(_netlink, NfTablesWire.FamilyInet, Ruleset.Table, KnockChain.Name) is not null)
        && (_wanted != TableState.Forwarding || HostChains.LastRule(_netlink, NfTablesWire.FamilyInet, Ruleset.Table, ForwardChains.Lead) is not null);

    /// <summary>Before anything was set up it may be either.</summary>
    private bool IsWanted(TableState state) => _wanted is { } wanted ? state == wanted : state is TableState.Plain or TableState.Forwarding;

    private bool? HostDrops()
    {
        try
        {
            return HostChains.Drops(_netlink);
        }
        catch (FirewallException e) when (!e.MissingPrivilege)
        {
            return null;
        }
    }

    public void Dispose() => _netlink.Dispose();
}
