using System.Collections.Immutable;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Postern.Cli.Configuration;

/// <summary>
/// YAML text to nodes with places, and only the part of YAML that a configuration needs. It reads the parser's events, not its
/// representation model: that one recurses as deep as the text nests, follows aliases, and stops at the first duplicate key.
/// </summary>
internal sealed class YamlTree
{
    /// <summary>The configuration itself nests four deep.</summary>
    private const int MaxDepth = 16;

    private readonly string _file;
    private readonly FaultList _faults;
    private readonly Parser _parser;
    private bool _tooDeep;

    private YamlTree(string file, string text, FaultList faults)
    {
        _file = file;
        _faults = faults;
        _parser = new(new StringReader(text));
    }

    /// <summary>Null when there are faults, or when the text holds nothing but comments.</summary>
    public static Node? Read(string file, string text, FaultList faults)
    {
        var before = faults.Count;
        CheckIndentation(file, text, faults);
        if (faults.Count > before)
            return null;
        var root = new YamlTree(file, text, faults).Read();
        return faults.Count > before ? null : root;
    }

    // The parser's own words for a tab ("found character that cannot start any token") help nobody.
    private static void CheckIndentation(string file, string text, FaultList faults)
    {
        var number = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            number++;
            var indent = line[..^line.TrimStart(" \t").Length];
            if (indent.IndexOf('\t') is var tab and >= 0 && indent.Length < line.Length && line[indent.Length] != '#')
                faults.Add(new(file, number, tab + 1), "a tab in the indentation", "indent with spaces");
        }
    }

    private Node? Read()
    {
        try
        {
            return ReadDocument();
        }
        catch (YamlException fault)
        {
            AddSyntaxFault(fault.Start, fault.Message);
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or FormatException or ArithmeticException or IndexOutOfRangeException)
        {
            // The parser has inputs that its own checks miss ("{a: b\nc:"); all it can say then is how far it came.
            AddSyntaxFault(_parser.Current?.End ?? Mark.Empty, "the text after this makes no sense");
        }

        return null;
    }

    private void AddSyntaxFault(Mark place, string message)
    {
        message = message.TrimEnd('.');
        _faults.Add(At(place), $"not YAML: {char.ToLowerInvariant(message[0])}{message[1..]}", "look at the indentation, and that every quote and bracket here is closed");
    }

    private Node? ReadDocument()
    {
        Node? root = null;
        for (var documents = 0; _parser.MoveNext();)
        {
            switch (_parser.Current)
            {
                case DocumentStart start when ++documents > 1:
                    _faults.Add(At(start.Start), "a second document begins here", "keep everything in one, without a line '---'");
                    return null;
                case NodeEvent or AnchorAlias:
                    root = ReadNode(0);
                    if (_tooDeep)
                        return null;
                    break;
            }
        }

        return root is { IsEmpty: true } ? null : root;
    }

    /// <summary>Reads the node whose first event is the current one, and leaves its last as the current one.</summary>
    private Node ReadNode(int depth)
    {
        var first = _parser.Current!;
        var place = At(first.Start);
        CheckProperties(first, place);
        switch (first)
        {
            case Scalar scalar:
                return new TextNode(place, scalar.Value, scalar.Style == ScalarStyle.Plain);
            case AnchorAlias alias:
                _faults.Add(place, $"a YAML alias ({Quoting.Quote("*" + alias.Value.Value)}) is not understood here", "write the value out, or put it in quotes if it begins with '*'");
                break;
            case not null when depth == MaxDepth:
                _faults.Add(place, $"nested deeper than {MaxDepth} levels", "look for a bracket that is not closed");
                _tooDeep = true;
                break;
            case SequenceStart:
                return ReadList(place, depth);
            case MappingStart:
                return ReadMap(place, depth);
        }

        return new TextNode(place, "", Plain: true);
    }

    private void CheckProperties(ParsingEvent first, Place place)
    {
        if (first is not NodeEvent node)
            return;
        if (!node.Anchor.IsEmpty)
            _faults.Add(place, $"a YAML anchor ({Quoting.Quote("&" + node.Anchor.Value)}) is not understood here", "write the value out, or put it in quotes if it begins with '&'");
        if (!node.Tag.IsEmpty)
            _faults.Add(place, $"a YAML tag ({Quoting.Quote(node.Tag.ToString())}) is not understood here", "remove it, or put the value in quotes if it begins with '!'");
    }

    private ListNode ReadList(Place place, int depth)
    {
        var items = ImmutableArray.CreateBuilder<Node>();
        while (!_tooDeep && _parser.MoveNext() && _parser.Current is not SequenceEnd)
            items.Add(ReadNode(depth + 1));
        return new(place, items.ToImmutable());
    }

    private MapNode ReadMap(Place place, int depth)
    {
        var entries = ImmutableArray.CreateBuilder<Entry>();
        while (!_tooDeep && _parser.MoveNext() && _parser.Current is not MappingEnd)
        {
            var key = ReadNode(depth + 1);
            if (_tooDeep || !_parser.MoveNext())
                break;
            var value = ReadNode(depth + 1);
            if (key is TextNode name)
                entries.Add(new(name, value));
            else
                _faults.Add(key.Place, $"{key.Kind} stands where a key should", "write a word and a colon");
        }

        return new(place, entries.ToImmutable());
    }

    private Place At(Mark mark) => new(_file, Count(mark.Line), Count(mark.Column));

    private static int Count(long number) => (int)Math.Clamp(number, 1, int.MaxValue);
}
