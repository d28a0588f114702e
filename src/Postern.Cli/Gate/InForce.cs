using Postern.Cli.Configuration;
using Postern.Knocks.Sequences;
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
    };

    public WardenOptions ForWarden(GateConfiguration configuration) =>
        configuration.Warden with { Spa = configuration.Spa is { } settings ? spa!.ForWarden(settings) : null };
}
