using System.Globalization;
using System.Text;

namespace Postern.Cli.Configuration;

/// <summary>Where in which file; line and column count from 1. Line 0 speaks of the file as a whole.</summary>
internal readonly record struct Place(string File, int Line, int Column)
{
    public static Place Whole(string file) => new(file, 0, 0);

    public override string ToString() =>
        Line == 0 ? File : string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}");
}

/// <summary>What is wrong in the configuration, and what to write instead.</summary>
internal readonly record struct Fault(string File, int Line, int Column, string Message)
{
    /// <summary>The file itself could not be read; nothing is said about what it holds.</summary>
    public bool IsUnreadable { get; init; }

    public override string ToString() => $"{new Place(File, Line, Column)}: {Message}";
}

/// <summary>All that is found wrong while the configuration is read: nothing stops at the first fault.</summary>
internal sealed class FaultList
{
    /// <summary>Past so many faults nobody reads suggestions, and looking for them could take minutes in a hostile file.</summary>
    private const int MaxSuggestions = 200;

    private const int MaxKept = 1000;

    private readonly List<Fault> _faults = [];
    private readonly List<Fault> _warnings = [];

    /// <summary>All that were found, those too that were too many to keep.</summary>
    public int Count { get; private set; }

    public IEnumerable<Fault> Faults => Sorted(_faults);

    public IEnumerable<Fault> Warnings => Sorted(_warnings);

    public void Add(Place place, string what, string mend) => Add(At(place, what, mend));

    public void AddUnreadable(string file, string what, string mend) => Add(At(Place.Whole(file), what, mend) with { IsUnreadable = true });

    public void Warn(Place place, string what, string mend)
    {
        if (_warnings.Count < MaxKept)
            _warnings.Add(At(place, what, mend));
    }

    private void Add(Fault fault)
    {
        Count++;
        if (_faults.Count < MaxKept)
            _faults.Add(fault);
    }

    /// <summary>"did you mean …?" where a known word is near; otherwise what else there is to say.</summary>
    public string Suggest(string word, IEnumerable<string> known, string otherwise) =>
        Count < MaxSuggestions && NearestWord.Find(word, known) is { } near ? $"did you mean '{near}'?" : otherwise;

    private static Fault At(Place place, string what, string mend) => new(place.File, place.Line, place.Column, $"{what}; {mend}");

    private static IEnumerable<Fault> Sorted(List<Fault> faults) =>
        faults.OrderBy(f => f.File, StringComparer.Ordinal).ThenBy(f => f.Line).ThenBy(f => f.Column);
}

internal static class Quoting
{
    private const int MaxShown = 60;

    /// <summary>Text of the file as a message may show it: in quotes, cut to a readable length, without anything that a terminal would obey.</summary>
    public static string Quote(string text)
    {
        var shown = new StringBuilder("'");
        foreach (var rune in text.EnumerateRunes().Take(MaxShown))
        {
            if (Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
                shown.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            else
                shown.Append(rune);
        }

        return shown.Append(text.Length > MaxShown ? "…'" : "'").ToString();
    }
}
