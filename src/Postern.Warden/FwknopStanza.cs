using System.Collections.Immutable;
using System.Net;
using Postern.Keys.Fwknop;

namespace Postern.Warden;

/// <summary>A knock by the method fwknop, as fwknop's access.conf has its stanzas: whose keys open its packets, and what these may ask for.</summary>
/// <param name="Name">Of the knock.</param>
/// <param name="Key">That its packets are encrypted with. It stays the caller's.</param>
/// <param name="Mode">How.</param>
public sealed record FwknopStanza(string Name, FwknopCipherKey Key, FwknopMode Mode)
{
    /// <summary>The key of its tags; null: they have none. It stays the caller's.</summary>
    public FwknopMacKey? Tag { get; init; }

    /// <summary>Only packets from these; empty: from anybody.</summary>
    public ImmutableArray<IPNetwork> Sources { get; init; } = [];

    /// <summary>Only packets to these; empty: to any address of this host.</summary>
    public ImmutableArray<IPNetwork> Destinations { get; init; } = [];

    /// <summary>The longest that a packet may ask for. Without a time of its own it is each service's <see cref="Service.OpenFor"/>.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How far a packet's time may be from the gate's clock, to either side.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>A packet must name the address to let in, so that it is worth nothing to whoever catches it.</summary>
    public bool RequireAddress { get; init; } = true;

    /// <summary>Whom it must name as its user; null: anybody.</summary>
    public string? User { get; init; }

    /// <summary>From this moment on it opens nothing.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>The services that may be asked for, by their ports or, of forwards, by where they lead.</summary>
    public ImmutableArray<string> Opens { get; init; } = [];

    /// <summary>What may be asked to be run: the exact text of a command, and the service that stands for it.</summary>
    public ImmutableDictionary<string, string> Commands { get; init; } = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);

    internal bool TakesFrom(IPAddress source, IPAddress destination) =>
        (Sources.IsEmpty || Sources.Holds(source)) && (Destinations.IsEmpty || Destinations.Holds(destination));

    internal bool HasExpired(DateTimeOffset wall) => Expires is { } end && wall >= end;
}
