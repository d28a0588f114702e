using System.Collections.Immutable;
using Postern.Firewall;
using Postern.Reports;
using Postern.Reports.Errands;
using Postern.Warden;
using Postern.Warden.Ledger;

namespace Postern.Cli.Explaining;

/// <summary>Remembers what a firewall would have let in, and until when.</summary>
internal sealed class DryFirewall : IFirewall
{
    /// <summary>As many as a gate grants; what is over is thrown out then.</summary>
    private const int MostKept = 131_072;

    private readonly Dictionary<(string Service, Address Source), TimeSpan> _open = [];

    public TimeSpan Now { get; set; }

    public TimeSpan? OpenUntil(string service, Address source) => _open.TryGetValue((service, source), out var until) ? until : null;

    public ImmutableArray<StandingGrant> Apply(Protection protection) => [];

    public FirewallResult Open(ProtectedService service, Grantee to, TimeSpan time)
    {
        if (_open.Count >= MostKept)
        {
            foreach (var over in _open.Where(o => o.Value <= Now).Select(o => o.Key).ToArray())
                _open.Remove(over);
        }

        if (_open.Count < MostKept)
            _open[(service.Name, to.Source)] = Now + time;
        return FirewallResult.Ok;
    }

    public FirewallResult Close(ProtectedService service, Grantee to)
    {
        _open.Remove((service.Name, to.Source));
        return FirewallResult.Ok;
    }

    public FirewallResult Open(ProtectedService service, Grantee to, PortForward chosen, TimeSpan time) => FirewallResult.Ok;

    public FirewallResult Close(ProtectedService service, Grantee to, PortForward chosen) => FirewallResult.Ok;

    public void TearDown() => _open.Clear();

    public FirewallState Inspect() => new(InPlace: true, HostDrops: null);

    public void Dispose()
    {
        // It holds nothing.
    }
}

/// <summary>Knows what was used within the recording. Only what a key signed, or a secret completes, gets in here.</summary>
internal sealed class DryLedger : ILedger
{
    private readonly Dictionary<(KeyFingerprint Key, uint Device), ulong> _last = [];
    private readonly Dictionary<(MarkKind Kind, KeyFingerprint Digest), ulong> _marks = [];

    public ulong LastOf(KeyFingerprint key, uint device, DateTimeOffset now) => _last.GetValueOrDefault((key, device));

    public bool TryRemember(KeyFingerprint key, uint device, ulong time)
    {
        _last[(key, device)] = time;
        return true;
    }

    public bool IsMarked(LedgerMark mark, DateTimeOffset now) => _marks.TryGetValue((mark.Kind, mark.Digest), out var last) && mark.Number <= last;

    public bool TryMark(LedgerMark mark, DateTimeOffset now)
    {
        _marks[(mark.Kind, mark.Digest)] = mark.Number;
        return true;
    }
}

/// <summary>Nothing is run.</summary>
internal sealed class DryErrands : IErrands
{
    public bool TrySend(in ErrandOrder order) => true;
}
