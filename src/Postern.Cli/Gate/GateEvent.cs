using Postern.Cli.Control;
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

/// <summary>What wakes the warden's thread: a report of the sentry, a call over the control socket, a signal.</summary>
internal readonly record struct GateEvent(GateEventKind Kind, Report Report = default, ControlCall? Call = null);
