using System.Collections.Immutable;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Sentry;

/// <summary>Where the sentry looks for SPA packets, and what it opens them with.</summary>
/// <param name="OuterKey">Of the gate secret. It and the next stay the caller's, and must live as long as the sentry.</param>
/// <param name="GateKey">To which requests are sealed.</param>
/// <param name="Seed">128 bits of chance that nobody else knows: they key the tables that strangers' packets meet.</param>
public sealed record SpaWatchOptions(OuterKey OuterKey, BoxKeyPair GateKey, UInt128 Seed)
{
    /// <summary>Datagrams to these ports are read as SPA packets.</summary>
    public ImmutableArray<FilterPorts> UdpPorts { get; init; } = [];

    /// <summary>The same for the data of a SYN, as TCP Fast Open sends it.</summary>
    public ImmutableArray<FilterPorts> TcpPorts { get; init; } = [];

    /// <summary>The same where the port moves: at those of now, of the pools.</summary>
    public ImmutableArray<MovingPort> MovingPorts { get; init; } = [];

    /// <summary>The same for the data of echo requests, ICMP and ICMPv6.</summary>
    public bool Echo { get; init; }

    public OpeningLimits Limits { get; init; } = new();

    internal IEnumerable<FilterPorts> PoolsOf(Transport transport) => MovingPorts.Where(p => p.Pool.Transport == transport).Select(p => new FilterPorts(p.Pool.First, p.Pool.Last));
}

/// <summary>So many in a second on average, and so many at once after a rest.</summary>
public readonly record struct OpeningRate(int PerSecond, int Burst);

/// <summary>How many packets the gate opens with its private key.</summary>
public sealed record OpeningLimits
{
    /// <summary>A third of one core.</summary>
    public OpeningRate InAll { get; init; } = new(10_000, 1_000);

    /// <summary>For an IPv4 address or an IPv6 /64.</summary>
    public OpeningRate PerHost { get; init; } = new(50, 20);

    /// <summary>For an IPv4 /24 or an IPv6 /48.</summary>
    public OpeningRate PerNetwork { get; init; } = new(200, 80);

    /// <exception cref="ArgumentOutOfRangeException">A rate of nothing, or beyond a million.</exception>
    internal void Validate()
    {
        foreach (var rate in (ReadOnlySpan<OpeningRate>)[InAll, PerHost, PerNetwork])
        {
            if (rate.PerSecond is < 1 or > 1_000_000 || rate.Burst is < 1 or > 1_000_000)
                throw new ArgumentOutOfRangeException(null, rate, "a rate is 1 to 1 000 000 a second, and as many at once");
        }
    }
}
