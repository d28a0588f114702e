using System.Collections.Immutable;
using System.Text;

namespace Postern.Cli.Imports.Knockd;

/// <summary>
/// A line of shell whose words can be told without a shell: plain words and quotes (POSIX.1-2024, 2.2 and 2.10 of XCU), commands one after the other. Anything that a shell would
/// expand, redirect or decide makes it none of those.
/// </summary>
internal static class ShellWords
{
    private const string Special = "$`*?[]<>()|&~\\\"';#\n";

    /// <summary>Null: it takes a shell.</summary>
    public static ImmutableArray<ImmutableArray<string>>? Split(string line)
    {
        var commands = ImmutableArray.CreateBuilder<ImmutableArray<string>>();
        var words = ImmutableArray.CreateBuilder<string>();
        for (var at = 0; at < line.Length;)
        {
            if (line[at] is ' ' or '\t' or '\r')
            {
                at++;
            }
            else if (line[at] == '#')
            {
                break;
            }
            else if (line[at] == ';' || line.AsSpan(at).StartsWith("&&"))
            {
                at += line[at] == ';' ? 1 : 2;
                if (words.Count == 0)
                    return null;
                commands.Add(words.ToImmutable());
                words.Clear();
            }
            else if (ReadWord(line, ref at) is not { } word || (words.Count == 0 && !IsProgram(word)))
            {
                return null;
            }
            else
            {
                words.Add(word);
            }
        }

        if (words.Count > 0)
            commands.Add(words.ToImmutable());
        return commands.Count > 0 ? commands.ToImmutable() : null;
    }

    /// <summary>Where a command begins these are not words: assignments, "!", braces.</summary>
    private static bool IsProgram(string word) => word.Length > 0 && !word.AsSpan().ContainsAny('=', '{', '}') && word is not "!";

    private static string? ReadWord(string line, ref int at)
    {
        var word = new StringBuilder();
        while (at < line.Length && line[at] is not (' ' or '\t' or '\r' or ';'))
        {
            var c = line[at];
            if (c == '&')
                return line.AsSpan(at).StartsWith("&&") ? word.ToString() : null;
            if (c is '\'' or '"')
            {
                if (ReadQuoted(line, ref at) is not { } quoted)
                    return null;
                word.Append(quoted);
            }
            else if (c == '\\' && at + 1 < line.Length)
            {
                word.Append(line[at + 1]);
                at += 2;
            }
            else if (c != '#' && Special.Contains(c, StringComparison.Ordinal)) // '#' begins a comment only where a word would
            {
                return null;
            }
            else
            {
                word.Append(c);
                at++;
            }
        }

        return word.ToString();
    }

    /// <summary>In double quotes a shell expands; only text without any of that is read.</summary>
    private static string? ReadQuoted(string line, ref int at)
    {
        var quote = line[at];
        var end = line.IndexOf(quote, at + 1);
        if (end < 0)
            return null;
        var text = line[(at + 1)..end];
        at = end + 1;
        return quote == '"' && text.AsSpan().ContainsAny('$', '`', '\\') ? null : text;
    }
}
