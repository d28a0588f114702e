using Postern.Packets;
using Postern.Reports;

namespace Postern.Knocks.Stacks;

/// <summary>Reads lines as <c>stacks.txt</c> describes them.</summary>
public static class StackSignatureReader
{
    private const int Columns = 7;

    private static readonly (string Word, SynOption Option)[] Options =
    [
        ("eol", SynOption.End), ("nop", SynOption.Nothing), ("mss", SynOption.Segment), ("ws", SynOption.Scale), ("sok", SynOption.SackPermitted),
        ("ts", SynOption.Timestamps), ("fo", SynOption.FastOpen), ("mp", SynOption.Multipath), ("?", SynOption.Other),
    ];

    private static readonly (string Word, SynTraits Trait)[] Traits =
    [
        ("df", SynTraits.DontFragment), ("id0", SynTraits.NoIdentification), ("ecn", SynTraits.Ecn), ("ack", SynTraits.Acknowledgment), ("urg", SynTraits.PushOrUrgent),
        ("rsv", SynTraits.Reserved), ("ipopt", SynTraits.IpOptions), ("data", SynTraits.Data), ("echo", SynTraits.Echo), ("after", SynTraits.AfterEnd), ("bad", SynTraits.BadOptions),
    ];

    /// <summary>Null: the line is empty or a comment.</summary>
    /// <exception cref="FormatException">It is none of ours.</exception>
    public static StackSignature? Read(string line)
    {
        var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (columns.Length == 0 || columns[0].StartsWith('#'))
            return null;
        if (columns.Length != Columns)
            throw new FormatException($"not seven columns: {line}");
        var (must, may) = ReadTraits(columns[6]);
        return new(ClientStackText.All.FirstOrDefault(s => string.Equals(s.Word, columns[0], StringComparison.Ordinal)).Stack is var stack and not ClientStack.None ? stack : throw Unknown(columns[0]))
        {
            Version = columns[1] is "*" ? (byte)0 : columns[1] is "4" or "6" ? (byte)(columns[1][0] - '0') : throw Unknown(columns[1]),
            Hops = columns[2] is "*" ? (byte)0 : ReadHops(columns[2]),
            Window = ReadWindow(columns[3]),
            Scale = ReadScale(columns[4]),
            Options = ReadOptions(columns[5]),
            Must = must,
            May = may,
        };
    }

    private static byte ReadHops(string text) =>
        Digits.TryParse(text, out int hops) && hops <= byte.MaxValue && StackSignature.SentWith((byte)hops) == hops ? (byte)hops : throw Unknown(text);

    private static StackSignature.WindowRule ReadWindow(string text) => text switch
    {
        "*" => new(WindowKind.Any, 0),
        "mss<65536" => new(WindowKind.FullSegments, 0),
        _ when text.StartsWith("mss*", StringComparison.Ordinal) => new(WindowKind.Segments, ReadNumber(text[4..])),
        _ => new(WindowKind.Exactly, ReadNumber(text)),
    };

    private static StackSignature.ScaleRule ReadScale(string text) => text switch
    {
        "*" => StackSignature.ScaleRule.Any,
        "-" => new(-1, -1),
        _ when text.Split('-') is [var first, var last] => new(ReadNumber(first), ReadNumber(last)),
        _ => new(ReadNumber(text), ReadNumber(text)),
    };

    private static ulong ReadOptions(string text)
    {
        if (text is "-")
            return 0;
        var (order, shift) = (0UL, 0);
        foreach (var word in text.Split(','))
        {
            order |= (ulong)Find(Options, word) << shift;
            shift += 4;
        }

        return shift <= 64 ? order : throw Unknown(text);
    }

    private static (SynTraits Must, SynTraits May) ReadTraits(string text)
    {
        var (must, may) = (SynTraits.None, SynTraits.None);
        foreach (var word in text is "-" ? [] : text.Split(','))
        {
            if (word.EndsWith('?'))
                may |= Find(Traits, word[..^1]);
            else
                must |= Find(Traits, word);
        }

        return (must, may);
    }

    private static T Find<T>((string Word, T Value)[] table, string word)
    {
        foreach (var (known, value) in table)
        {
            if (string.Equals(known, word, StringComparison.Ordinal))
                return value;
        }

        throw Unknown(word);
    }

    private static ushort ReadNumber(string text) => Digits.TryParse(text, out int number) && number <= ushort.MaxValue ? (ushort)number : throw Unknown(text);

    private static FormatException Unknown(string text) => new($"not known here: {text}");
}
