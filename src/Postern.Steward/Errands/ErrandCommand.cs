using System.Collections.Immutable;
using System.Globalization;

namespace Postern.Steward.Errands;

/// <summary>What is executed, word by word: nothing in it is to be expanded any more.</summary>
internal sealed record ErrandCommand(bool IsUndo, ErrandSubject Subject, ImmutableArray<string> Arguments, string RunAs, TimeSpan TimeLimit)
{
    public static ErrandCommand Run(Errand errand, ErrandSubject subject) => Of(errand, errand.Run, isUndo: false, subject);

    /// <summary>Null where there is nothing to undo.</summary>
    public static ErrandCommand? Undo(Errand errand, ErrandSubject subject) => errand.Undo.IsEmpty ? null : Of(errand, errand.Undo, isUndo: true, subject);

    private static ErrandCommand Of(Errand errand, ImmutableArray<string> arguments, bool isUndo, ErrandSubject subject) =>
        new(isUndo, subject, [.. arguments.Select(a => Placeholders.Expand(a, subject))], errand.RunAs, errand.TimeLimit);

    /// <summary>All of it: nothing of the gate's own reaches the program.</summary>
    public ImmutableArray<string> Environment(string home) =>
    [
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG=C.UTF-8",
        "HOME=" + home,
        "POSTERN_ACTION=" + (IsUndo ? "undo" : "run"),
        "POSTERN_ADDRESS=" + Subject.Address,
        "POSTERN_SERVICE=" + Subject.Service,
        "POSTERN_KEY=" + Subject.Key,
        string.Create(CultureInfo.InvariantCulture, $"POSTERN_SECONDS={Subject.Seconds}"),
    ];

    public override string ToString() => $"action {Subject.Service} ({(IsUndo ? "undo" : "run")} for {Subject.Address})";

    public bool Equals(ErrandCommand? other) =>
        other is not null && IsUndo == other.IsUndo && Subject == other.Subject && Arguments.SequenceEqual(other.Arguments, StringComparer.Ordinal)
        && string.Equals(RunAs, other.RunAs, StringComparison.Ordinal) && TimeLimit == other.TimeLimit;

    public override int GetHashCode() => HashCode.Combine(IsUndo, Subject, Arguments.Length, TimeLimit);
}
