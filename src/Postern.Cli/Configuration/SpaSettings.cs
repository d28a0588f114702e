using System.Collections.Immutable;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Warden;

namespace Postern.Cli.Configuration;

/// <summary>What the section <c>spa</c> says. A default-constructed one is what it says when it says nothing.</summary>
internal sealed record SpaSettings
{
    public const string UsualKeyFile = "/etc/postern/gate.key";
    public const string UsualAuthorizedKeysFile = "/etc/postern/authorized_keys";

    /// <summary>IANA's for fwknop, so that operators find it where they look.</summary>
    public const ushort UsualPort = 62201;

    /// <summary>UDP datagrams, and TCP SYNs that carry data, to these.</summary>
    public ImmutableArray<PortRange> Ports { get; init; } = [new(Transport.Udp, UsualPort)];

    /// <summary>The same where the port is another one in each time step.</summary>
    public ImmutableArray<MovingPort> MovingPorts { get; init; } = [];

    /// <summary>Echo requests too.</summary>
    public bool Echo { get; init; }

    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(60);

    public string KeyFile { get; init; } = UsualKeyFile;

    public string AuthorizedKeysFile { get; init; } = UsualAuthorizedKeysFile;

    public bool RequireAddress { get; init; }

    public bool RequireSourcePort { get; init; }

    public bool Receipt { get; init; }

    /// <summary>Who may come in, as the file of keys has it.</summary>
    public ImmutableArray<Identity> Identities { get; init; } = [];

    public SpaOptions ForWarden(ulong gateId) => new(gateId, Identities)
    {
        ClockSkew = ClockSkew,
        RequireAddress = RequireAddress,
        RequireSourcePort = RequireSourcePort,
    };

    /// <summary>All of the above as clients and people are told.</summary>
    public IEnumerable<string> Places => [.. MovingPorts.Select(p => p.ToString()), .. Ports.Select(p => p.ToString()), .. Echo ? ["icmp"] : Array.Empty<string>()];

    public IEnumerable<PortRange> Of(Transport transport) => Ports.Where(p => p.Transport == transport);
}
