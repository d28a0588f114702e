using System.Collections.Immutable;
using Postern.Knocks.Sequences;
using Postern.Reports;

namespace Postern.Cli.Imports.Knockd;

/// <summary>A text and the line that it stands in.</summary>
internal readonly record struct KnockdText(string Text, int Line);

/// <summary>A section of knockd.conf, as knockd 0.8 understands it.</summary>
/// <param name="Name">As it stands; it need not be the only one of that name.</param>
/// <param name="Line">Of its heading.</param>
internal sealed record KnockdDoor(string Name, int Line)
{
    public const int UsualSequenceSeconds = 25;

    public const int UsualCommandSeconds = 10;

    /// <summary>Empty where it has one-time sequences.</summary>
    public ImmutableArray<KnockStep> Steps { get; set; } = [];

    public int StepsLine { get; set; }

    public KnockdText? OneTimeFile { get; set; }

    public int SequenceSeconds { get; set; } = UsualSequenceSeconds;

    public int SequenceSecondsLine { get; set; }

    public TcpFlagCondition Flags { get; set; } = TcpFlagCondition.Any;

    public (Address Address, int Line)? Target { get; set; }

    public KnockdText? Start { get; set; }

    /// <summary>Null: as <see cref="Start"/>. Empty: nothing.</summary>
    public KnockdText? StartV6 { get; set; }

    public KnockdText? Stop { get; set; }

    public KnockdText? StopV6 { get; set; }

    public int CommandSeconds { get; set; } = UsualCommandSeconds;

    public int CommandSecondsLine { get; set; }
}

/// <summary>knockd.conf as read: doors in the order of the file, and why knockd would not start with it.</summary>
internal sealed record KnockdFile(ImmutableArray<KnockdDoor> Doors)
{
    public (string Name, int Line)? Interface { get; init; }

    /// <summary>What of <c>[options]</c> says nothing to a gate: the words, as they stand.</summary>
    public ImmutableArray<KnockdText> Options { get; init; } = [];

    /// <summary>What knockd takes for something else than what was meant.</summary>
    public ImmutableArray<KnockdText> Oddities { get; init; } = [];

    /// <summary>What knockd refuses; it stops at the first.</summary>
    public ImmutableArray<KnockdText> Faults { get; init; } = [];
}
