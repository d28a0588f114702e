using System.Collections.Immutable;
using Postern.Cli.Control;
using Postern.Reports;
using Postern.Sentry;
using Postern.Warden;

namespace Postern.Cli.Gate;

/// <summary>What the rooms know, in the shapes of the control socket.</summary>
internal static class StatusText
{
    public static ImmutableArray<ServiceStatus> ServicesOf(WardenOptions options, IEnumerable<Grant> grants)
    {
        var counts = grants.CountBy(g => g.Service, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        return
        [
            .. options.Services.Select(s => new ServiceStatus(
                s.Name,
                [.. s.Ports.Select(p => p.ToString())],
                s.Appear.ToString().ToLowerInvariant(),
                s.OpenFor.TotalSeconds,
                counts.GetValueOrDefault(s.Name))),
        ];
    }

    public static ImmutableArray<KnockStatus> KnocksOf(WardenOptions options) =>
        [.. options.Doors.Select(d => new KnockStatus(d.Name, "sequence", d.Opens, d.Closes))];

    public static PacketStatus PacketsOf(SentryCounters counters, long droppedByRing, long droppedReports, long evicted) => new(
        counters.Read,
        counters.Faults().Where(f => f.Packets > 0).ToImmutableDictionary(f => f.Fault.ToString().ToLowerInvariant(), f => f.Packets, StringComparer.Ordinal),
        counters.Refusals().ToImmutableDictionary(r => r.Refusal.Word(), r => r.Packets, StringComparer.Ordinal),
        counters.Reports,
        droppedByRing,
        droppedReports,
        evicted);
}
