using System.Collections.Immutable;
using System.Globalization;
using Postern.Firewall;
using Postern.Reports;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>The keys <c>forward</c> and <c>masquerade</c> of a service: where it leads, instead of to this host.</summary>
internal static class ForwardSection
{
    private const int MaxNetworks = 64;

    private const string Fixed = "write an address and a port: forward: 10.0.0.5:22, forward: \"[fd00::5]:22\"";

    private const string Chosen = "write addresses or networks, each with a port or '*': forward: [10.0.0.0/24:22, \"[fd00::/64]:22\"]";

    /// <summary>Null where the service leads nowhere, or where what it says is faulty.</summary>
    public static ForwardRule? Read(TextNode name, Fields fields, ImmutableArray<PortRange> ports, Values values)
    {
        if (fields["forward"] is not { } node)
        {
            if (fields["masquerade"] is { } alone)
                values.Faults.Add(alone.Place, $"the service '{name.Text}' has 'masquerade' and no 'forward'", "remove it, or write where to: forward: 10.0.0.5:22");
            return null;
        }

        if (node is ListNode { Items: [] })
            values.Faults.Add(node.Place, "'forward' is an empty list", fields["ports"] is null ? Chosen : Fixed);
        var items = values.List("forward", node) ?? [];
        var rule = fields["ports"] is { } listed ? ReadFixed(name, items, ports, listed.Place, values.Faults) : ReadChosen(items, fields["appear"], values.Faults);
        return rule with { Masquerade = values.Choice("masquerade", fields["masquerade"], [("true", true), ("false", false)]) ?? false };
    }

    private static ForwardRule ReadFixed(TextNode name, ImmutableArray<TextNode> items, ImmutableArray<PortRange> ports, Place listed, FaultList faults)
    {
        if (ports.Any(range => range.Count > 1))
            faults.Add(listed, $"the service '{name.Text}' leads a run of ports to one", "list each port that is to lead there, or make a service of each");
        var targets = ImmutableArray.CreateBuilder<ForwardTarget>();
        foreach (var item in items)
        {
            if (!ForwardTarget.TryParse(item.Text, out var target) || target.IsHere)
                faults.Add(item.Place, $"{Quote(item.Text)} is no place to lead to", MendOfFixed(item.Text));
            else if (!ForwardRule.IsReachable(target.To))
                faults.Add(item.Place, $"no forward may lead to {target.To}", "name an address of another host that this one can reach");
            else if (targets.Any(other => other.To.IsV4 == target.To.IsV4))
                faults.Add(item.Place, $"the service '{name.Text}' leads to two places of one family", "leave one for IPv4 and one for IPv6 at most, or make two services");
            else
                targets.Add(target);
        }

        return new() { Fixed = targets.ToImmutable() };
    }

    /// <summary>A network, where one place is called for.</summary>
    private static string MendOfFixed(string text) => text.Contains('/', StringComparison.Ordinal)
        ? "name one address; or remove 'ports', and a request chooses the port and the target"
        : Fixed;

    private static ForwardRule ReadChosen(ImmutableArray<TextNode> items, Node? appear, FaultList faults)
    {
        if (appear is not null)
            faults.Add(appear.Place, "'appear' is of ports, and here a request chooses the port", "remove it");
        if (items.Length > MaxNetworks)
            faults.Add(items[MaxNetworks].Place, string.Create(CultureInfo.InvariantCulture, $"'forward' has more than {MaxNetworks} networks"), "name larger ones, or make several services");
        return new() { Within = [.. items.Take(MaxNetworks).Select(item => ReadNetwork(item, faults)).OfType<ForwardNetwork>()] };
    }

    private static ForwardNetwork? ReadNetwork(TextNode item, FaultList faults)
    {
        if (!TryParse(item.Text, out var network, out var mend))
        {
            faults.Add(item.Place, $"{Quote(item.Text)} is no place to lead to", mend);
            return null;
        }

        var isAnywhere = network.Network.PrefixLength == 0;
        if (!isAnywhere && !ForwardRule.IsReachable(Address.From(network.Network.BaseAddress)))
            faults.Add(item.Place, $"no forward may lead to {network.Network.BaseAddress}", "name addresses of other hosts that this one can reach");
        if (isAnywhere && network.Port == 0)
            faults.Warn(item.Place, $"{Quote(item.Text)} lets a request lead to whatever this host can reach", "name the networks that are meant");
        return network;
    }

    private static bool TryParse(string text, out ForwardNetwork network, out string mend)
    {
        (network, mend) = (default, Chosen);
        var colon = text.LastIndexOf(':');
        if (colon < 1)
            return false;
        var (host, port) = (text[..colon], text[(colon + 1)..]);
        var isBracketed = host.Length > 2 && host[0] == '[' && host[^1] == ']';
        ushort number = 0;
        if (port is not "*" && (!Digits.TryParse(port, out number) || number == 0))
            return false;
        if (host.Contains(':', StringComparison.Ordinal) != isBracketed || !Network.TryParse(isBracketed ? host[1..^1] : host, out var net, out mend))
            return false;
        network = new(net, number);
        return true;
    }

    /// <summary>As <see cref="Read"/> takes it.</summary>
    public static ImmutableArray<string> Format(ForwardRule rule) =>
        [.. rule.Fixed.Select(target => target.ToString()), .. rule.Within.Select(Format)];

    private static string Format(ForwardNetwork network)
    {
        var text = Network.Format(network.Network);
        var port = network.Port == 0 ? "*" : network.Port.ToString(CultureInfo.InvariantCulture);
        return text.Contains(':', StringComparison.Ordinal) ? $"[{text}]:{port}" : $"{text}:{port}";
    }
}
