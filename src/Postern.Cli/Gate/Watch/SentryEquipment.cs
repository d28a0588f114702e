using System.Collections.Immutable;
using Postern.Cli.Gate.Household;
using Postern.Confinement;

namespace Postern.Cli.Gate.Watch;

/// <summary>
/// What a sentry is handed, with the one message that it ever gets:
/// <code>
/// version = 1                 1 byte; with it, as descriptors (SCM_RIGHTS):
/// orders                      a pipe, read to its end
/// reports                     a channel
/// watched                     a page of memory that says whether somebody watches
/// sockets to capture from     one or more
/// </code>
/// </summary>
internal sealed record SentryEquipment(Descriptor Orders, Descriptor Reports, Descriptor Watched, ImmutableArray<Descriptor> Capture)
{
    public const byte Version = 1;

    /// <summary>Where it comes from, as the steward started us (<see cref="Recruit"/>).</summary>
    private const int WayAt = 3;

    private const int Before = 3;

    private const int Least = Before + 1;

    /// <summary>So many sockets to capture from fit into the message.</summary>
    public const int MostSockets = Channel.MaxDescriptors - Before;

    /// <summary>Waits for it. Null: whoever started us is gone, or is not the steward.</summary>
    public static SentryEquipment? Await()
    {
        using var way = Channel.Adopt(Descriptor.Adopt(WayAt));
        Span<byte> message = stackalloc byte[1];
        var reception = way.Receive(message, Channel.MaxDescriptors);
        return reception.Outcome == Received.Message && message[0] == Version && reception.Descriptors is { Length: >= Least } handed
            ? new(handed[0], handed[1], handed[2], handed[Before..])
            : null;
    }
}
