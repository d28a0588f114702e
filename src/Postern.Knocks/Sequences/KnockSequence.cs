using System.Collections.Immutable;

namespace Postern.Knocks.Sequences;

public enum StepOrder
{
    /// <summary>The steps may arrive in any order: reordering on the way does not matter.</summary>
    Any,

    /// <summary>The steps must arrive as written; one that comes too early undoes the attempt.</summary>
    Strict,
}

/// <summary>A secret series of packets, all of one source, that must arrive within a time. Limits are checked where it is read (the rules of a sequence).</summary>
public sealed record KnockSequence(string Name, ImmutableArray<KnockStep> Steps)
{
    public StepOrder Order { get; init; } = StepOrder.Any;

    /// <summary>From the first to the last packet.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A TCP step counts only segments whose flags are so; others are as if they had not been sent.</summary>
    public TcpFlagCondition TcpFlags { get; init; } = TcpFlagCondition.Connect;
}
