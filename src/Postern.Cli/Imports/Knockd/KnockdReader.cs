using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Cli.Imports.Knockd;

/// <summary>
/// Reads knockd.conf as knockd 0.8 does, oddities included: what it takes is taken, what it refuses is a fault. No text makes it throw.
/// <code>
/// file      := { "[" name "]" | key "=" value | "UseSyslog" | "#" comment | blank }
/// </code>
/// A line is what <c>fgets</c> gives: 4095 bytes at most, and up to a zero; the rest of a longer one is the next line.
/// </summary>
internal sealed class KnockdReader
{
    /// <summary>BUFSIZ of its buffer, less the zero.</summary>
    private const int MaxLine = 4095;

    private const int MaxName = 127;

    private const int MaxSteps = 32;

    private static readonly char[] Blanks = [' ', '\t', '\n', '\v', '\f', '\r'];

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ImmutableArray<KnockdDoor>.Builder _doors = ImmutableArray.CreateBuilder<KnockdDoor>();
    private readonly ImmutableArray<KnockdText>.Builder _options = ImmutableArray.CreateBuilder<KnockdText>();
    private readonly ImmutableArray<KnockdText>.Builder _oddities = ImmutableArray.CreateBuilder<KnockdText>();
    private readonly ImmutableArray<KnockdText>.Builder _faults = ImmutableArray.CreateBuilder<KnockdText>();
    private (string Name, int Line)? _interface;
    private bool _inOptions;
    private int _line;

    private KnockdReader() { }

    /// <param name="text">Its bytes, as characters of Latin-1.</param>
    public static KnockdFile Read(string text)
    {
        var reader = new KnockdReader();
        foreach (var line in text.Split('\n'))
        {
            reader._line++;
            for (var at = 0; at == 0 || at < line.Length; at += MaxLine)
            {
                if (at > 0)
                    reader.Odd("longer than 4095 bytes: knockd reads what is beyond as another line, and so it is read here");
                reader.ReadLine(line.Substring(at, Math.Min(MaxLine, line.Length - at)));
            }
        }

        reader.CheckDoors();
        return new(reader._doors.ToImmutable())
        {
            Interface = reader._interface,
            Options = reader._options.ToImmutable(),
            Oddities = reader._oddities.ToImmutable(),
            Faults = reader._faults.ToImmutable(),
        };
    }

    private void ReadLine(string piece)
    {
        if (piece.IndexOf('\0', StringComparison.Ordinal) is >= 0 and var zero)
            piece = piece[..zero];
        var line = piece.Trim(Blanks);
        if (line.Length == 0 || line[0] == '#')
            return;
        if (line.Length > 1 && line[0] == '[' && line[^1] == ']')
            BeginSection(line[1..^1]);
        else
            ReadDirective(line);
    }

    private void BeginSection(string name)
    {
        name = name[..Math.Min(name.Length, MaxName)];
        if (name.Length == 0)
            Fault("a section without a name");
        _inOptions = name is "options";
        if (_inOptions)
            return;
        if (name.Trim(Blanks).Equals("options", StringComparison.OrdinalIgnoreCase))
            Odd($"[{name}] is a door to knockd: only [options], so written, is not");
        _doors.Add(new(Decode(name), _line));
    }

    private void ReadDirective(string line)
    {
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        var key = (equals < 0 ? line : line[..equals]).Trim(Blanks).ToUpperInvariant();
        if (equals < 0)
        {
            if (key is "USESYSLOG")
                _options.Add(new("UseSyslog", _line));
            else
                Fault("there is no '=' in it"); // nor is it shown: it may be a key of another program
            return;
        }

        var value = line[(equals + 1)..].Trim(Blanks);
        if (_inOptions)
            ReadOption(key, value);
        else if (_doors.Count == 0)
            Fault($"{Shown(key)} stands before the first section");
        else
            ReadKey(_doors[^1], key, value);
    }

    /// <summary>No more than its first word: what is not knockd's may be a key of another program.</summary>
    private static string Shown(string key) => ImportNotes.Quote(key.Split(' ', '\t')[0]);

    private void ReadOption(string key, string value)
    {
        switch (key)
        {
            case "LOGFILE" or "PIDFILE":
                _options.Add(new(key is "LOGFILE" ? "LogFile" : "PidFile", _line));
                break;
            case "INTERFACE":
                _interface = (Decode(value), _line);
                break;
            case "USESYSLOG":
                Fault("'UseSyslog' takes no value");
                break;
            default:
                Fault($"unknown option {Shown(key)}");
                break;
        }
    }

    private void ReadKey(KnockdDoor door, string key, string value)
    {
        switch (key)
        {
            case "SEQUENCE":
                ReadSequence(door, value);
                break;
            case "ONE_TIME_SEQUENCES":
                door.OneTimeFile = new(Decode(value), _line);
                break;
            case "SEQ_TIMEOUT" or "TIMEOUT":
                (door.SequenceSeconds, door.SequenceSecondsLine) = (Seconds(value), _line);
                break;
            case "CMD_TIMEOUT":
                (door.CommandSeconds, door.CommandSecondsLine) = (Seconds(value), _line);
                break;
            case "TCPFLAGS":
                ReadFlags(door, value);
                break;
            case "TARGET":
                ReadTarget(door, value);
                break;
            case "START_COMMAND" or "COMMAND":
                door.Start = new(Decode(value), _line);
                break;
            case "START_COMMAND_6" or "COMMAND_6":
                door.StartV6 = new(Decode(value), _line);
                break;
            case "STOP_COMMAND":
                door.Stop = new(Decode(value), _line);
                break;
            case "STOP_COMMAND_6":
                door.StopV6 = new(Decode(value), _line);
                break;
            default:
                Fault($"unknown key {Shown(key)}");
                break;
        }
    }

    /// <summary>The last one counts.</summary>
    private void ReadSequence(KnockdDoor door, string value)
    {
        if (!door.Steps.IsEmpty)
            Odd($"a second sequence of [{door.Name}]: it takes the place of the one at line {door.StepsLine.ToString(CultureInfo.InvariantCulture)}");
        door.StepsLine = _line;
        var before = _faults.Count;
        var steps = ImmutableArray.CreateBuilder<KnockStep>();
        foreach (var item in value.Split(','))
        {
            if (TryReadStep(item, out var step, out var fault, out var oddity))
                steps.Add(step);
            else
                Fault(fault);
            if (oddity is not null)
                Odd(oddity);
        }

        if (steps.Count > MaxSteps)
            Fault($"more than {MaxSteps.ToString(CultureInfo.InvariantCulture)} ports");
        else if (_faults.Count == before)
            door.Steps = steps.ToImmutable();
    }

    /// <summary>One port of a sequence: <c>7000</c>, <c>8000:udp</c>. What atoi(3) makes of the number is what it is.</summary>
    public static bool TryReadStep(string item, out KnockStep step, out string fault, out string? oddity)
    {
        (step, fault, oddity) = (default, "", null);
        var colon = item.IndexOf(':', StringComparison.Ordinal);
        var text = colon < 0 ? item : item[..colon];
        var kind = StepKind.Tcp;
        if (colon >= 0)
        {
            var protocol = item[(colon + 1)..].Trim(Blanks);
            if (protocol.Equals("udp", StringComparison.OrdinalIgnoreCase))
                kind = StepKind.Udp;
            else if (!protocol.Equals("tcp", StringComparison.OrdinalIgnoreCase))
                fault = $"unknown protocol {ImportNotes.Quote(protocol)}";
        }

        var number = Atoi(text);
        if (number > ushort.MaxValue)
            fault = $"{ImportNotes.Quote(text.Trim(Blanks))} is no port";
        var port = (ushort)number;
        if (port == 0 || number < 0)
            oddity = $"{ImportNotes.Quote(text.Trim(Blanks))} is the port {port.ToString(CultureInfo.InvariantCulture)} to knockd, and so it is here; is it a typing error?";
        step = new(kind, port, port);
        return fault.Length == 0;
    }

    /// <summary>Lines of them add up; of a flag the last word counts. Nothing is trimmed but the ends.</summary>
    private void ReadFlags(KnockdDoor door, string value)
    {
        foreach (var word in value.Split(','))
        {
            var isClear = word.StartsWith('!');
            if (!TryFindFlag(isClear ? word[1..] : word, out var flag))
            {
                Fault($"unknown flag {ImportNotes.Quote(word)}{(word.AsSpan().ContainsAny(' ', '\t') ? ": no blank may stand after a comma" : "")}");
                continue;
            }

            var flags = door.Flags;
            door.Flags = isClear ? new(flags.Set & ~flag, flags.Clear | flag) : new(flags.Set | flag, flags.Clear & ~flag);
        }
    }

    private static bool TryFindFlag(string word, out TcpFlags flag)
    {
        flag = word.ToUpperInvariant() switch
        {
            "FIN" => TcpFlags.Fin,
            "SYN" => TcpFlags.Syn,
            "RST" => TcpFlags.Rst,
            "PSH" => TcpFlags.Psh,
            "ACK" => TcpFlags.Ack,
            "URG" => TcpFlags.Urg,
            _ => TcpFlags.None,
        };
        return flag != TcpFlags.None;
    }

    private void ReadTarget(KnockdDoor door, string value)
    {
        if (Address.TryParse(value, out var address))
            door.Target = (address, _line);
        else
            Fault($"the target {ImportNotes.Quote(value)} is no IP address");
    }

    private int Seconds(string value)
    {
        var number = Atoi(value);
        if (value.Length == 0 || !(char.IsAsciiDigit(value[0]) || value[0] is '-' or '+'))
            Odd($"{ImportNotes.Quote(value)} is 0 to knockd, and so it is here");
        return (int)Math.Clamp(number, int.MinValue, int.MaxValue);
    }

    /// <summary>atoi(3): blanks, a sign, digits; whatever follows is not looked at, and where there is no digit it is 0.</summary>
    private static long Atoi(string text)
    {
        var digits = text.TrimStart(Blanks);
        var isNegative = digits.StartsWith('-');
        if (isNegative || digits.StartsWith('+'))
            digits = digits[1..];
        var number = 0L;
        foreach (var digit in digits.TakeWhile(char.IsAsciiDigit))
            number = Math.Min((number * 10) + (digit - '0'), int.MaxValue);
        return isNegative ? -number : number;
    }

    private void CheckDoors()
    {
        foreach (var door in _doors.Where(d => d.StepsLine == 0 && d.OneTimeFile is null))
            _faults.Add(new($"the door [{door.Name}] has no sequence", door.Line));
        if (_doors.Count == 0)
            _faults.Add(new("no door stands in it: there is nothing to carry over", 0));
    }

    /// <summary>UTF-8 where it is; Latin-1 else.</summary>
    private static string Decode(string bytes)
    {
        try
        {
            return StrictUtf8.GetString(Encoding.Latin1.GetBytes(bytes));
        }
        catch (DecoderFallbackException)
        {
            return bytes;
        }
    }

    private void Fault(string what) => _faults.Add(new(what, _line));

    private void Odd(string what) => _oddities.Add(new(what, _line));
}
