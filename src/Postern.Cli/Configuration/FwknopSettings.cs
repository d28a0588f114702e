using System.Collections.Immutable;
using System.Net;
using Postern.Keys.Fwknop;
using Postern.Reports;
using Postern.Sentry;
using Postern.Warden;

namespace Postern.Cli.Configuration;

/// <summary>What the section <c>fwknop</c> says, and the knocks by that method. A default-constructed one is what it says when it says nothing.</summary>
internal sealed record FwknopSettings
{
    /// <summary>IANA's for it.</summary>
    public const ushort UsualPort = 62201;

    /// <summary>Where packets are looked for.</summary>
    public ImmutableArray<PortRange> Ports { get; init; } = [new(Transport.Udp, UsualPort)];

    /// <summary>Messages of ICMP too.</summary>
    public bool Icmp { get; init; }

    /// <summary>Requests of HTTP are looked into.</summary>
    public bool Http { get; init; }

    /// <summary>In the order of the configuration; those too whose keys could not be read, and which open nothing.</summary>
    public ImmutableArray<FwknopKnock> Knocks { get; init; } = [];

    /// <summary>The knocks that have keys: the stanzas of the sentry and of the warden, in one order.</summary>
    public IEnumerable<FwknopKnock> Stanzas => Knocks.Where(k => k.Keys is not null);

    public IEnumerable<PortRange> Of(Transport transport) => Ports.Where(p => p.Transport == transport);
}

/// <summary>A knock by the method fwknop.</summary>
internal sealed record FwknopKnock(string Name, Place Place, string KeysFile)
{
    public ImmutableArray<IPNetwork> Sources { get; init; } = [];

    public ImmutableArray<IPNetwork> Destinations { get; init; } = [];

    public TimeSpan MaxTime { get; init; } = TimeSpan.FromMinutes(5);

    public TimeSpan MaxAge { get; init; } = TimeSpan.FromSeconds(120);

    public bool RequireAddress { get; init; } = true;

    public string? User { get; init; }

    public DateTimeOffset? Expires { get; init; }

    public ImmutableArray<string> Opens { get; init; } = [];

    public ImmutableDictionary<string, string> Commands { get; init; } = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>As the file of keys has them; null: it has faults, and the knock opens nothing.</summary>
    public FwknopKeySet? Keys { get; init; }

    public FwknopStanza ForWarden() => new(Name, Keys!.Key, Keys.Mode)
    {
        Tag = Keys.Tag,
        Sources = Sources,
        Destinations = Destinations,
        MaxTime = MaxTime,
        MaxAge = MaxAge,
        RequireAddress = RequireAddress,
        User = User,
        Expires = Expires,
        Opens = Opens,
        Commands = Commands,
    };

    /// <summary>The key that encrypts stays here, unless there is nothing else to know its packets by.</summary>
    public FwknopWatch ForSentry() => new(Keys!.Tag, Keys.Tag is null ? Keys.Key : null, Keys.Mode) { Sources = Sources, Destinations = Destinations };
}

/// <param name="Key">That packets are encrypted with.</param>
/// <param name="Mode">How.</param>
/// <param name="Tag">Of the HMAC; null: there is none.</param>
internal sealed record FwknopKeySet(FwknopCipherKey Key, FwknopMode Mode, FwknopMacKey? Tag);
