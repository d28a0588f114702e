using System.Collections.Immutable;
using System.Text;
using Postern.Reports;
using Postern.Steward.Errands;

namespace Postern.Cli.Imports.Knockd;

/// <summary>What the commands of a door do, for clients of one family.</summary>
internal abstract record Effect
{
    /// <summary>Nothing but a line in the log.</summary>
    public sealed record Nothing : Effect;

    /// <param name="Ports">Each is a service.</param>
    /// <param name="OpenFor">Null: until something else closes it.</param>
    public sealed record Opens(ImmutableArray<PortRange> Ports, TimeSpan? OpenFor) : Effect;

    public sealed record Closes(ImmutableArray<PortRange> Ports) : Effect;

    /// <param name="Run">As <c>run:</c> has it.</param>
    /// <param name="Undo">As <c>undo:</c> has it; empty: there is none.</param>
    /// <param name="OpenFor">From the one to the other.</param>
    public sealed record Runs(ImmutableArray<string> Run, ImmutableArray<string> Undo, TimeSpan OpenFor) : Effect
    {
        public bool HasShell => IsShell(Run) || IsShell(Undo);

        private static bool IsShell(ImmutableArray<string> words) => words is [Shell, "-c", _];
    }

    /// <summary>They are too long, or hold what no configuration can.</summary>
    public sealed record TooMuch : Effect;

    private const string Shell = "/bin/sh";

    private const string Client = "%IP%";

    private static readonly string[] Path = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    public bool IsSameAs(Effect other) => (this, other) switch
    {
        (Nothing, Nothing) or (TooMuch, TooMuch) => true,
        (Opens one, Opens two) => one.OpenFor == two.OpenFor && one.Ports.ToHashSet().SetEquals(two.Ports),
        (Closes one, Closes two) => one.Ports.ToHashSet().SetEquals(two.Ports),
        (Runs one, Runs two) => one.OpenFor == two.OpenFor && one.Run.SequenceEqual(two.Run, StringComparer.Ordinal) && one.Undo.SequenceEqual(two.Undo, StringComparer.Ordinal),
        _ => false,
    };

    /// <summary>
    /// A service of ours where both commands only let the client in and take it back; else an action. A stop command without a start command never runs.
    /// </summary>
    /// <param name="start">The line; null or empty: none.</param>
    /// <param name="stop">The same.</param>
    /// <param name="time">Between the two.</param>
    /// <param name="isThere">Whether there is a program of that path here.</param>
    public static Effect Of(string? start, string? stop, TimeSpan time, Func<string, bool> isThere)
    {
        if (start is null or "")
            return new Nothing();
        var begins = FirewallCommand.Read(start);
        var ends = stop is null or "" ? null : FirewallCommand.Read(stop);
        if (stop is null or "" && begins is not null)
            return begins.Adds ? new Opens(begins.Ports, null) : new Closes(begins.Ports);
        if (begins is { Adds: true } && ((ends is { Adds: false } && begins.Ports.ToHashSet().SetEquals(ends.Ports)) || IsDeletionByNumber(start, stop!)))
            return new Opens(begins.Ports, time);
        return Action(start, stop, time, isThere);
    }

    public static Effect Action(string start, string? stop, TimeSpan time, Func<string, bool> isThere)
    {
        var (run, undo) = (Words(start, isThere), stop is null or "" ? [] : Words(stop, isThere));
        return IsTaken(run) && (undo.IsEmpty || IsTaken(undo)) ? new Runs(run, undo, time) : new TooMuch();
    }

    /// <summary>A rule of nft is taken back by its number, which has to be looked up first: it is the rule that the start command made.</summary>
    private static bool IsDeletionByNumber(string start, string stop) =>
        start.Contains("nft", StringComparison.Ordinal) && start.Contains(" rule ", StringComparison.Ordinal) && stop.Contains("nft", StringComparison.Ordinal) && stop.Contains("delete rule", StringComparison.Ordinal)
        && stop.IndexOfAny([';', '&', '>']) < 0 && !stop.Contains("||", StringComparison.Ordinal); // one command, with a pipe that looks the number up

    /// <summary>Without a shell where the words can be told without one, and there is such a program.</summary>
    private static ImmutableArray<string> Words(string line, Func<string, bool> isThere)
    {
        if (ShellWords.Split(line) is [var words] && words.Length <= Errand.MaxArguments && Find(words[0], isThere) is { } program)
            return [program, .. words.Skip(1).Select(Escape)];
        return [Shell, "-c", Escape(line.Replace('\t', ' '))];
    }

    private static string? Find(string program, Func<string, bool> isThere)
    {
        if (program.Contains(Client, StringComparison.Ordinal))
            return null;
        return program.Contains('/', StringComparison.Ordinal)
            ? program.StartsWith('/') && !program.EndsWith('/') ? program : null
            : Path.Select(folder => $"{folder}/{program}").FirstOrDefault(isThere);
    }

    private static string Escape(string text) =>
        text.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal).Replace(Client, "{address}", StringComparison.Ordinal);

    private static bool IsTaken(ImmutableArray<string> words) => words.Sum(Encoding.UTF8.GetByteCount) <= Errand.MaxBytes && words.All(IsPlain);

    private static bool IsPlain(string text) => !text.EnumerateRunes().Any(r => r == Rune.ReplacementChar || Rune.IsControl(r)
        || Rune.GetUnicodeCategory(r) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator);
}
