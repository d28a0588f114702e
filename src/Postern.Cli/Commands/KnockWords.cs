namespace Postern.Cli.Commands;

/// <summary>Where <c>knock</c> and <c>close</c> differ: what they wait for, and what they call it.</summary>
internal sealed record KnockWords(bool UntilClosed, string Done, string NotDone, string NotDoneOutcome, string Hint)
{
    public static KnockWords Open { get; } = new(
        false, "opened", "did not open", "not-opened", "check the sequence and its order; the gate's log says what it saw of it");

    public static KnockWords Close { get; } = new(
        true, "closed", "did not close", "not-closed", "check the sequence; a service whose port others may use stays open");
}
