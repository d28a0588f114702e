using System.Collections.Immutable;
using System.Net;
using Postern.Warden;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>The section <c>policy</c>: who may knock at all, and when.</summary>
internal static class PolicySection
{
    private static readonly KeyTable Keys = new("policy", ["allow", "deny", "hours"], []);

    public static Policy Read(ImmutableArray<Entry> entries, Values values)
    {
        var fields = new Fields(entries, values.Faults).Check(Keys);
        return new()
        {
            Allow = ReadNetworks("allow", fields["allow"], values),
            Deny = ReadNetworks("deny", fields["deny"], values),
            Hours = ReadHours(fields["hours"], values),
        };
    }

    private static ImmutableArray<IPNetwork> ReadNetworks(string key, Node? node, Values values)
    {
        var networks = ImmutableArray.CreateBuilder<IPNetwork>();
        foreach (var item in values.List(key, node) ?? [])
        {
            if (ReadNetwork(item, values) is { } network)
                networks.Add(network);
        }

        return networks.ToImmutable();
    }

    public static IPNetwork? ReadNetwork(TextNode item, Values values)
    {
        if (Network.TryParse(item.Text, out var network, out var mend))
            return network;
        values.Faults.Add(item.Place, $"{Quote(item.Text)} is not a network", mend);
        return null;
    }

    private static ImmutableArray<WeeklyHours> ReadHours(Node? node, Values values)
    {
        var all = ImmutableArray.CreateBuilder<WeeklyHours>();
        foreach (var item in values.List("hours", node) ?? [])
        {
            if (ReadHours(item, values) is { } hours)
                all.Add(hours);
        }

        return all.ToImmutable();
    }

    public static WeeklyHours? ReadHours(TextNode item, Values values)
    {
        if (WeeklyHours.TryParse(item.Text, out var hours))
            return hours;
        values.Faults.Add(item.Place, $"{Quote(item.Text)} is not a stretch of hours", "write it as 'Mon-Fri 07:00-20:00', 'Sat 22:00-04:00' or '08:00-18:00'");
        return null;
    }
}
