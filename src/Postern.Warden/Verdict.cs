using System.Collections.Immutable;
using Postern.Reports;

namespace Postern.Warden;

/// <summary>What became of one service that was asked for: granted until then (null: closed), or why not.</summary>
public readonly record struct ServiceOutcome(string Service, Refusal Refusal, DateTimeOffset? Until);

/// <summary>What became of a report.</summary>
/// <param name="Refusal">Why not, or why not all of it; none where all was done.</param>
public readonly record struct Verdict(Refusal Refusal)
{
    private readonly ImmutableArray<ServiceOutcome> _outcomes;

    /// <summary>Of each service, where it came so far; empty where the report was refused as a whole.</summary>
    public ImmutableArray<ServiceOutcome> Outcomes
    {
        get => _outcomes.IsDefault ? [] : _outcomes;
        init => _outcomes = value;
    }

    /// <summary>
    /// A receipt may go out (spec §9): the request asks for one, its signature is good, its key not revoked, it is for this gate, and newer than all
    /// that was accepted of it. Of one that may have been accepted before, late ones included, it is false: whoever sends one again learns nothing.
    /// </summary>
    public bool ReceiptDue => !ReceiptKey.IsEmpty;

    /// <summary>The client's one-time key, to which the receipt is sealed; empty where none is due.</summary>
    public ReadOnlyMemory<byte> ReceiptKey { get; init; }

    /// <summary>The knock of which a one-time sequence was used up; null: none was.</summary>
    public string? UsedUp { get; init; }

    public bool Equals(Verdict other) => Refusal == other.Refusal && ReceiptKey.Span.SequenceEqual(other.ReceiptKey.Span) && Outcomes.SequenceEqual(other.Outcomes);

    public override int GetHashCode() => HashCode.Combine(Refusal, Outcomes.Length, ReceiptKey.Length);
}
