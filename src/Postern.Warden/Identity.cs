using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Postern.Keys.Ssh;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Warden;

/// <summary>A key that may ask, and what it may have. <paramref name="Name"/> is for people: it stands in audit lines.</summary>
public sealed record Identity(SshPublicKey Key, string Name)
{
    /// <summary>It may ask for every service; <see cref="Services"/> is then empty.</summary>
    public bool AnyService { get; init; }

    /// <summary>The services it may ask for; empty: none.</summary>
    public ImmutableArray<string> Services { get; init; } = [];

    /// <summary>Only to addresses in these; empty: to any.</summary>
    public ImmutableArray<IPNetwork> From { get; init; } = [];

    /// <summary>The longest that it may ask for; null: each service's own <see cref="Service.OpenFor"/>.</summary>
    public TimeSpan? Max { get; init; }

    /// <summary>Only then; empty: always.</summary>
    public ImmutableArray<WeeklyHours> Hours { get; init; } = [];

    /// <summary>From this moment on it may not.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Only where the client says that it runs on one of these; empty: on any.</summary>
    public ImmutableArray<ClientSystem> Systems { get; init; } = [];

    /// <summary>Only where the packet looks as if it came from one of these, whatever <see cref="Systems"/> says; empty: from any, and from none that we know.</summary>
    public ImmutableArray<ClientStack> Stacks { get; init; } = [];

    /// <summary>A request must name its address, so that it is worth nothing to whoever catches it.</summary>
    public bool RequireAddress { get; init; }

    /// <summary>A request that opens must name its source port, so that who shares the address is not let in with it.</summary>
    public bool RequireSourcePort { get; init; }

    public bool Revoked { get; init; }

    /// <summary>The key's hint as 16 hexadecimal digits: the holder of its grants.</summary>
    public string Hint { get; } = Key.Hint.ToString("x16", CultureInfo.InvariantCulture);

    internal bool MayUse(string service) => AnyService || Services.Contains(service, StringComparer.Ordinal);

    internal bool HasExpired(DateTimeOffset wall) => Expires is { } end && wall >= end;
}

/// <summary>Single packet authorization. <paramref name="GateId"/> is that of the gate's public key: a request for another gate is no good here.</summary>
public sealed record SpaOptions(ulong GateId, ImmutableArray<Identity> Identities)
{
    /// <summary>How far a client's clock may be off, to either side.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Of every key, whatever <see cref="Identity.RequireAddress"/> says.</summary>
    public bool RequireAddress { get; init; }

    /// <summary>Of every key, whatever <see cref="Identity.RequireSourcePort"/> says.</summary>
    public bool RequireSourcePort { get; init; }
}
