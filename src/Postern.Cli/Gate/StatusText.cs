using System.Collections.Immutable;
using Postern.Cli.Configuration;
using Postern.Cli.Control;
using Postern.Cli.Gate.Watch;
using Postern.Confinement;
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
                counts.GetValueOrDefault(s.Name))
            {
                Forward = s.Forward is { } rule ? ForwardSection.Format(rule) : null,
                Masquerade = s.Forward is { Masquerade: true } ? true : null,
            }),
        ];
    }

    /// <param name="configuration">Which knocks there are.</param>
    /// <param name="left">Of each one-time knock, how many of its sequences can still be used.</param>
    public static ImmutableArray<KnockStatus> KnocksOf(GateConfiguration configuration, IReadOnlyDictionary<string, int> left) =>
    [
        .. configuration.Warden.Doors.Take(configuration.PlainDoors).Select(d => new KnockStatus(d.Name, "sequence", d.Opens, d.Closes)),
        .. configuration.OneTime.Select(k => new KnockStatus(k.Door.Name, "one-time", k.Door.Opens, k.Door.Closes) { SequencesLeft = left.GetValueOrDefault(k.Door.Name) }),
        .. configuration.Fwknop.Knocks.Select(k => new KnockStatus(k.Name, k.Keys is null ? "fwknop, without keys" : "fwknop", [.. k.Opens, .. k.Commands.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], [])),
        .. configuration.Tokens.Select(k => new KnockStatus(k.Name, k.Secret is null ? k.Word + ", without secret" : k.Word, k.Opens, k.Closes)),
    ];

    public static FwknopStatus? FwknopOf(GateConfiguration configuration) => configuration.Fwknop is { Knocks.IsEmpty: false } fwknop
        ? new([.. fwknop.Ports.Select(p => p.ToString()), .. fwknop.Icmp ? ["icmp"] : Array.Empty<string>()], fwknop.Http, fwknop.Stanzas.Count())
        : null;

    public static SpaStatus? SpaOf(GateConfiguration configuration) => configuration.Spa is { } spa
        ? new([.. spa.Places], spa.Identities.Length, spa.AuthorizedKeysFile)
        : null;

    /// <summary>Of the holders of grants, as the kernel keeps them.</summary>
    public static Dictionary<string, string> KeyNamesOf(GateConfiguration configuration)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var identity in configuration.Spa?.Identities ?? [])
            names.TryAdd(identity.Hint, identity.Name);
        return names;
    }

    /// <summary>For the line that the gate writes when it is ready.</summary>
    public static string WatchedFor(GateConfiguration configuration)
    {
        var knocks = PortText.Count(configuration.KnockCount, "knock");
        return configuration.Spa is { } spa ? $"{knocks}, and single packets of {PortText.Count(spa.Identities.Length, "key")}" : knocks;
    }

    /// <summary>The gate's processes, as the kernel describes them.</summary>
    public static ImmutableArray<ProcessStatus> ProcessesOf(int steward, int wardensBefore, SentryPost post) =>
    [
        .. new[] { ("steward", steward), ("warden", Environment.ProcessId), ("sentry", post.Current?.Process ?? 0) }
            .Select(p => (Name: p.Item1, Pid: p.Item2, Standing: p.Item2 == 0 ? null : Standing.Of(p.Item2)))
            .Where(p => p.Standing is not null)
            .Select(p => new ProcessStatus(p.Name, p.Pid, p.Standing!.User, NamesOf(p.Standing.Capabilities), p.Standing.HasSystemCallFilter, p.Standing.Resident) { Replaced = p.Name switch { "sentry" => post.Replaced, "warden" => wardensBefore, _ => null } }),
    ];

    private static ImmutableArray<string> NamesOf(Capabilities capabilities) =>
        (capabilities & ~Known) != Capabilities.None ? ["all"] : [.. Enum.GetValues<Capabilities>().Where(c => (capabilities & c) != Capabilities.None).Select(c => c.ToString())];

    private static readonly Capabilities Known = Enum.GetValues<Capabilities>().Aggregate((all, c) => all | c);

    /// <param name="counters">Of all sentries.</param>
    /// <param name="droppedReports">By the warden's inbox.</param>
    /// <param name="capture">Where packets come from.</param>
    /// <param name="refusals">Of the warden.</param>
    /// <param name="unseen">Packets that the host lost before anybody could see them.</param>
    public static PacketStatus PacketsOf(SentryCounters counters, long droppedReports, CaptureSetting capture, IEnumerable<(Refusal Refusal, long Times)> refusals, long? unseen) => new(
        counters.Read,
        counters.Faults().Where(f => f.Packets > 0).ToImmutableDictionary(f => f.Fault.ToString().ToLowerInvariant(), f => f.Packets, StringComparer.Ordinal),
        counters.Refusals().ToImmutableDictionary(r => r.Refusal.Word(), r => r.Packets, StringComparer.Ordinal),
        counters.Reports,
        counters.DroppedByRing,
        droppedReports,
        counters.AttemptsEvicted)
    {
        TimesRingFull = counters.TimesRingFull,
        LagMs = counters.Lag.TotalMilliseconds,
        GreatestLagMs = counters.GreatestLag.TotalMilliseconds,
        UnsentReports = counters.ReportsUnsent,
        LostUnseen = unseen,
        ForgedLines = capture.IsLog ? counters.ForgedLines : null,
        RefusedByWarden = refusals.ToImmutableDictionary(r => r.Refusal.Word(), r => r.Times, StringComparer.Ordinal),
        RefusedTokens = counters.TokenRefusals().ToImmutableDictionary(r => r.Refusal.Word(), r => r.Packets, StringComparer.Ordinal),
        RefusedFwknop = counters.FwknopRefusals().ToImmutableDictionary(r => r.Refusal.Word(), r => r.Packets, StringComparer.Ordinal),
    };
}
