namespace Postern.Cli.Imports.Fwknop;

/// <summary>One line of fwknop's files: a name and its value.</summary>
internal readonly record struct FwknopLine(string Name, string Value, string File, int Number)
{
    public bool IsYes => Value.StartsWith('Y') || Value.StartsWith('y');

}

/// <summary>
/// The lines of fwknopd.conf and access.conf, as fwknopd's own reader takes them apart: "name value", the value up to a ';' or the end of the line; a '#'
/// makes a comment in the first column only; a colon after the name is nothing.
/// </summary>
internal static class FwknopLines
{
    private const int MaxLine = 1023;

    public static IEnumerable<FwknopLine> Read(string file, string text, ImportNotes notes)
    {
        var number = 0;
        foreach (var whole in text.Split('\n'))
        {
            number++;
            var line = whole.TrimEnd('\r');
            if (line.Length == 0 || line[0] is '#' or ';')
                continue;
            if (line.Length > MaxLine)
            {
                notes.Add(file, number, "the line is longer than fwknop reads; left out");
                continue;
            }

            if (TrySplit(line, out var name, out var value))
                yield return new(name.TrimEnd(':'), value, file, number);
            else if (!string.IsNullOrWhiteSpace(line))
                notes.Add(file, number, "not a name and a value; fwknopd does not take it either");
        }
    }

    private static bool TrySplit(string line, out string name, out string value)
    {
        var start = line.TrimStart();
        var blank = start.AsSpan().IndexOfAny(" \t\v\f");
        name = blank < 0 ? start : start[..blank];
        value = blank < 0 ? "" : start[blank..].TrimStart();
        var end = value.IndexOf(';', StringComparison.Ordinal);
        value = (end < 0 ? value : value[..end]).TrimEnd();
        return value.Length > 0;
    }
}
