using Postern.Cli.Configuration;
using Postern.Cli.Gate;
using Postern.Knocks.Sequences;
using Postern.Knocks.Tracing;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Watching;
using Postern.Warden;

namespace Postern.Cli.Explaining;

/// <summary>
/// A gate without hands: the sentry and the warden as they are in a real one, who look at a recorded packet by the clock of the recording; what would be opened is noted, and opens nothing.
/// There are no traps in it: each gate has its own, which nobody knows.
/// </summary>
internal sealed class DryGate : ITrace, IAudit, IDisposable
{
    private const uint Generation = 1;

    private readonly DryFirewall _firewall = new();
    private readonly TimeZoneInfo _zone;
    private readonly SpaKeeper? _spa;
    private readonly Sentry.Sentry _sentry;
    private readonly Warden.Warden _warden;
    private readonly List<Thought> _thoughts = [];
    private readonly List<AuditEntry> _events = [];
    private long? _first;
    private TimeSpan _uptime = TimeSpan.FromDays(1);

    /// <param name="configuration">The gate's.</param>
    /// <param name="spa">The gate's key; null: single packets are left alone.</param>
    /// <param name="zone">In which hours are told.</param>
    public DryGate(GateConfiguration configuration, SpaKeeper? spa, TimeZoneInfo zone)
    {
        (_zone, _spa) = (zone, spa);
        if (spa is null)
            configuration = configuration with { Spa = null };
        configuration = configuration with { Tokens = KnockknockSettings.Widened(configuration.Tokens) };
        configuration = configuration with { Warden = configuration.Warden with { Tokens = [.. configuration.TokensWithSecret.Select(t => t.ForWarden())] } };
        var inForce = new InForce(configuration, spa);
        _sentry = new(inForce.ForSentry(configuration, TrapPorts.None, Generation), trace: this);
        _warden = new(_firewall, this, new DryLedger(), new DryErrands());
        _ = _warden.Apply(inForce.ForWarden(configuration), configuration.Protection, new(_uptime, DateTimeOffset.UnixEpoch), Generation);
    }

    /// <summary>What the doors made of the last packet, and for each that was passed on what the warden made of it.</summary>
    public IReadOnlyList<Thought> Thoughts => _thoughts;

    public IReadOnlyList<AuditEntry> Events => _events;

    /// <summary>When the last packet came, by the clock of the recording.</summary>
    public DateTimeOffset Time { get; private set; }

    public PacketFault Look(in CapturedPacket captured, out PacketView packet)
    {
        _thoughts.Clear();
        _events.Clear();
        var now = MomentOf(captured.Time);
        var fault = PacketView.TryRead(captured.Bytes, captured.Link, out packet);
        foreach (ref readonly var report in _sentry.Watch(captured))
        {
            _warden.EndGrants(now);
            _events.RemoveAll(e => e.What == AuditEvent.Ended);
            _firewall.Now = now.Uptime;
            _ = _warden.Handle(report with { Request = report.Request.ToArray() }, now);
        }

        return fault;
    }

    /// <summary>Until when this address may reach the service; null: it may not.</summary>
    public DateTimeOffset? OpenUntil(string service, Address source) =>
        _firewall.OpenUntil(service, source) is { } until && until > _uptime ? Time + (until - _uptime) : null;

    public bool Wants(in PacketView packet, long now) => true;

    public void Note(in Thought thought) => _thoughts.Add(thought);

    public void Write(in AuditEntry entry) => _events.Add(entry);

    public void Dispose() => _spa?.Dispose();

    /// <summary>Grants need a clock that does not go back, and a recording may be put together from several.</summary>
    private Moment MomentOf(long time)
    {
        _first ??= time;
        var wall = DateTimeOffset.UnixEpoch.AddTicks(time / TimeSpan.NanosecondsPerTick);
        Time = TimeZoneInfo.ConvertTime(wall, _zone);
        var uptime = TimeSpan.FromDays(1) + TimeSpan.FromTicks(unchecked(time - _first.Value) / TimeSpan.NanosecondsPerTick);
        _uptime = uptime > _uptime ? uptime : _uptime;
        return new(_uptime, Time);
    }
}
