using System.Collections.Immutable;
using System.Globalization;
using Postern.Reports;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>The section <c>fwknop</c>: where packets of fwknop are looked for. Not there: as by default, if any knock is by that method.</summary>
internal static class FwknopSection
{
    private const int MaxRuns = 16;

    private static readonly KeyTable Keys = new("fwknop", ["ports", "http"], []);

    public static FwknopSettings Read(ImmutableArray<Entry> entries, Values values)
    {
        var fields = new Fields(entries, values.Faults).Check(Keys);
        var usual = new FwknopSettings();
        var (ports, icmp) = ReadPorts(fields["ports"], values) ?? (usual.Ports, usual.Icmp);
        return new() { Ports = ports, Icmp = icmp, Http = values.Choice("http", fields["http"], [("true", true), ("false", false)]) ?? usual.Http };
    }

    private static (ImmutableArray<PortRange> Ports, bool Icmp)? ReadPorts(Node? node, Values values)
    {
        if (node is ListNode { Items: [] })
            values.Faults.Add(node.Place, "'ports' is an empty list", "write where packets are to be looked for: [udp/62201]");
        if (values.List("ports", node) is not { } list)
            return null;
        var ports = ImmutableArray.CreateBuilder<PortRange>();
        var icmp = false;
        foreach (var item in list)
        {
            if (item.Text is "icmp")
                icmp = true;
            else if (!PortRange.TryParse(item.Text, out var range))
                values.Faults.Add(item.Place, $"{Quote(item.Text)} is not a port", PortText.Mend(item.Text));
            else if (ports.FirstOrDefault(p => p.Overlaps(range)) is { First: not 0 } other)
                values.Faults.Add(item.Place, $"{range} is in {other} already", "write it once");
            else if (ports.Count == MaxRuns)
                values.Faults.Add(item.Place, string.Create(CultureInfo.InvariantCulture, $"more than {MaxRuns} runs of ports"), "write longer runs: udp/10000-65535 is where clients with a port by chance (-r) send");
            else
                ports.Add(range);
        }

        return (ports.ToImmutable(), icmp);
    }
}
