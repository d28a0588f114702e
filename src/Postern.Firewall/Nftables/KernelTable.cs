namespace Postern.Firewall.Nftables;

internal enum TableState
{
    Absent,

    /// <summary>A table of our name that this version of Postern would not have made.</summary>
    OtherShape,

    /// <summary>Ours, without what forwards need.</summary>
    Plain,

    /// <summary>Ours, with all that forwards need.</summary>
    Forwarding,
}

/// <summary>Reads what stands in the kernel under our name: its shape and its grants.</summary>
internal sealed class KernelTable(NetlinkSocket netlink)
{
    private const uint FlagsThatMatter = NfTablesWire.Set.Interval | NfTablesWire.Set.Map | NfTablesWire.Set.Timeout;

    // nft's numbers of the types of a key (include/datatype.h of nftables), 6 bits for each field.
    private const uint TypeIpv4 = 7;
    private const uint TypeIpv6 = 8;
    private const uint TypeProtocol = 12;
    private const uint TypeService = 13;

    private readonly record struct SetShape(string Name, uint Flags, uint KeyType, uint Size);

    private readonly record struct ChainShape(string Name, uint? Hook, int Priority);

    private static readonly HashSet<SetShape> PlainSets =
    [
        .. GrantSet.Plain.ToArray().Select(ShapeOf),
        new("standing4", NfTablesWire.Set.Timeout, Concat(TypeIpv4, TypeService, TypeService), Ruleset.StandingBound),
        new("standing6", NfTablesWire.Set.Timeout, Concat(TypeIpv6, TypeService, TypeService), Ruleset.StandingBound),
        .. Ruleset.PortSets.Select(name => new SetShape(name, NfTablesWire.Set.Interval, TypeService, 0)),
    ];

    private static readonly HashSet<SetShape> ForwardingSets = [.. PlainSets, .. GrantSet.Forwarding.ToArray().Select(ShapeOf)];

    private static readonly HashSet<ChainShape> PlainChains =
    [
        new(Ruleset.Gate, NfTablesWire.HookPrerouting, Ruleset.Priority),
        new(Ruleset.Closed, null, 0),
        new(Ruleset.Answer, null, 0),
    ];

    private static readonly HashSet<ChainShape> ForwardingChains =
    [
        .. PlainChains,
        new(ForwardChains.Lead, NfTablesWire.HookPrerouting, ForwardChains.LeadPriority),
        new(ForwardChains.Led, null, 0),
        new(ForwardChains.Lapsed, null, 0),
        new(ForwardChains.Astray, NfTablesWire.HookInput, ForwardChains.AstrayPriority),
        new(ForwardChains.Hide, NfTablesWire.HookPostrouting, ForwardChains.HidePriority),
        new(ForwardChains.Hidden, null, 0),
    ];

    private static SetShape ShapeOf(GrantSet set)
    {
        var wide = Concat(set.IsV4 ? TypeIpv4 : TypeIpv6, TypeProtocol, TypeService);
        return new(set.Name, NfTablesWire.Set.Timeout | (set.IsMap ? NfTablesWire.Set.Map : 0), set.IsNarrow ? (wide << 6) | TypeService : wide, Ruleset.GrantBound);
    }

    private static uint Concat(uint first, uint second, uint third) => (first << 12) | (second << 6) | third;

    /// <summary>Whether the chain that copies knocks is to be there too; a table in which it is otherwise is of another shape.</summary>
    public bool HasKnocks { get; set; }

    public TableState State()
    {
        if (!Exists())
            return TableState.Absent;
        var (chains, sets) = (Chains(), Sets());
        if (chains.Remove(new(KnockChain.Name, NfTablesWire.HookPrerouting, KnockChain.Priority)) != HasKnocks)
            return TableState.OtherShape;
        return PlainChains.SetEquals(chains) && PlainSets.SetEquals(sets) ? TableState.Plain
            : ForwardingChains.SetEquals(chains) && ForwardingSets.SetEquals(sets) ? TableState.Forwarding
            : TableState.OtherShape;
    }

    /// <summary>Every element of the grant sets and maps, as far as a table of our name has sets of that kind: one of a version before narrow grants lacks two.</summary>
    public List<GrantElement> Grants()
    {
        var there = Sets().ToHashSet();
        var grants = new List<GrantElement>();
        foreach (var set in (GrantSet[])[.. GrantSet.Plain, .. GrantSet.Forwarding])
        {
            if (set.Role != SetRole.Forwarded && there.Contains(ShapeOf(set)))
                grants.AddRange(Grants(set));
        }

        return grants;
    }

    private List<GrantElement> Grants(GrantSet set)
    {
        var grants = new List<GrantElement>();
        netlink.Read(NftMessage.GetSetElement, NfTablesWire.FamilyInet, Ruleset.Table, set.Name, grants.Clear, (_, attributes) =>
        {
            if (!attributes.TryFind(NfTablesWire.Element.List, out var list))
                return;
            var elements = list.Nest;
            while (elements.MoveNext())
            {
                if (GrantElement.TryRead(elements.Nest, set, out var element))
                    grants.Add(element);
            }
        });
        return grants;
    }

    private bool Exists()
    {
        var exists = false;
        netlink.Read(NftMessage.GetTable, NfTablesWire.FamilyInet, null, null, () => exists = false, (_, attributes) =>
            exists |= attributes.TryFind(NfTablesWire.Table.Name, out var name) && name.Is(Ruleset.Table));
        return exists;
    }

    /// <summary>A table put to sleep (<c>flags dormant</c>) keeps its rules and applies none.</summary>
    public bool IsAsleep()
    {
        var asleep = false;
        netlink.Read(NftMessage.GetTable, NfTablesWire.FamilyInet, null, null, () => asleep = false, (_, attributes) =>
            asleep |= attributes.TryFind(NfTablesWire.Table.Name, out var name) && name.Is(Ruleset.Table)
                && attributes.TryFind(NfTablesWire.Table.Flags, out var flags) && (flags.Number & NfTablesWire.Table.Dormant) != 0);
        return asleep;
    }

    private List<ChainShape> Chains() =>
        [.. HostChains.Read(netlink, NfTablesWire.FamilyInet)
            .Where(chain => chain.Table is Ruleset.Table)
            .Select(chain => new ChainShape(chain.Name, chain.Hook, chain.Priority))];

    private List<SetShape> Sets()
    {
        var sets = new List<SetShape>();
        netlink.Read(NftMessage.GetSet, NfTablesWire.FamilyInet, Ruleset.Table, null, sets.Clear, (_, attributes) =>
        {
            if (!attributes.TryFind(NfTablesWire.Set.Name, out var name)
                || !attributes.TryFind(NfTablesWire.Set.Flags, out var flags)
                || !attributes.TryFind(NfTablesWire.Set.KeyType, out var type)
                || (flags.Number & NfTablesWire.Set.Anonymous) != 0)
                return;
            var size = attributes.TryFind(NfTablesWire.Set.Description, out var description)
                && description.Nest.TryFind(NfTablesWire.Set.DescriptionSize, out var bound) ? bound.Number : 0;
            sets.Add(new SetShape(name.Text, flags.Number & FlagsThatMatter, type.Number, size));
        });
        return sets;
    }
}
