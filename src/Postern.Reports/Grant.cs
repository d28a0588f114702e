using System.Collections.Immutable;

namespace Postern.Reports;

/// <summary>What a client got: this service, to this address, until then (by <see cref="Moment.Uptime"/>).</summary>
public sealed record Grant(string Service, Address Source, ImmutableArray<PortRange> Ports, TimeSpan Until)
{
    /// <summary>The only port that the client may connect from; 0: any.</summary>
    public ushort SourcePort { get; init; }

    /// <summary>The one port of the service that it is for, and then all of <see cref="Ports"/>; null: it is for all that the service has.</summary>
    public PortRange? Only { get; init; }

    /// <summary>Whose key it was granted to: its hint as 16 hexadecimal digits. Empty where no key asked.</summary>
    public string Holder { get; init; } = "";

    /// <summary>What rode along with the knock, for the command of an action; empty: nothing.</summary>
    public string Data { get; init; } = "";

    /// <summary>Where whoever connects to <see cref="Ports"/> is led; null: he reaches this host.</summary>
    public ForwardTarget? Forward { get; init; }

    /// <summary>The request chose the port and where it leads, so that one address may hold several of a service. <see cref="Ports"/> is that one port.</summary>
    public bool IsChosen { get; init; }

    /// <summary>What the request chose; null where it is the service that says.</summary>
    public PortForward? Chosen => IsChosen && Forward is { } target ? new(Ports[0].Transport, Ports[0].First, target) : null;
}
