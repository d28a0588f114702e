using System.Collections.Immutable;
using Postern.Cli.Configuration;
using Postern.Cli.Control;
using Postern.Cli.Gate.Watch;
using Postern.Knocks.Sequences;
using Postern.Reports.Errands;
using Postern.Steward;
using Postern.Warden;

namespace Postern.Cli.Gate;

internal enum GateEventKind
{
    Call,
    Reload,
    Keys,
    Rules,
    Misconduct,
    Steward,
    Errand,
    Stop,
}

/// <summary>
/// What wakes the warden's thread, beside a report of the sentry: a call over the control socket, a word of the steward. A reload brings the configuration
/// with it, read by somebody else: a file can be slow.
/// </summary>
internal readonly record struct GateEvent(
    GateEventKind Kind,
    ControlCall? Call = null,
    NextConfiguration? Next = null,
    NextKeys? Keys = null,
    StewardMessage Said = default,
    ErrandNote Note = default,
    RunningSentry? Sentry = null,
    Misconduct Misconduct = default);

/// <summary>The file of keys as it was read, and what is wrong with it.</summary>
internal sealed record NextKeys(ImmutableArray<Identity> Identities, ImmutableArray<Fault> Faults)
{
    /// <summary>Names of services are not looked up: which there are may change before these are used, and one that is not there opens nothing.</summary>
    public static NextKeys Load(string path)
    {
        var faults = new FaultList();
        return new(AuthorizedKeys.Read(path, services: null, faults), [.. faults.Faults]);
    }
}

/// <summary>A configuration as it was read, what follows from it and takes time, and the sentry that would watch by it.</summary>
internal sealed record NextConfiguration(ConfigurationResult Read, TrapPorts Traps)
{
    /// <summary>Started already, so that the change of guard takes no time; null: the configuration cannot be taken.</summary>
    public RunningSentry? Sentry { get; init; }

    /// <summary>Not read, but the one before, after a trial.</summary>
    public bool GoesBack { get; init; }

    /// <summary>Why there is no sentry, and the mend.</summary>
    public ControlFailure? Failure { get; init; }

    public static NextConfiguration Load(string path)
    {
        var read = ConfigurationReader.ReadForGate(path);
        return new(read, read.Configuration?.ChooseTraps() ?? TrapPorts.None);
    }
}
