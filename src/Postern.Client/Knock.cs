using System.Collections.Immutable;
using System.Net;
using Postern.Knocks.Sequences;
using Postern.Reports.Spa;

namespace Postern.Client;

/// <summary>How to knock, where, and what to wait for. <paramref name="Targets"/>: at most one address of each family; all are knocked at the same time.</summary>
public sealed record Knock(ImmutableArray<IPAddress> Targets, IKnockMethod Method)
{
    public Knock(ImmutableArray<IPAddress> targets, ImmutableArray<KnockStep> steps)
        : this(targets, new SequenceKnock(steps)) { }

    /// <summary>TCP ports of the service. Empty: the knock is sent once, and whether it did anything cannot be seen unless the gate sends receipts.</summary>
    public ImmutableArray<ushort> Ports { get; init; } = [];

    /// <summary>Whether the ports are to open, or (after the sequence that closes) to close.</summary>
    public bool UntilClosed { get; init; }

    /// <summary>From the first packet; then nobody waits any longer. The first round is always sent whole.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Between two packets; null: grows from round to round (<see cref="KnockSchedule"/>).</summary>
    public TimeSpan? Gap { get; init; }

    /// <summary>Looks at a port in a way of its own.</summary>
    internal Func<IPEndPoint, IPortWatch>? Watch { get; init; }

    /// <summary>Whether anything can be seen of what the knock does.</summary>
    internal bool IsSeen => !Ports.IsEmpty || Method.IsAnswered;
}

/// <summary>What is told while it runs: this round is being sent to this address.</summary>
public readonly record struct KnockSending(IPAddress Target, KnockRound Round, ImmutableArray<KnockMessage> Packets);

public enum KnockOutcome
{
    /// <summary>Sent; there was nothing to look at.</summary>
    Sent,

    /// <summary>Every port opened (or closed, where that was asked); where there was none to look at, the gate's receipt says so.</summary>
    Done,

    /// <summary>The time was up.</summary>
    NotDone,

    /// <summary>The gate's receipt says why not.</summary>
    Refused,
}

/// <summary>Why a port that did not open did not, as far as it can be seen from outside.</summary>
public enum PortAnswer
{
    /// <summary>Nothing came back at all: still hidden by a firewall, or the host is down.</summary>
    None,

    /// <summary>A TCP reset: a firewall that answers, or nobody listens behind an open one.</summary>
    Refused,

    /// <summary>The network says that it cannot get there.</summary>
    Unreachable,

    /// <summary>A connection stood: it is open.</summary>
    Connected,
}

/// <param name="Outcome">What came of it.</param>
/// <param name="Target">The address of which this is told: the one that opened first, or the first that was knocked at.</param>
/// <param name="Rounds">How often the sequence was sent to it.</param>
/// <param name="Elapsed">From the first packet to the connection that stood.</param>
/// <param name="SinceKnock">The same from the last packet before it.</param>
/// <param name="Answer">What the ports said last.</param>
public readonly record struct KnockResult(KnockOutcome Outcome, IPAddress Target, int Rounds, TimeSpan Elapsed, TimeSpan SinceKnock, PortAnswer Answer)
{
    /// <summary>What the gate said of the request, where it says anything.</summary>
    public Receipt? Receipt { get; init; }
}
