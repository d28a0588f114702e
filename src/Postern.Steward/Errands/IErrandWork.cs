using Postern.Reports.Errands;

namespace Postern.Steward.Errands;

internal enum ErrandEnding
{
    /// <summary>By itself, with a code.</summary>
    Exited,

    /// <summary>By a signal that was not ours.</summary>
    Signalled,

    /// <summary>Killed, with its process group, when its time was over.</summary>
    TimedOut,

    /// <summary>Not one instruction of it was executed.</summary>
    NotStarted,
}

/// <param name="How">How it ended.</param>
/// <param name="Code">The exit code, or the signal.</param>
internal readonly record struct ErrandOutcome(ErrandEnding How, byte Code = 0)
{
    public bool IsGood => How == ErrandEnding.Exited && Code == 0;
}

/// <summary>What the book has done in the world.</summary>
internal interface IErrandWork
{
    /// <summary>Returns at once; <see cref="ErrandBook.Ended"/> is told when it has ended, exactly once and never from within.</summary>
    void Start(ulong number, ErrandCommand command);

    void Tell(in ErrandNote note);
}
