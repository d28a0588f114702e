using System.Collections.Immutable;
using System.Globalization;
using Postern.Reports;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>The section <c>spa</c>: where single packets are looked for, and who may send them. Not there: nobody.</summary>
internal static class SpaSection
{
    private const int MaxPorts = 64;

    private static readonly TimeSpan LeastSkew = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MostSkew = TimeSpan.FromHours(1);

    private static readonly KeyTable Keys = new("spa", ["ports", "clock_skew", "key", "authorized_keys", "require", "receipt"], []) { Moved = [("ledger", "gate.ledger")] };

    public static SpaSettings Read(ImmutableArray<Entry> entries, Values values)
    {
        var fields = new Fields(entries, values.Faults).Check(Keys);
        var usual = new SpaSettings();
        var (ports, echo) = ReadPorts(fields["ports"], values) ?? (usual.Ports, usual.Echo);
        var (address, sourcePort) = ReadRequire(fields["require"], values);
        return new()
        {
            Ports = ports,
            Echo = echo,
            ClockSkew = values.Time("clock_skew", fields["clock_skew"], LeastSkew, MostSkew) ?? usual.ClockSkew,
            KeyFile = values.FullPath("key", fields["key"], SpaSettings.UsualKeyFile) ?? usual.KeyFile,
            AuthorizedKeysFile = values.FullPath("authorized_keys", fields["authorized_keys"], SpaSettings.UsualAuthorizedKeysFile) ?? usual.AuthorizedKeysFile,
            RequireAddress = address,
            RequireSourcePort = sourcePort,
            Receipt = values.Choice("receipt", fields["receipt"], [("true", true), ("false", false)]) ?? usual.Receipt,
        };
    }

    private static (ImmutableArray<PortRange> Ports, bool Echo)? ReadPorts(Node? node, Values values)
    {
        if (node is ListNode { Items: [] })
            values.Faults.Add(node.Place, "'ports' is an empty list", "write where packets are to be looked for: [udp/62201]");
        if (values.List("ports", node) is not { } list)
            return null;
        var ports = ImmutableArray.CreateBuilder<PortRange>();
        var (echo, count) = (false, 0);
        foreach (var item in list)
        {
            if (item.Text is "icmp")
                echo = true;
            else if (!PortRange.TryParse(item.Text, out var range))
                values.Faults.Add(item.Place, $"{Quote(item.Text)} is not a port", item.Text is "icmpv6" ? "write icmp: it means both families" : PortText.Mend(item.Text));
            else if (ports.FirstOrDefault(p => p.Overlaps(range)) is { First: not 0 } other)
                values.Faults.Add(item.Place, $"{range} is in {other} already", "write it once");
            else if ((count += range.Count) > MaxPorts)
                values.Faults.Add(item.Place, string.Create(CultureInfo.InvariantCulture, $"more than {MaxPorts} ports"), "a few are enough: the packets look like noise on any of them");
            else
                ports.Add(range);
        }

        return (ports.ToImmutable(), echo);
    }

    private static (bool Address, bool SourcePort) ReadRequire(Node? node, Values values)
    {
        var (address, sourcePort) = (false, false);
        foreach (var item in values.List("require", node) ?? [])
        {
            if (values.Choice("require", item, [("address", 'a'), ("source-port", 'p')]) is { } which)
                (address, sourcePort) = (address || which == 'a', sourcePort || which == 'p');
        }

        return (address, sourcePort);
    }
}
