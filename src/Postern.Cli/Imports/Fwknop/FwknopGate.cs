using System.Collections.Immutable;
using Postern.Reports;

namespace Postern.Cli.Imports.Fwknop;

/// <summary>What a server of fwknop becomes: a part of a configuration of ours, and the files of keys beside it.</summary>
internal sealed class FwknopGate
{
    /// <summary>Where packets are looked for: <c>udp/62201</c>, <c>icmp</c>.</summary>
    public List<string> Ports { get; } = [];

    public bool Http { get; set; }

    public Dictionary<string, GateService> Services { get; } = new(StringComparer.Ordinal);

    public List<GateKnock> Knocks { get; } = [];

    /// <summary>The service of one port; several stanzas may ask for it. None where it leads elsewhere for another: this one's users would come to where they were never meant to.</summary>
    public string[] ServiceFor(PortRange port, TimeSpan openFor, string? forward, FwknopLine line, ImportNotes notes)
    {
        var name = port.ToString().Replace('/', '-');
        if (!Services.TryGetValue(name, out var service))
        {
            Services[name] = new(name) { Port = port, OpenFor = openFor, Forward = forward };
            return [name];
        }

        if (!string.Equals(service.Forward, forward, StringComparison.Ordinal))
        {
            notes.Add(line.File, line.Number, $"{port} leads elsewhere by another stanza, and a service has one end: it is left out here; give one of the two another port");
            return [];
        }

        if (service.OpenFor != openFor)
        {
            notes.Add(line.File, line.Number, $"{port} is open for another time by another stanza, and a service has one: the shorter is taken");
            Services[name] = service = service with { OpenFor = openFor < service.OpenFor ? openFor : service.OpenFor };
        }

        return [name];
    }
}

/// <summary>A service: a port, an action, or what NAT requests may name.</summary>
internal sealed record GateService(string Name)
{
    public PortRange? Port { get; init; }

    public TimeSpan? OpenFor { get; init; }

    public string? Forward { get; init; }

    /// <summary>Networks and ports that a request may name.</summary>
    public ImmutableArray<string> ForwardTo { get; init; } = [];

    public ImmutableArray<string> Run { get; init; } = [];

    public ImmutableArray<string> Undo { get; init; } = [];
}

/// <summary>A stanza. The keys are base64, whatever they were written as.</summary>
internal sealed record GateKnock(string Name, FwknopLine Source)
{
    public required string Key { get; init; }

    public string? HmacKey { get; init; }

    public string HmacDigest { get; init; } = "sha256";

    public string Mode { get; init; } = "cbc";

    public ImmutableArray<string> Sources { get; init; } = [];

    public ImmutableArray<string> Destinations { get; init; } = [];

    public TimeSpan MaxTime { get; init; }

    public TimeSpan? MaxAge { get; init; }

    public bool RequireAddress { get; init; }

    public string? User { get; init; }

    public string? Expires { get; init; }

    public ImmutableArray<string> Opens { get; init; } = [];

    public ImmutableSortedDictionary<string, string> Commands { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
