using System.Collections.Immutable;
using System.Net;
using Postern.Knocks.Counted;
using Postern.Knocks.Sequences;
using Postern.Reports.Spa;

namespace Postern.Client;

/// <summary>How a knock is formed. When it is sent, and what is waited for, is the same for every method.</summary>
public interface IKnockMethod
{
    /// <summary>Of one round; at least one.</summary>
    int Packets { get; }

    /// <summary>Between two packets of a round; null: as the schedule has it.</summary>
    TimeSpan? Gap { get; }

    /// <summary>A second round would ask too much of somebody.</summary>
    bool IsOnce { get; }

    /// <summary>The gate may say what came of it.</summary>
    bool IsAnswered { get; }

    /// <summary>One round to this address, made now. It may take as long as a person takes.</summary>
    /// <exception cref="KnockException">It cannot be sent from here.</exception>
    Task<KnockLetter> WriteAsync(IPAddress target, KnockRound round, CancellationToken cancellation);
}

/// <summary>What one round sends.</summary>
/// <param name="Messages">In their order.</param>
public sealed record KnockLetter(ImmutableArray<KnockMessage> Messages) : IDisposable
{
    /// <summary>Reads what comes back to where the letter came from: null where it is not the gate's answer to this very letter. Not for several threads at once.</summary>
    public Func<ReadOnlyMemory<byte>, Receipt?>? Answer { get; init; }

    /// <summary>Which its datagrams come from; 0: any.</summary>
    public ushort SourcePort { get; init; }

    /// <summary>By which the answer is read; gone with the letter.</summary>
    public IDisposable? AnswerKey { get; init; }

    public void Dispose() => AnswerKey?.Dispose();
}

/// <summary>One packet of a knock. <paramref name="Payload"/> empty: of no consequence.</summary>
public readonly record struct KnockMessage(KnockPacket Packet, ReadOnlyMemory<byte> Payload)
{
    /// <summary>The same bytes as the message before it: it may leave while the service is already being looked at.</summary>
    public bool IsCopy { get; init; }

    /// <summary>Of TCP: the payload goes through a whole connection, not in the SYN.</summary>
    public bool IsStream { get; init; }

    /// <summary>Of TCP: what is to stand in the headers of a SYN that is written by hand; null: the system writes it.</summary>
    public SynToken? Syn { get; init; }

    public override string ToString() =>
        Payload.IsEmpty || Packet.Kind == StepKind.Echo ? Packet.ToString() : FormattableString.Invariant($"{Packet}+{Payload.Length}");
}
