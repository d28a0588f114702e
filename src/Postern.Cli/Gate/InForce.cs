using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Postern.Cli.Configuration;
using Postern.Firewall;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Sentry;
using Postern.Warden;

namespace Postern.Cli.Gate;

/// <summary>What the gate guards by at this moment, and in the words of each of those who guard. Changed by the warden's thread; any may look.</summary>
internal sealed class InForce(GateConfiguration configuration, SpaKeeper? spa)
{
    private volatile GateConfiguration _configuration = configuration;

    public GateConfiguration Configuration
    {
        get => _configuration;
        set => _configuration = value;
    }

    public SpaKeeper? Spa => spa;

    /// <summary>Of any configuration that could be put in force.</summary>
    public SentryOptions ForSentry(GateConfiguration configuration, TrapPorts traps, uint generation) => new(generation, configuration.Sequences)
    {
        Traps = traps,
        Spa = configuration.Spa is { } settings ? spa!.ForSentry(settings) : null,
        Fwknop = ForSentry(configuration.Fwknop),
        Tokens = configuration.TokensWithSecret.Any() ? new([.. configuration.TokensWithSecret.Select(t => t.ForSentry())], Seed()) : null,
    };

    /// <summary>The orders of the sentry whose reports count.</summary>
    public SentryOptions? Watched { get; set; }

    /// <summary>What the firewall must hold up, and what it is to copy to a sentry by these orders.</summary>
    public static Protection Protect(GateConfiguration configuration, SentryOptions watched) => configuration.Capture.Way == CaptureWay.Nflog
        ? configuration.Protection with { Knocks = KnockLogText.Of(configuration.Capture.Group, watched.Filter()) }
        : configuration.Protection;

    /// <summary>Null where there is nothing to look for. With a seed of its own each time: nobody can have learnt it.</summary>
    private static FwknopWatchOptions? ForSentry(FwknopSettings settings)
    {
        if (!settings.Stanzas.Any())
            return null;
        return new([.. settings.Stanzas.Select(s => s.ForSentry())], Seed())
        {
            UdpPorts = Of(Transport.Udp),
            TcpPorts = Of(Transport.Tcp),
            Icmp = settings.Icmp,
            Http = settings.Http,
        };

        ImmutableArray<FilterPorts> Of(Transport transport) => [.. settings.Of(transport).Select(p => new FilterPorts(p.First, p.Last))];
    }

    private static UInt128 Seed()
    {
        Span<byte> seed = stackalloc byte[16];
        RandomNumberGenerator.Fill(seed);
        return BinaryPrimitives.ReadUInt128LittleEndian(seed);
    }

    public WardenOptions ForWarden(GateConfiguration configuration) =>
        configuration.Warden with { Spa = configuration.Spa is { } settings ? spa!.ForWarden(settings) : null };
}
