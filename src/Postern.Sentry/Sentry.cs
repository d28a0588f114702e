using Postern.Knocks.Sequences;
using Postern.Knocks.Stacks;
using Postern.Knocks.Tracing;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Watching;
using Postern.Sentry.Fwknop;
using Postern.Sentry.Spa;
using Postern.Sentry.Tokens;

namespace Postern.Sentry;

/// <summary>
/// Reads hostile bytes and says which doors were knocked at, who sent a request that opens with the gate's keys, who a packet of fwknop that a stanza's keys fit, and who a token that the secret of a knock makes. A function of (packet, now): it holds no socket, no clock and no firewall,
/// never throws for a packet, and allocates nothing once it stands.
/// </summary>
public sealed class Sentry
{
    private readonly SentryOptions _options;
    private readonly SequenceDetector _sequences;
    private readonly SpaDetector? _spa;
    private readonly FwknopDetector? _fwknop;
    private readonly ITokenDetector[] _tokens;
    private readonly TokenThoughts _tokenThoughts;
    private readonly ITrace? _trace;
    private readonly Report[] _reports;

    /// <param name="options">What it watches for.</param>
    /// <param name="counters">What it counts in; null: its own.</param>
    /// <param name="trace">Who is told what each door makes of a packet; null: nobody.</param>
    public Sentry(SentryOptions options, SentryCounters? counters = null, ITrace? trace = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _ = StackSignatures.All; // no file is opened later
        _options = options;
        _sequences = new(options.Doors, options.Traps);
        _spa = options.Spa is null ? null : new(options.Spa);
        _fwknop = options.Fwknop is null ? null : new(options.Fwknop);
        _trace = trace;
        Counters = counters ?? new();
        _tokenThoughts = new(Counters);
        _tokens = options.Tokens?.Detectors(_tokenThoughts) ?? [];
        _reports = new Report[options.Doors.Length + 2 + (TokenWatchOptions.MostOfOnePacket * (options.Tokens?.Knocks.Length ?? 0))];
    }

    public SentryCounters Counters { get; }

    /// <summary>
    /// What to add to the time of a packet so that it is nanoseconds since 1970: who holds the clock sets it anew every few seconds, since it may jump. Tokens ask for it, and ports that move.
    /// </summary>
    public long WallOffset { get; set; }

    public long AttemptsEvicted => _sequences.Evicted;

    /// <inheritdoc cref="SequenceDetector.TakeMemory"/>
    public void TakeMemory() => _sequences.TakeMemory();

    /// <summary>
    /// What to tell the warden about this packet: mostly nothing. The answer lives until the next call, and so do the bytes of a request in it. A
    /// packet may be a step of a sequence and carry a request too; all count.
    /// </summary>
    public ReadOnlySpan<Report> Watch(in CapturedPacket captured)
    {
        var fault = PacketView.TryRead(captured.Bytes, captured.Link, out var packet);
        Counters.Count(fault);
        if (fault != PacketFault.None)
            return [];

        var count = 0;
        var trace = _trace is not null && _trace.Wants(packet, captured.Time) ? _trace : null;
        foreach (var door in trace is null ? _sequences.Observe(packet, captured.Time) : _sequences.Observe(packet, captured.Time, trace))
            _reports[count++] = ReportOf(ReportKind.SequenceCompleted, door, packet, captured.Time);
        var lag = Math.Max(0, captured.ReadAt - captured.Time);
        Counters.NoteLag(lag);
        count = WatchForRequests(packet, captured.Time, lag, count, trace);
        count = WatchForTokens(packet, captured.Time, count, trace);
        return _reports.AsSpan(0, count);
    }

    /// <summary>A port may be looked at for both kinds; what one takes is no refusal of the other's.</summary>
    private int WatchForRequests(in PacketView packet, long now, long lag, int count, ITrace? trace)
    {
        var (before, spa, fwknop) = (count, Refusal.None, Refusal.None);
        if (_spa is not null && _spa.Concerns(packet))
        {
            spa = _spa.Open(packet, now, TimeOf(now).Seconds, lag, out var request);
            trace?.Note(new(KnockMethod.Spa, door: 0, spa));
            if (spa == Refusal.None)
                _reports[count++] = ReportOf(ReportKind.SignedRequest, door: 0, packet, now) with { Request = request, UdpPort = packet.Protocol == IpProtocol.Udp ? packet.DestinationPort : (ushort)0 };
        }

        if (_fwknop is not null && _fwknop.Concerns(packet))
        {
            fwknop = _fwknop.Find(packet, now, out var finding);
            trace?.Note(new(KnockMethod.Fwknop, fwknop == Refusal.None ? finding.Door : -1, fwknop));
            if (fwknop == Refusal.None)
                _reports[count++] = ReportOf(ReportKind.FwknopPacket, finding.Door, packet, now) with { Request = finding.Request, TagSize = finding.TagSize };
        }

        if (count > before)
            return count;
        if (spa != Refusal.None)
            Counters.Count(spa);
        if (fwknop != Refusal.None)
            Counters.CountFwknop(fwknop);
        return count;
    }

    private int WatchForTokens(in PacketView packet, long now, int count, ITrace? trace)
    {
        _tokenThoughts.Begin(areWanted: trace is not null);
        foreach (var detector in _tokens)
        {
            foreach (var found in detector.Observe(packet, TimeOf(now)))
            {
                trace?.Note(new(KnockMethod.Token, found.Door, Refusal.None));
                _reports[count++] = ReportOf(ReportKind.Token, found.Door, packet, now) with { Request = found.Request, TcpPort = packet.Protocol == IpProtocol.Tcp ? packet.DestinationPort : (ushort)0 };
            }
        }

        foreach (var thought in _tokenThoughts.OfPacket)
            trace?.Note(thought);
        return count;
    }

    private TokenTime TimeOf(long now) => new(now, unchecked(now + WallOffset));

    private Report ReportOf(ReportKind kind, int door, in PacketView packet, long now)
    {
        Counters.CountReport();
        return new(kind, _options.Generation, door, packet.SourcePort, new(packet.Source), new(packet.Destination), now) { Stack = StackSignatures.Tell(packet) };
    }
}
