using System.Collections.Immutable;
using System.Globalization;
using Postern.Cli.Gate.Watch;
using Postern.Reports;
using Postern.Reports.Tokens;

namespace Postern.Cli.Configuration;

/// <summary>What each way to see packets cannot see. Each is said where it stands, so that nobody waits for a knock that no gate will hear.</summary>
internal static class CaptureRules
{
    public static void Check(GateSection gate, ImmutableArray<Knock> knocks, FwknopSettings fwknop, List<TokenKnockSettings> tokens, SpaSettings? spa, FaultList faults)
    {
        if (gate.Capture is { Way: CaptureWay.Udp })
            CheckBound(gate.CapturePlace, knocks, fwknop, tokens, spa, faults);
        else if (gate.Capture is { IsLog: true } log)
            CheckLog(log, gate.CapturePlace, fwknop, tokens, spa, faults);
    }

    /// <summary>A bound socket sees what is sent to it and nothing else.</summary>
    private static void CheckBound(Place capture, ImmutableArray<Knock> knocks, FwknopSettings fwknop, List<TokenKnockSettings> tokens, SpaSettings? spa, FaultList faults)
    {
        FwknopRules.CheckBound(fwknop, faults);
        CheckSockets(capture, fwknop, spa, faults);
        foreach (var knock in knocks)
            faults.Add(knock.Place, $"'capture: udp' cannot see the sequence '{knock.Sequence.Name}'", "remove it, or write capture: packet");
        foreach (var token in tokens)
            faults.Add(token.Place, $"'capture: udp' cannot see the knock '{token.Name}'", "remove it, or write capture: packet");
        if (spa is null && fwknop.Knocks.IsEmpty)
            faults.Add(capture, "'capture: udp' has nothing to wait for", "write a section 'spa', or capture: packet");
        else if (spa is { MovingPorts.IsEmpty: false })
            faults.Add(capture, "'capture: udp' cannot listen at a port that moves", "write spa.ports in place of spa.pool, or capture: packet");
        else if (spa is not null && (spa.Echo || spa.Of(Transport.Tcp).Any()))
            faults.Add(capture, "'capture: udp' sees neither icmp nor tcp", "leave only udp ports in spa.ports, or write capture: packet");
    }

    /// <summary>All of them are handed to the sentry in one message, which has room for so many.</summary>
    private static void CheckSockets(Place capture, FwknopSettings fwknop, SpaSettings? spa, FaultList faults)
    {
        var ports = (spa?.Of(Transport.Udp) ?? []).Concat(fwknop.Knocks.IsEmpty ? [] : fwknop.Of(Transport.Udp)).SelectMany(p => Enumerable.Range(p.First, p.Count)).Distinct().Count();
        if (ports > SentryEquipment.MostSockets)
            faults.Add(capture, string.Create(CultureInfo.InvariantCulture, $"'capture: udp' opens a socket for each port of spa.ports and fwknop.ports, at most {SentryEquipment.MostSockets}, and these are {ports}"), "leave fewer, or write capture: packet");
    }

    /// <summary>A line of a log tells of a packet's headers, and of no byte that it carries.</summary>
    private static void CheckLog(CaptureSetting log, Place capture, FwknopSettings fwknop, List<TokenKnockSettings> tokens, SpaSettings? spa, FaultList faults)
    {
        var way = log.Way == CaptureWay.Log ? "capture: log" : "capture: journal";
        foreach (var knock in fwknop.Knocks)
            faults.Add(knock.Place, $"'{way}' cannot see what a packet carries, and the knock '{knock.Name}' is carried by one", "remove it, or write capture: packet");
        foreach (var token in tokens.Where(t => t.Method == TokenMethod.Icmp))
            faults.Add(token.Place, $"'{way}' cannot see what a ping carries, and the token of the knock '{token.Name}' is carried by one", "remove it, or write capture: packet");
        if (spa is not null)
            faults.Add(capture, $"'{way}' cannot see what a packet carries, and those of 'spa' carry a request", "remove the section 'spa', or write capture: packet");
    }
}
