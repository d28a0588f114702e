using System.Collections.Immutable;
using System.Net;
using Postern.Keys.Fwknop;
using Postern.Packets;

namespace Postern.Sentry;

/// <summary>Where the sentry looks for packets of fwknop, and by whose keys it knows them.</summary>
/// <param name="Stanzas">In the order of the configuration: where several fit, the first decides, and its place is the door of the report.</param>
/// <param name="Seed">128 bits of chance that nobody else knows: they key the tables that strangers' packets meet.</param>
public sealed record FwknopWatchOptions(ImmutableArray<FwknopWatch> Stanzas, UInt128 Seed)
{
    /// <summary>Datagrams to these ports are looked at.</summary>
    public ImmutableArray<FilterPorts> UdpPorts { get; init; } = [];

    /// <summary>The same for segments that carry data, whatever their flags.</summary>
    public ImmutableArray<FilterPorts> TcpPorts { get; init; } = [];

    /// <summary>The same for messages of ICMP (IPv4) of any type.</summary>
    public bool Icmp { get; init; }

    /// <summary>Requests of HTTP are looked into.</summary>
    public bool Http { get; init; }

    public TrialLimits Limits { get; init; } = new();
}

/// <summary>
/// A stanza as the sentry knows it: by the key of its tags, and never the one that encrypts; only where it has no key for tags, by the latter. The keys stay the
/// caller's, and must live as long as the sentry.
/// </summary>
/// <param name="Tag">Null: its packets have no tag.</param>
/// <param name="Cipher">Null where there is <paramref name="Tag"/>.</param>
/// <param name="Mode">Of <paramref name="Cipher"/>.</param>
public sealed record FwknopWatch(FwknopMacKey? Tag, FwknopCipherKey? Cipher, FwknopMode Mode)
{
    /// <summary>Only packets from these; empty: from anybody.</summary>
    public ImmutableArray<IPNetwork> Sources { get; init; } = [];

    /// <summary>Only packets to these; empty: to any address of this host.</summary>
    public ImmutableArray<IPNetwork> Destinations { get; init; } = [];
}

/// <summary>
/// How many keys are tried, packet after packet. One trial is an HMAC or the decryption of one block, some 5 µs; a packet costs as many as there are keys that it could be of, and so
/// where a thousand stanzas take anybody's, a thousand.
/// </summary>
public sealed record TrialLimits
{
    /// <summary>A core or a little less, at the worst. Where it is short, chance decides.</summary>
    public OpeningRate InAll { get; init; } = new(200_000, 20_000);

    /// <summary>
    /// No more than the whole, for an address and for its network alike: nothing has been proven before a trial, and anybody can send in another's name. A limit by
    /// source would be a way to shut out whom one likes, with a few packets a second.
    /// </summary>
    public OpeningRate PerHost { get; init; } = new(1_000_000, 100_000);

    /// <summary>The same.</summary>
    public OpeningRate PerNetwork { get; init; } = new(1_000_000, 100_000);

    /// <summary>Room for a few packets that cost so much, at once, whatever is written above: otherwise none would ever be looked at.</summary>
    internal OpeningLimits For(int most) => new()
    {
        InAll = AtLeast(InAll, 8 * most),
        PerHost = AtLeast(PerHost, 2 * most),
        PerNetwork = AtLeast(PerNetwork, 4 * most),
    };

    private static OpeningRate AtLeast(OpeningRate rate, int burst) => rate with { Burst = Math.Max(rate.Burst, Math.Min(burst, 1_000_000)) };
}
