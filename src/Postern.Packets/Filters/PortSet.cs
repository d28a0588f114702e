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

    /// <summary>Closes the narrowest gaps of both sets, the given number of them, so that they hold a little more than before and never less.</summary>
    public static (ImmutableArray<FilterPorts> Tcp, ImmutableArray<FilterPorts> Udp) CloseGaps(
        ImmutableArray<FilterPorts> tcp, ImmutableArray<FilterPorts> udp, int count)
    {
        var closed = Gaps(tcp, isTcp: true).Concat(Gaps(udp, isTcp: false))
            .OrderBy(gap => gap.Width)
            .Take(count)
            .ToLookup(gap => gap.IsTcp, gap => new FilterPorts(gap.Before, gap.After));
        return (Normalize([.. tcp, .. closed[true]]), Normalize([.. udp, .. closed[false]]));
    }

    private static IEnumerable<(bool IsTcp, int Width, ushort Before, ushort After)> Gaps(ImmutableArray<FilterPorts> ports, bool isTcp)
    {
        for (var i = 1; i < ports.Length; i++)
            yield return (isTcp, ports[i].First - ports[i - 1].Last, ports[i - 1].Last, ports[i].First);
    }
}
