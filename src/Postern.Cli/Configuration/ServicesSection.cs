using System.Collections.Immutable;
using System.Globalization;
using Postern.Firewall;
using Postern.Reports;
using Postern.Steward.Errands;
using Postern.Warden;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>The section <c>services</c>: what is protected, or run. <see cref="Names"/> holds those with faults too, so that no knock is blamed for them.</summary>
internal sealed class ServicesSection
{
    private const int MaxServices = 1024;

    private const int MaxPorts = 1024;

    private static readonly TimeSpan ShortestOpen = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestOpen = TimeSpan.FromDays(30);

    private static readonly KeyTable Keys = new("a service", ["ports", "open_for", "appear", "forward", "masquerade", "run", "undo", "run_as", "time_limit"], ["idle", "on_close"]);

    private readonly Dictionary<(Transport, int), string> _owners = [];

    private ServicesSection() { }

    public List<(Service Service, Place Place)> Services { get; } = [];

    /// <summary>Of the services that run something.</summary>
    public List<Errand> Actions { get; } = [];

    public HashSet<string> Names { get; } = new(StringComparer.Ordinal);

    public static ServicesSection Read(ImmutableArray<Entry> entries, Values values)
    {
        var section = new ServicesSection();
        foreach (var entry in entries)
            section.Names.Add(entry.Key.Text);
        if (entries.Length > MaxServices)
        {
            values.Faults.Add(entries[MaxServices].Key.Place, string.Create(CultureInfo.InvariantCulture, $"more than {MaxServices} services"), "protect runs of ports: tcp/8000-8010");
            return section;
        }

        foreach (var (name, map) in values.Named("service", entries))
            section.ReadOne(name, new Fields(map.Entries, values.Faults).Check(Keys), values);
        return section;
    }

    /// <summary>The service that protects one of these ports, if any does.</summary>
    public string? OwnerOf(PortRange ports)
    {
        for (int port = ports.First; port <= ports.Last; port++)
        {
            if (_owners.TryGetValue((ports.Transport, port), out var owner))
                return owner;
        }

        return null;
    }

    private void ReadOne(TextNode name, Fields fields, Values values)
    {
        if (ActionSection.IsOne(fields))
            ReadAction(name, fields, values);
        else
            ReadPlain(name, fields, values);
    }

    private void ReadAction(TextNode name, Fields fields, Values values)
    {
        var action = ActionSection.Read(name, fields, values);
        var service = new Service(name.Text, []) { Action = new(action.Fingerprint(), HasUndo: !action.Undo.IsEmpty) { TakesData = action.TakesData } };
        Services.Add((service with { OpenFor = values.Time("open_for", fields["open_for"], ShortestOpen, LongestOpen) ?? service.OpenFor }, name.Place));
        Actions.Add(action);
    }

    private void ReadPlain(TextNode name, Fields fields, Values values)
    {
        var service = new Service(name.Text, ReadPorts(name, fields, values));
        service = service with
        {
            Forward = ForwardSection.Read(name, fields, service.Ports, values),
            OpenFor = values.Time("open_for", fields["open_for"], ShortestOpen, LongestOpen) ?? service.OpenFor,
            Appear = values.Choice("appear", fields["appear"], [("silent", Appearance.Silent), ("closed", Appearance.Closed)]) ?? service.Appear,
        };
        Services.Add((service, name.Place));
    }

    private ImmutableArray<PortRange> ReadPorts(TextNode name, Fields fields, Values values)
    {
        var node = fields["ports"];
        if ((node is null && fields["forward"] is null && !fields.HasAny(Keys.Later)) || node is ListNode { Items: [] })
            values.Faults.Add(node?.Place ?? name.Place, $"the service '{name.Text}' has no ports", "write them: ports: [tcp/22]; or what to run: run: [/path/of/program]; or where to lead: forward: [10.0.0.0/24:22]");
        if (values.List("ports", node) is not { } list)
            return [];

        var ports = ImmutableArray.CreateBuilder<PortRange>();
        var count = 0;
        foreach (var item in list)
        {
            if (!PortRange.TryParse(item.Text, out var range))
            {
                values.Faults.Add(item.Place, $"{Quote(item.Text)} is not a port", PortText.Mend(item.Text));
                continue;
            }

            if ((count += range.Count) > MaxPorts)
            {
                values.Faults.Add(item.Place, string.Create(CultureInfo.InvariantCulture, $"the service '{name.Text}' has more than {MaxPorts} ports"), "protect fewer, or split it into several services");
                break;
            }

            if (OwnerOf(range) is { } owner)
            {
                var (who, mend) = string.Equals(owner, name.Text, StringComparison.Ordinal)
                    ? ($"is listed twice in the service '{owner}'", "remove it from one of the two places")
                    : ($"is protected by the service '{owner}' already, and again by '{name.Text}'", "let one service protect it, and open that one");
                values.Faults.Add(item.Place, $"{range} {who}", mend);
                continue;
            }

            for (int port = range.First; port <= range.Last; port++)
                _owners[(range.Transport, port)] = name.Text;
            ports.Add(range);
        }

        return ports.ToImmutable();
    }
}
