using System.Globalization;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;

namespace Postern.Cli.Imports;

/// <summary>What an import could not carry over, or carried over otherwise than it stood, each with its line: told on standard error, and kept as comments in what is written.</summary>
internal sealed class ImportNotes
{
    private readonly List<(string File, int Line, string Text)> _notes = [];

    public int Count => _notes.Count;

    /// <param name="file">As the user would name it.</param>
    /// <param name="line">From 1; 0: the file as a whole.</param>
    /// <param name="text">What is not as it was, and the mend. No secret.</param>
    public void Add(string file, int line, string text)
    {
        if (!_notes.Contains((file, line, text)))
            _notes.Add((file, line, text));
    }

    public void Tell(TextWriter error)
    {
        foreach (var (file, line, text) in Sorted())
            error.WriteLine(Terminal.OneLine($"{At(file, line)}: {text}"));
    }

    /// <summary>One line each, to stand at the top of a file of YAML.</summary>
    public IEnumerable<string> Comments() => Sorted().Select(n => Terminal.OneLine($"#   {At(n.File, n.Line)}: {n.Text}"));

    private IEnumerable<(string File, int Line, string Text)> Sorted() => _notes.OrderBy(n => n.File, StringComparer.Ordinal).ThenBy(n => n.Line);

    private static string At(string file, int line) => line == 0 ? file : string.Create(CultureInfo.InvariantCulture, $"{file}:{line}");

    /// <summary>A name that is none: as much of it as can be one, for the rest may be a secret.</summary>
    public static string QuoteName(string text) => Quote(string.Concat(text.TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '%')));

    /// <summary>Text of the file that is read, as a note may show it.</summary>
    public static string Quote(string text) => Quoting.Quote(text);
}
