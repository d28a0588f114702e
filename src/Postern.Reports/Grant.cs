using System.Collections.Immutable;

namespace Postern.Reports;

/// <summary>What a client got: this service, to this address, until then (by <see cref="Moment.Uptime"/>).</summary>
public sealed record Grant(string Service, Address Source, ImmutableArray<PortRange> Ports, TimeSpan Until);
