using System.Collections.Immutable;
using Postern.Knocks.Fwknop;
using Postern.Knocks.Sequences;
using Postern.Knocks.Spa;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Sentry;

/// <summary>
/// What the sentry watches for. Its doors are numbered as they stand here; reports carry the generation of the configuration, so that a
/// late one is not taken for a door of the next.
/// </summary>
public sealed record SentryOptions(uint Generation, ImmutableArray<KnockSequence> Doors)
{
    public TrapPorts Traps { get; init; } = TrapPorts.None;

    /// <summary>Null: no SPA packets are looked for.</summary>
    public SpaWatchOptions? Spa { get; init; }

    /// <summary>Null: no packets of fwknop are looked for.</summary>
    public FwknopWatchOptions? Fwknop { get; init; }

    /// <summary>Null: no tokens are looked for.</summary>
    public TokenWatchOptions? Tokens { get; init; }

    /// <summary>The packets that can matter to these doors or be single packets, and as few others as can be said in the kernel.</summary>
    public CaptureFilter Filter()
    {
        var steps = Doors.SelectMany(d => d.Steps).ToArray();
        var traps = Traps.Ports.ToLookup(t => t.Kind, t => new FilterPorts(t.Port, t.Port));
        var tokens = Tokens?.Knocks ?? [];
        var (mask, set) = FlagsInCommon();
        return new()
        {
            TcpPorts = [.. Of(StepKind.Tcp), .. traps[StepKind.Tcp], .. tokens.SelectMany(t => t.TcpPorts)],
            UdpPorts = [.. Of(StepKind.Udp), .. traps[StepKind.Udp], .. tokens.SelectMany(t => t.UdpPorts)],
            Echo = steps.Any(s => s.Kind == StepKind.Echo) || tokens.Any(t => t.Echo),
            TcpFlagsMask = mask,
            TcpFlagsSet = set,
            SizedTcpPorts = Spa is null ? [] : [.. Spa.TcpPorts, .. Spa.PoolsOf(Transport.Tcp)],
            SizedUdpPorts = Spa is null ? [] : [.. Spa.UdpPorts, .. Spa.PoolsOf(Transport.Udp)],
            SizedEcho = Spa?.Echo ?? false,
            PayloadSizes = Spa is null ? [] : [.. SpaPacket.Sizes],
            Data = Fwknop is null ? null : DataOf(Fwknop),
        };

        IEnumerable<FilterPorts> Of(StepKind kind) => steps.Where(s => s.Kind == kind).Select(s => new FilterPorts(s.First, s.Last));
    }

    /// <summary>What is larger than a packet of fwknop can be is let through where it comes in a datagram: GnuPG's are refused by name.</summary>
    private static DataFilter DataOf(FwknopWatchOptions fwknop) =>
        new(FwknopPacket.MinSize, fwknop.Http ? FwknopPacket.MaxPayload : FwknopPacket.MaxSize, fwknop.Http ? [.. FwknopPacket.FirstCharacters, (byte)'G'] : [.. FwknopPacket.FirstCharacters])
        {
            UdpPorts = fwknop.UdpPorts,
            TcpPorts = fwknop.TcpPorts,
            Icmp = fwknop.Icmp,
            MaxDatagram = FwknopPacket.MaxPayload,
        };

    /// <summary>What every door and token asks of the flags of a segment: all that the kernel may refuse on behalf of all of them.</summary>
    private (TcpFlags Mask, TcpFlags Set) FlagsInCommon()
    {
        var conditions = Doors.Where(d => d.Steps.Any(s => s.Kind == StepKind.Tcp)).Select(d => d.TcpFlags)
            .Concat((Tokens?.Knocks ?? []).Where(t => !t.TcpPorts.IsEmpty).Select(_ => TcpFlagCondition.Connect)).ToArray();
        if (conditions.Length == 0)
            return default;
        var set = conditions.Aggregate(conditions[0].Set, (all, c) => all & c.Set);
        var clear = conditions.Aggregate(conditions[0].Clear, (all, c) => all & c.Clear);
        return (set | clear, set);
    }
}
