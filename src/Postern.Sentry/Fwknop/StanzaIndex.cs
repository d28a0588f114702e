using System.Collections.Immutable;
using System.Net;
using Postern.Reports;

namespace Postern.Sentry.Fwknop;

/// <summary>
/// Which stanzas take packets from a source, in the order of the configuration: one look for each length of prefix that stands in it, however many stanzas
/// there are.
/// </summary>
internal sealed class StanzaIndex
{
    private readonly (UInt128 Mask, Dictionary<UInt128, int[]> Stanzas)[] _byPrefix;
    private readonly int[] _found;

    public StanzaIndex(ImmutableArray<FwknopWatch> stanzas)
    {
        _byPrefix =
        [
            .. stanzas.SelectMany((stanza, place) => Prefixes(stanza.Sources).Select(p => (p.Length, p.Value, Place: place)))
                .GroupBy(p => p.Length)
                .OrderBy(g => g.Key)
                .Select(g => (AddressPrefix.MaskOf(g.Key), g.GroupBy(p => p.Value).ToDictionary(same => same.Key, same => same.Select(p => p.Place).Distinct().Order().ToArray()))),
        ];
        _found = new int[stanzas.Length];
    }

    /// <summary>Lives until the next call.</summary>
    public ReadOnlySpan<int> Of(Address source)
    {
        var count = 0;
        var kinds = 0;
        foreach (var (mask, stanzas) in _byPrefix)
        {
            if (!stanzas.TryGetValue(source.Value & mask, out var places))
                continue;
            places.CopyTo(_found, count);
            count += places.Length;
            kinds++;
        }

        var found = _found.AsSpan(0, count);
        if (kinds > 1)
            found.Sort();
        return found;
    }

    /// <summary>Without those that lie in another of the same stanza: an address finds a stanza once.</summary>
    private static IEnumerable<AddressPrefix> Prefixes(ImmutableArray<IPNetwork> networks)
    {
        if (networks.IsEmpty)
            return [AddressPrefix.Any];
        var all = networks.Select(AddressPrefix.From).Distinct().ToArray();
        return all.Where(prefix => !all.Any(other => other.Length < prefix.Length && other.Contains(prefix.Value)));
    }
}
