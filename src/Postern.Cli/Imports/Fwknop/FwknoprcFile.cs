using System.Collections.Immutable;
using System.Globalization;

namespace Postern.Cli.Imports.Fwknop;

/// <summary>A stanza of ~/.fwknoprc, with what <c>[default]</c> says where it says nothing itself.</summary>
internal sealed record RcStanza(string Name, FwknopLine Head, ImmutableDictionary<string, FwknopLine> Lines)
{
    public FwknopLine? this[string name] => Lines.TryGetValue(name, out var line) ? line : null;

    public bool IsYes(string name) => this[name] is { IsYes: true };
}

/// <summary>
/// ~/.fwknoprc as fwknop's client reads it: <c>[stanza]</c>, "NAME value" or "NAME: value", the value up to a blank, ';' or '#'; a '#' or ';' in the first column
/// makes a comment. What stands before the first stanza is nobody's.
/// </summary>
internal static class FwknoprcFile
{
    public const string Default = "default";

    private const int MaxLine = 1023;

    public static ImmutableArray<RcStanza> Read(string file, string text, ImportNotes notes)
    {
        var stanzas = new List<RcStanza>();
        var defaults = ImmutableDictionary.Create<string, FwknopLine>(StringComparer.Ordinal);
        var number = 0;
        foreach (var whole in text.Split('\n'))
        {
            number++;
            var line = whole.Trim();
            if (line.Length == 0 || line[0] is '#' or ';')
                continue;
            if (line.Length > MaxLine)
                notes.Add(file, number, "the line is longer than fwknop reads; left out");
            else if (line[0] == '[' && line.IndexOf(']', StringComparison.Ordinal) is var end and > 0)
                stanzas.Add(new(line[1..end], new("[]", line[1..end], file, number), defaults));
            else if (!TrySplit(line, out var name, out var value))
                notes.Add(file, number, "not a name and a value; fwknop does not take it either");
            else if (stanzas is not [.., var current])
                notes.Add(file, number, string.Create(CultureInfo.InvariantCulture, $"{ImportNotes.Quote(name)} stands before the first stanza; left out"));
            else
            {
                stanzas[^1] = current with { Lines = current.Lines.SetItem(name, new(name, value, file, number)) };
                if (current.Name is Default)
                    defaults = stanzas[^1].Lines;
            }
        }

        return [.. stanzas];
    }

    private static bool TrySplit(string line, out string name, out string value)
    {
        var blank = line.AsSpan().IndexOfAny(" \t\v\f");
        name = (blank < 0 ? line : line[..blank]).TrimEnd(':');
        value = blank < 0 ? "" : line[blank..].TrimStart();
        var end = value.AsSpan().IndexOfAny(" ;\t#");
        value = end < 0 ? value : value[..end];
        return value.Length > 0;
    }
}
