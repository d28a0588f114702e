using System.Collections.Immutable;
using Postern.Reports;

namespace Postern.Knocks.Sequences;

public enum StepOrder
{
    /// <summary>The steps may arrive in any order: reordering on the way does not matter.</summary>
    Any,

    /// <summary>The steps must arrive as written; one that comes too early undoes the attempt.</summary>
    Strict,
}

/// <summary>Whose packets count.</summary>
public enum IpFamily : byte
{
    Both,
    V4,
    V6,
}

/// <summary>A secret series of packets, all of one source, that must arrive within a time. Limits are checked where it is read (the rules of a sequence).</summary>
public sealed record KnockSequence(string Name, ImmutableArray<KnockStep> Steps)
{
    public StepOrder Order { get; init; } = StepOrder.Any;

    /// <summary>From the first to the last packet.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A TCP step counts only segments whose flags are so; others are as if they had not been sent.</summary>
    public TcpFlagCondition TcpFlags { get; init; } = TcpFlagCondition.Connect;

    /// <summary>
    /// As knockd has it, with <see cref="StepOrder.Strict"/>: any packet of this source that some sequence names, and that is not the one due, voids the attempt; a
    /// duplicate does, and so does a packet that somebody else sends in its name. While an attempt of a source is under way no other begins.
    /// </summary>
    public bool Alone { get; init; }

    public IpFamily Family { get; init; } = IpFamily.Both;

    /// <summary>Only packets to one of these addresses count; none: to any.</summary>
    public ImmutableArray<Address> To { get; init; } = [];

    /// <summary>
    /// Two steps of a sequence in any order of which a packet could be either, though they are not the same: which of them it is would
    /// depend on what comes later. Null where there are none.
    /// </summary>
    public (KnockStep One, KnockStep Other)? FirstAmbiguity()
    {
        if (Order == StepOrder.Strict)
            return null;
        for (var i = 1; i < Steps.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (Steps[i] != Steps[j] && Steps[i].Overlaps(Steps[j]))
                    return (Steps[j], Steps[i]);
            }
        }

        return null;
    }
}
