using System.Collections.Immutable;

namespace Postern.Packets.Filters;

/// <summary>Runs of ports in ascending order that neither overlap nor touch.</summary>
internal static class PortSet
{
    public static ImmutableArray<FilterPorts> Normalize(ImmutableArray<FilterPorts> ports)
    {
        if (ports.IsDefaultOrEmpty)
            return [];

        var merged = new List<FilterPorts>();
        foreach (var run in ports.Where(run => run.First <= run.Last).OrderBy(run => run.First))
        {
            if (merged.Count > 0 && run.First <= merged[^1].Last + 1)
                merged[^1] = merged[^1] with { Last = Math.Max(merged[^1].Last, run.Last) };
            else
                merged.Add(run);
        }

        return [.. merged];
    }
}

/// <summary>The ports of a filter, by what it asks of a packet to them. Each is a <see cref="PortSet"/>.</summary>
internal readonly record struct FilterPortSets(
    ImmutableArray<FilterPorts> Tcp, ImmutableArray<FilterPorts> Udp, ImmutableArray<FilterPorts> SizedTcp, ImmutableArray<FilterPorts> SizedUdp,
    ImmutableArray<FilterPorts> DataTcp, ImmutableArray<FilterPorts> DataUdp)
{
    public int Runs => Tcp.Length + Udp.Length + SizedTcp.Length + SizedUdp.Length + DataTcp.Length + DataUdp.Length;

    /// <summary>Closes the narrowest gaps of all sets, the given number of them, so that they hold a little more than before and never less.</summary>
    public FilterPortSets CloseGaps(int count)
    {
        var closed = Gaps(Tcp, 0).Concat(Gaps(Udp, 1)).Concat(Gaps(SizedTcp, 2)).Concat(Gaps(SizedUdp, 3)).Concat(Gaps(DataTcp, 4)).Concat(Gaps(DataUdp, 5))
            .OrderBy(gap => gap.Width)
            .Take(count)
            .ToLookup(gap => gap.Set, gap => new FilterPorts(gap.Before, gap.After));
        return new(Without(Tcp, 0), Without(Udp, 1), Without(SizedTcp, 2), Without(SizedUdp, 3), Without(DataTcp, 4), Without(DataUdp, 5));

        ImmutableArray<FilterPorts> Without(ImmutableArray<FilterPorts> ports, int set) => PortSet.Normalize([.. ports, .. closed[set]]);
    }

    private static IEnumerable<(int Set, int Width, ushort Before, ushort After)> Gaps(ImmutableArray<FilterPorts> ports, int set)
    {
        for (var i = 1; i < ports.Length; i++)
            yield return (set, ports[i].First - ports[i - 1].Last, ports[i - 1].Last, ports[i].First);
    }
}
