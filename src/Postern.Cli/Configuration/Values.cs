using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Reports;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>Reads the value of a key as what it should be. A key that is not there gives null and no fault; one that is wrong gives null and a fault.</summary>
internal sealed class Values(FaultList faults)
{
    private const int MaxNameLength = 32;

    /// <summary>PATH_MAX (linux/limits.h), less the zero at its end.</summary>
    private const int MaxPath = 4095;

    public FaultList Faults => faults;

    public TextNode? Text(string key, Node? node)
    {
        if (node is null or TextNode { IsEmpty: false })
            return (TextNode?)node;
        faults.Add(node.Place, $"'{key}' holds {node.Kind}", "write one value after the colon");
        return null;
    }

    /// <summary>A list of texts, or one text alone. Null when the key is not there or is wrong.</summary>
    public ImmutableArray<TextNode>? List(string key, Node? node)
    {
        switch (node)
        {
            case null:
                return null;
            case TextNode { IsEmpty: false } one:
                return [one];
            case ListNode list:
                foreach (var item in list.Items.Where(i => i is not TextNode { IsEmpty: false }))
                    faults.Add(item.Place, $"'{key}' holds {item.Kind} in its list", "write one value for each item, in quotes if it ends in a colon");
                return [.. list.Items.OfType<TextNode>().Where(t => !t.IsEmpty)];
            default:
                faults.Add(node.Place, $"'{key}' holds {node.Kind}", "write a list: [first, second]");
                return null;
        }
    }

    /// <summary>The entries of a section; one with nothing in it is as one that is not there.</summary>
    public ImmutableArray<Entry> Map(string key, Node? node)
    {
        if (node is MapNode map)
            return map.Entries;
        if (node is { IsEmpty: false })
            faults.Add(node.Place, $"'{key}' holds {node.Kind}", "write keys below it, indented");
        return [];
    }

    /// <summary>The entries of a section whose keys are names of the operator's choice, without those that are no names or hold no map.</summary>
    public IEnumerable<(TextNode Name, MapNode Map)> Named(string kind, IEnumerable<Entry> entries)
    {
        foreach (var (key, value) in new Fields(entries, faults).Entries)
        {
            if (!IsName(key.Text))
                faults.Add(key.Place, $"{Quote(key.Text)} cannot be the name of a {kind}", $"write 1 to {MaxNameLength} of a-z, 0-9, '-' and '_', a letter or a digit first");
            else if (value is not MapNode map)
                faults.Add(value.Place, $"the {kind} '{key.Text}' holds {value.Kind}", "write its keys below it, indented");
            else
                yield return (key, map);
        }
    }

    public static bool IsName(string text) =>
        text.Length is > 0 and <= MaxNameLength && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');

    public T? Choice<T>(string key, Node? node, (string Word, T Value)[] choices, params string[] later)
        where T : struct
    {
        if (Text(key, node) is not { } text)
            return null;
        foreach (var (word, value) in choices)
        {
            if (string.Equals(word, text.Text, StringComparison.Ordinal))
                return value;
        }

        // "log:/var/log/kern.log" is a choice with an argument.
        var colon = text.Text.IndexOf(':', StringComparison.Ordinal);
        if (Array.IndexOf(later, colon < 0 ? text.Text : text.Text[..colon]) >= 0)
            faults.Add(text.Place, $"{Quote(key + ": " + text.Text)} is not supported by this version of Postern", $"write {Words()}");
        else
            faults.Add(text.Place, $"'{key}' cannot be {Quote(text.Text)}", faults.Suggest(text.Text, choices.Select(c => c.Word), $"write {Words()}"));
        return null;

        string Words() => string.Join(" or ", [.. choices.Length > 1 ? [string.Join(", ", choices[..^1].Select(c => c.Word))] : Array.Empty<string>(), choices[^1].Word]);
    }

    /// <summary>The full path of a file. What it is good for is for the caller to find out.</summary>
    public string? FullPath(string key, Node? node, string example, int most = MaxPath)
    {
        if (Text(key, node) is not { } path)
            return null;
        if (path.Text.StartsWith('/') && !path.Text.EndsWith('/') && Encoding.UTF8.GetByteCount(path.Text) <= most && path.Text.All(IsPlain))
            return path.Text;
        faults.Add(path.Place, $"'{key}' cannot be {Quote(path.Text)}",
            string.Create(CultureInfo.InvariantCulture, $"write the full path of a file, at most {most} bytes, such as {example}"));
        return null;
    }

    private static bool IsPlain(char c) =>
        !char.IsControl(c) && char.GetUnicodeCategory(c) is not (UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Format or UnicodeCategory.Surrogate);

    public int? Number(string key, Node? node, int min, int max)
    {
        if (Text(key, node) is not { } text)
            return null;
        if (Digits.TryParse(text.Text, out int number) && number >= min && number <= max)
            return number;
        faults.Add(text.Place, $"'{key}' cannot be {Quote(text.Text)}", string.Create(CultureInfo.InvariantCulture, $"write a whole number from {min} to {max}"));
        return null;
    }

    public TimeSpan? Time(string key, Node? node, TimeSpan min, TimeSpan max)
    {
        if (Text(key, node) is not { } text)
            return null;
        var fault = Duration.Parse(text.Text, out var time);
        if (fault == DurationFault.None && time >= min && time <= max)
            return time;

        var shown = $"'{key}' is {Quote(text.Text)}";
        var range = $"write a time from {Duration.Format(min)} to {Duration.Format(max)}";
        var (what, mend) = fault switch
        {
            DurationFault.NoUnit => ($"{shown}, and its last number has no unit", $"add one of ms, s, m, h, d: {text.Text}s"),
            DurationFault.Negative => ($"{shown}, which is negative", range),
            DurationFault.TooFine => ($"{shown}, which is finer than 100 ns", "write fewer digits"),
            DurationFault.Malformed when Duration.Mend(text.Text) is { } mended => ($"{shown}, which is not a time", $"write {mended}"),
            DurationFault.Malformed => ($"{shown}, which is not a time", "write it as 30s, 10m, 1h30m, 500ms or 2d"),
            DurationFault.TooLong => ($"{shown}, which is too long", range),
            _ => ($"{shown}, which is too {(time < min ? "short" : "long")}", range),
        };
        faults.Add(text.Place, what, mend);
        return null;
    }
}
