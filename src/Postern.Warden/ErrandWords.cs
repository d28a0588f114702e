using System.Globalization;
using Postern.Reports;
using Postern.Reports.Errands;

namespace Postern.Warden;

/// <summary>What the steward says of an errand, in the words of the audit.</summary>
internal static class ErrandWords
{
    public static string EndingOf(in ErrandNote note) => note switch
    {
        { Kind: ErrandNoteKind.TimedOut } => "killed: longer than time_limit",
        { Signal: not 0 } => string.Create(CultureInfo.InvariantCulture, $"signal {note.Signal}"),
        { ExitCode: not 0 } => string.Create(CultureInfo.InvariantCulture, $"exit code {note.ExitCode}"),
        _ => "not started",
    };

    public static Refusal RefusalOf(ErrandRefusal refusal) => refusal switch
    {
        ErrandRefusal.Busy or ErrandRefusal.TooMany => Refusal.TooManyActions,
        ErrandRefusal.NoSuchErrand => Refusal.NoSuchGrant,
        ErrandRefusal.NotWritten => Refusal.NotRemembered,
        _ => Refusal.ActionFailed,
    };

    public static string? DetailOf(ErrandRefusal refusal) => refusal switch
    {
        ErrandRefusal.UnknownAction => "the steward reads another configuration",
        ErrandRefusal.Busy => "it is running, or being undone",
        ErrandRefusal.NotWritten => "the journal of actions",
        _ => null,
    };
}
