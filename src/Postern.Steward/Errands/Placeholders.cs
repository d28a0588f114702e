using System.Globalization;
using System.Text;
using Postern.Reports;

namespace Postern.Steward.Errands;

/// <summary>For whom a command is run. What a client has a say in is an address, a port and, where the definition takes it, a few letters and digits.</summary>
/// <param name="Service">Its name.</param>
/// <param name="Address">Of the client.</param>
/// <param name="SourcePort">That the grant is narrowed to; 0: any.</param>
/// <param name="Key">The name of the key, made harmless; empty where no key asked.</param>
/// <param name="Seconds">How long it stands; 0 where nothing is undone later.</param>
internal readonly record struct ErrandSubject(string Service, Address Address, ushort SourcePort, string Key, uint Seconds)
{
    /// <summary>What rode along with the knock (<see cref="Reports.Errands.ActionData"/>); empty where the definition takes nothing.</summary>
    public string Data { get; init; } = "";
}

/// <summary><c>{address}</c> and its like in an argument; <c>{{</c> and <c>}}</c> are literal braces.</summary>
public static class Placeholders
{
    private const string Data = "data";

    public static readonly IReadOnlyList<string> Words = ["address", "port", "service", "key", "seconds", Data];

    /// <summary>What is not a placeholder though it is written as one: the word, or null where a brace stands alone.</summary>
    public static bool TryFindFault(string text, out string? word)
    {
        ArgumentNullException.ThrowIfNull(text);
        word = null;
        for (var at = 0; Next(text, ref at, out var literal, out var found);)
        {
            if (found is null)
            {
                if (literal is null)
                    return true;
                continue;
            }

            if (Words.Contains(found, StringComparer.Ordinal))
                continue;
            word = found;
            return true;
        }

        return false;
    }

    /// <summary>Whether it holds what rides along with a knock.</summary>
    public static bool HasData(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (var at = 0; Next(text, ref at, out _, out var word);)
        {
            if (word is Data)
                return true;
        }

        return false;
    }

    /// <summary>Whether anything in it depends on the client.</summary>
    public static bool HasAny(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (var at = 0; Next(text, ref at, out _, out var word);)
        {
            if (word is not null)
                return true;
        }

        return false;
    }

    internal static string Expand(string text, in ErrandSubject subject)
    {
        var expanded = new StringBuilder(text.Length);
        for (var at = 0; Next(text, ref at, out var literal, out var word);)
            expanded.Append(word is null ? literal ?? throw new FormatException($"a brace alone in an argument: {text}") : Value(word, subject));
        return expanded.ToString();
    }

    private static string Value(string word, in ErrandSubject subject) => word switch
    {
        "address" => subject.Address.ToString(),
        "port" => subject.SourcePort.ToString(CultureInfo.InvariantCulture),
        "service" => subject.Service,
        "key" => subject.Key,
        Data => subject.Data,
        "seconds" => subject.Seconds.ToString(CultureInfo.InvariantCulture),
        _ => throw new FormatException($"not a placeholder: {word}"),
    };

    /// <summary>The next piece: text as it is, or a word in braces; neither where a brace has no partner.</summary>
    private static bool Next(string text, ref int at, out string? literal, out string? word)
    {
        (literal, word) = (null, null);
        if (at >= text.Length)
            return false;
        var rest = text.AsSpan(at);
        var brace = rest.IndexOfAny('{', '}');
        if (brace != 0)
        {
            literal = (brace < 0 ? rest : rest[..brace]).ToString();
            at += literal.Length;
        }
        else if (rest.Length > 1 && rest[1] == rest[0])
        {
            literal = rest[..1].ToString();
            at += 2;
        }
        else if (rest[0] == '{' && rest.IndexOf('}') is var end and > 0)
        {
            word = rest[1..end].ToString();
            at += end + 1;
        }
        else
        {
            at = text.Length;
        }

        return true;
    }
}
