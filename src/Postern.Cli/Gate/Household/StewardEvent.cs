using System.Collections.Immutable;
using Postern.Confinement;

namespace Postern.Cli.Gate.Household;

internal enum StewardEventKind
{
    Said,
    Ended,
    Reload,
    Stop,
}

/// <summary>What wakes the steward: a message of the warden, the end of a child, a signal.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Life">Of the warden that it comes from, or that the child belongs to: an old one's words mean nothing to the next.</param>
/// <param name="Message">What was said.</param>
/// <param name="Descriptors">What came with it.</param>
/// <param name="Sentry">Whose end it is: the id of a sentry, or 0 for the warden.</param>
/// <param name="Status">How it ended.</param>
internal readonly record struct StewardEvent(
    StewardEventKind Kind, int Life = 0, ReadOnlyMemory<byte> Message = default, ImmutableArray<Descriptor> Descriptors = default, int Sentry = 0, ExitStatus Status = default);
