using System.Collections.Immutable;

namespace Postern.Reports;

/// <summary>What a client got: this service, to this address, until then (by <see cref="Moment.Uptime"/>).</summary>
public sealed record Grant(string Service, Address Source, ImmutableArray<PortRange> Ports, TimeSpan Until)
{
    /// <summary>The only port that the client may connect from; 0: any.</summary>
    public ushort SourcePort { get; init; }

    /// <summary>Whose key it was granted to: its hint as 16 hexadecimal digits. Empty where no key asked.</summary>
    public string Holder { get; init; } = "";
}
