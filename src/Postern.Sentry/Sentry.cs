using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Sentry;

/// <summary>
/// Reads hostile bytes and says which doors were knocked at. A function of (packet, now): it holds no socket, no clock and no firewall,
/// never throws for a packet, and allocates nothing once it stands.
/// </summary>
public sealed class Sentry
{
    private readonly SentryOptions _options;
    private readonly SequenceDetector _sequences;
    private readonly Report[] _reports;

    public Sentry(SentryOptions options, SentryCounters? counters = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _sequences = new(options.Doors, options.Traps);
        _reports = new Report[options.Doors.Length];
        Counters = counters ?? new();
    }

    public SentryCounters Counters { get; }

    public long AttemptsEvicted => _sequences.Evicted;

    /// <summary>What to tell the warden about this packet: mostly nothing. The answer lives until the next call.</summary>
    public ReadOnlySpan<Report> Watch(in CapturedPacket captured)
    {
        var fault = PacketView.TryRead(captured.Bytes, captured.Link, out var packet);
        Counters.Count(fault);
        if (fault != PacketFault.None)
            return [];

        var doors = _sequences.Observe(packet, captured.Time);
        for (var i = 0; i < doors.Length; i++)
        {
            Counters.CountReport();
            _reports[i] = new(
                ReportKind.SequenceCompleted, _options.Generation, doors[i], packet.SourcePort, new(packet.Source), new(packet.Destination), captured.Time);
        }

        return _reports.AsSpan(0, doors.Length);
    }
}
