namespace Postern.Firewall.Nftables;

/// <summary>A chain of any table. A base chain has a hook and a policy.</summary>
internal readonly record struct HostChain(byte Family, string Table, string Name, uint? Hook, int Priority, int Policy);

/// <summary>What becomes of a packet that no rule of a chain spoke for.</summary>
internal enum DefaultVerdict
{
    None,
    Drop,
    Reject,
}

/// <summary>How the host's other rules treat a port that nobody opened, so that our silence, or our answer, does not stand out.</summary>
internal static class HostChains
{
    public static List<HostChain> Read(NetlinkSocket netlink, byte family = NfTablesWire.FamilyUnspecified)
    {
        var chains = new List<HostChain>();
        netlink.Read(NftMessage.GetChain, family, null, null, chains.Clear, (chainFamily, attributes) =>
        {
            if (!attributes.TryFind(NfTablesWire.InTable, out var table) || !attributes.TryFind(NfTablesWire.Chain.Name, out var name))
                return;
            var chain = new HostChain(chainFamily, table.Text, name.Text, null, 0, 1);
            if (attributes.TryFind(NfTablesWire.Chain.Hook, out var hook) && hook.Nest.TryFind(NfTablesWire.Chain.HookNumber, out var number))
                chain = chain with { Hook = number.Number, Priority = hook.Nest.TryFind(NfTablesWire.Chain.HookPriority, out var priority) ? (int)priority.Number : 0 };
            if (attributes.TryFind(NfTablesWire.Chain.Policy, out var policy))
                chain = chain with { Policy = (int)policy.Number };
            chains.Add(chain);
        });
        return chains;
    }

    /// <summary>True: dropped. False: answered, by a rule or by the port itself. Null: old iptables decides, which nf_tables cannot see.</summary>
    public static bool? Drops(NetlinkSocket netlink)
    {
        var inputs = Read(netlink)
            .Where(chain => chain.Hook == NfTablesWire.HookInput
                && chain.Family is NfTablesWire.FamilyInet or NfTablesWire.FamilyIpv4 or NfTablesWire.FamilyIpv6)
            .OrderBy(chain => chain.Priority);
        foreach (var chain in inputs)
        {
            var verdict = LastRule(netlink, chain.Family, chain.Table, chain.Name) ?? DefaultVerdict.None;
            if (verdict == DefaultVerdict.None && chain.Policy == NfTablesWire.VerdictDrop)
                verdict = DefaultVerdict.Drop;
            if (verdict != DefaultVerdict.None)
                return verdict == DefaultVerdict.Drop;
        }

        return HasOldIptables() ? null : false;
    }

    /// <summary>Every chain at the hook must let a packet through; one that drops by default is one of those that matter.</summary>
    public static bool DropsForwarded(NetlinkSocket netlink) => Read(netlink)
        .Where(chain => chain.Hook == NfTablesWire.HookForward && chain.Family is NfTablesWire.FamilyInet or NfTablesWire.FamilyIpv4 or NfTablesWire.FamilyIpv6)
        .Any(chain => chain.Policy == NfTablesWire.VerdictDrop
            || LastRule(netlink, chain.Family, chain.Table, chain.Name) is DefaultVerdict.Drop or DefaultVerdict.Reject);

    /// <summary>What the last rule of a chain does to every packet; null where the chain has no rule.</summary>
    public static DefaultVerdict? LastRule(NetlinkSocket netlink, byte family, string table, string chain)
    {
        DefaultVerdict? last = null;
        netlink.Read(NftMessage.GetRule, family, table, chain, () => last = null, (_, attributes) =>
        {
            // Kernels before 6.x may hand over the rules of other chains too.
            if (attributes.TryFind(NfTablesWire.Within, out var within) && within.Is(chain))
                last = attributes.TryFind(NfTablesWire.Rule.Expressions, out var expressions) ? Judge(expressions.Nest) : DefaultVerdict.None;
        });
        return last;
    }

    /// <summary>Counting and logging let a packet pass on to the verdict; anything else is a condition.</summary>
    private static DefaultVerdict Judge(NetlinkAttributes expressions)
    {
        var verdict = DefaultVerdict.None;
        while (expressions.MoveNext())
        {
            var expression = expressions.Nest;
            if (!expression.TryFind(NfTablesWire.Rule.ExpressionName, out var name))
                return DefaultVerdict.None;
            var data = expression.TryFind(NfTablesWire.Rule.ExpressionData, out var found) ? found.Nest : default;
            switch (name.Text)
            {
                case "counter" or "log":
                    break;
                case "reject":
                    verdict = DefaultVerdict.Reject;
                    break;
                case "target" when data.TryFind(NfTablesWire.Rule.TargetName, out var target) && target.Is("REJECT"):
                    verdict = DefaultVerdict.Reject;
                    break;
                case "immediate" when IsDrop(data):
                    verdict = DefaultVerdict.Drop;
                    break;
                default:
                    return DefaultVerdict.None;
            }
        }

        return verdict;
    }

    private static bool IsDrop(NetlinkAttributes immediate) =>
        immediate.TryFind(NfTablesWire.Rule.ImmediateData, out var data)
        && data.Nest.TryFind(NfTablesWire.DataVerdict, out var verdict)
        && verdict.Nest.TryFind(NfTablesWire.VerdictCode, out var code)
        && (int)code.Number == NfTablesWire.VerdictDrop;

    /// <summary>The kernel lists the tables of the old iptables, which are not nf_tables', in a file of its own.</summary>
    private static bool HasOldIptables() => HasFilter("/proc/thread-self/net/ip_tables_names") || HasFilter("/proc/thread-self/net/ip6_tables_names");

    private static bool HasFilter(string list)
    {
        try
        {
            return File.Exists(list) && KernelLists.Lines(list).Contains("filter", StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true; // there, and not readable: it could hold anything
        }
    }
}
