using System.Collections.Immutable;

namespace Postern.Cli.Imports.Fwknop;

/// <summary>fwknopd.conf: each setting once (the last one counts), a variable at the beginning of a value put in.</summary>
internal sealed class FwknopdConf
{
    private readonly Dictionary<string, FwknopLine> _lines = new(StringComparer.Ordinal);

    /// <summary>As they stand in the file.</summary>
    public ImmutableArray<FwknopLine> Lines => [.. _lines.Values.OrderBy(l => l.Number)];

    public static FwknopdConf Read(string file, string text, ImportNotes notes)
    {
        var conf = new FwknopdConf();
        foreach (var line in FwknopLines.Read(file, text, notes))
        {
            if (FwknopdSettings.IsKnown(line.Name))
                conf._lines[line.Name] = line with { Value = conf.Expand(line, notes) };
            else
                notes.Add(file, line.Number, $"{ImportNotes.QuoteName(line.Name)} is no setting of fwknopd; left out");
        }

        return conf;
    }

    public FwknopLine? this[string name] => _lines.TryGetValue(name, out var line) ? line : null;

    public bool IsYes(string name) => this[name] is { IsYes: true };

    /// <summary>Once, and only at the beginning, as fwknopd does it.</summary>
    private string Expand(FwknopLine line, ImportNotes notes)
    {
        var value = line.Value;
        if (!value.StartsWith('$'))
            return value;
        var end = 1;
        while (end < value.Length && (char.IsAsciiLetterUpper(value[end]) || value[end] == '_'))
            end++;
        var name = value[1..end];
        var known = this[name]?.Value ?? FwknopdSettings.UsualPath(name);
        if (known is null)
            notes.Add(line.File, line.Number, $"{ImportNotes.Quote("$" + name)} is not known here");
        return (known ?? "$" + name) + value[end..];
    }
}
