using System.Collections.Immutable;
using Postern.Reports;

namespace Postern.Cli.Configuration;

/// <summary>What the knocks by the method fwknop must keep to, together with all else.</summary>
internal static class FwknopRules
{
    public static void Check(ImmutableArray<FwknopKnock> knocks, ServicesSection services, FaultList faults)
    {
        var actions = services.Services.Where(s => s.Service.Action is not null).Select(s => s.Service.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var knock in knocks)
        {
            foreach (var name in knock.Opens.Where(actions.Contains))
                faults.Add(knock.Place, $"the knock '{knock.Name}' opens '{name}', which runs a command and has no ports to ask for", $"name it under 'commands': commands: {{\"{name}\": {name}}}");
            foreach (var (_, name) in knock.Commands.Where(c => services.Names.Contains(c.Value) && !actions.Contains(c.Value)))
                faults.Add(knock.Place, $"a command of the knock '{knock.Name}' names '{name}', which runs nothing", "name a service with 'run:'; ports are asked for by 'opens'");
        }
    }

    /// <summary>A bound socket sees datagrams that are sent to it, and nothing else.</summary>
    public static void CheckBound(FwknopSettings fwknop, FaultList faults)
    {
        if (fwknop.Knocks is not [var first, ..])
            return;
        if (fwknop.Icmp || fwknop.Of(Transport.Tcp).Any())
            faults.Add(first.Place, "'capture: udp' sees neither icmp nor tcp", "leave only udp ports in fwknop.ports, or write capture: packet");
    }
}
