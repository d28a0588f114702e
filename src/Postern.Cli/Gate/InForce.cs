using System.Collections.Immutable;
using Postern.Cli.Configuration;
using Postern.Firewall;
using Postern.Keys;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Sentry;
using Postern.Warden;
using Postern.Warden.Ledger;

namespace Postern.Cli.Gate;

/// <summary>What the gate guards by at this moment, and in the words of each of those who guard. Changed by the warden's thread; any may look.</summary>
internal sealed class InForce(GateConfiguration configuration, SpaKeeper? spa, LedgerFile? ledger = null)
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
        Tokens = configuration.TokensWithSecret.Any() ? new([.. configuration.TokensWithSecret.Select(ForSentry)], Chance.Seed()) : null,
    };

    /// <summary>A counter goes on where the ledger has it, at whichever time a sentry is told of it.</summary>
    private TokenWatch ForSentry(TokenKnockSettings knock)
    {
        var watch = knock.ForSentry();
        if (ledger is null || watch is not KnockknockWatch counted)
            return watch;
        var (series, first) = (knock.Fingerprint, counted.Next);
        return counted with { Next = () => Math.Max(first(), ledger.NextOf(series)) };
    }

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
        return new([.. settings.Stanzas.Select(s => s.ForSentry())], Chance.Seed())
        {
            UdpPorts = Of(Transport.Udp),
            TcpPorts = Of(Transport.Tcp),
            Icmp = settings.Icmp,
            Http = settings.Http,
        };

        ImmutableArray<FilterPorts> Of(Transport transport) => [.. settings.Of(transport).Select(p => new FilterPorts(p.First, p.Last))];
    }

    public WardenOptions ForWarden(GateConfiguration configuration) =>
        configuration.Warden with { Spa = configuration.Spa is { } settings ? spa!.ForWarden(settings) : null };
}
