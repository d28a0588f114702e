using Postern.Reports;

namespace Postern.Steward.Errands;

/// <summary>What an errand is known by: one of it may stand at a time.</summary>
internal readonly record struct ErrandKey(string Service, Address Address, ushort SourcePort);

/// <summary>An errand that will have to be undone, as the journal holds it: all that is needed for that, whatever becomes of the configuration.</summary>
/// <param name="Number">Of this journal.</param>
/// <param name="Until">By the uptime of the boot in which it was written.</param>
/// <param name="Holder">The key's hint as 16 hexadecimal digits, or empty.</param>
/// <param name="Undo">The command, expanded.</param>
/// <param name="IsOverdue">It is to be undone without regard to the time: that had begun, or it is from before the machine was started.</param>
internal sealed record StandingErrand(ulong Number, TimeSpan Until, string Holder, ErrandCommand Undo, bool IsOverdue = false)
{
    public ErrandKey Key => new(Undo.Subject.Service, Undo.Subject.Address, Undo.Subject.SourcePort);
}

/// <summary>What must outlive the steward. It is told before anything is run.</summary>
internal interface IErrandJournal
{
    /// <summary>When it returns true, the undo outlives a loss of power. False: it could not be written, and nothing may be run.</summary>
    bool TryStand(StandingErrand errand);

    /// <summary>When it returns true, the new end outlives the steward's death; after a loss of power everything is undone anyway.</summary>
    bool TryExtend(ulong number, TimeSpan until, string holder);

    /// <summary>It is being undone before its time. If that cannot be written now, it is as soon as it can.</summary>
    void Undoing(ulong number);

    /// <summary>There is nothing left of it. If that cannot be written now, it is as soon as it can; until then the undo may come again.</summary>
    void Done(ulong number);
}
