using System.Collections.Immutable;
using Postern.Reports;

namespace Postern.Firewall.Nftables;

/// <summary>Ports that are guarded in the same way for the same services.</summary>
internal readonly record struct GuardedPorts(PortRange Range, ImmutableArray<string> Services, Appearance Appear);

/// <summary>
/// The protected ports as runs that do not overlap, since a set with ranges takes no overlap. Where two services share a port, the
/// one that is silent decides how it looks.
/// </summary>
internal static class PortPlan
{
    public static ImmutableArray<GuardedPorts> Of(ImmutableArray<ProtectedService> services)
    {
        var plan = ImmutableArray.CreateBuilder<GuardedPorts>();
        foreach (var transport in (ReadOnlySpan<Transport>)[Transport.Tcp, Transport.Udp])
        {
            var edges = Edges(services, transport);
            for (var i = 0; i + 1 < edges.Count; i++)
            {
                var range = new PortRange(transport, (ushort)edges[i], (ushort)(edges[i + 1] - 1));
                var owners = services.Where(service => service.Ports.Any(range.Overlaps)).ToArray();
                if (owners.Length == 0)
                    continue;
                var appear = Array.TrueForAll(owners, owner => owner.Appear == Appearance.Closed) ? Appearance.Closed : Appearance.Silent;
                plan.Add(new GuardedPorts(range, [.. owners.Select(owner => owner.Name).Distinct(StringComparer.Ordinal)], appear));
            }
        }

        return plan.ToImmutable();
    }

    /// <summary>Where a range begins, or the port after one that ends, in rising order.</summary>
    private static List<int> Edges(ImmutableArray<ProtectedService> services, Transport transport)
    {
        var edges = new SortedSet<int>();
        foreach (var range in services.SelectMany(service => service.Ports).Where(range => range.Transport == transport))
        {
            edges.Add(range.First);
            edges.Add(range.Last + 1);
        }

        return [.. edges];
    }
}
