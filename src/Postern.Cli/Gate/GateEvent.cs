using Postern.Cli.Configuration;
using Postern.Cli.Control;
using Postern.Knocks.Sequences;
using Postern.Reports;

namespace Postern.Cli.Gate;

internal enum GateEventKind
{
    Report,
    Call,
    Reload,
    Rules,
    Stop,
}

/// <summary>
/// What wakes the warden's thread: a report of the sentry, a call over the control socket, a signal. A reload brings the configuration
/// with it, read by somebody else: a file can be slow, or a pipe that never ends.
/// </summary>
internal readonly record struct GateEvent(GateEventKind Kind, Report Report = default, ControlCall? Call = null, NextConfiguration? Next = null);

/// <summary>A configuration as it was read, and what follows from it and takes time.</summary>
internal sealed record NextConfiguration(ConfigurationResult Read, TrapPorts Traps)
{
    public static NextConfiguration Load(string path)
    {
        var read = ConfigurationReader.Read(path);
        return new(read, read.Configuration?.ChooseTraps() ?? TrapPorts.None);
    }
}
