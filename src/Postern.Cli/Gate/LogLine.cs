using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Gate;

/// <summary>One line for each entry, whatever is in it: its head, <c>postern[110] …</c>.</summary>
internal abstract class LogLine
{
    public void Write(StringBuilder to, LogLevel level, string who, EventId number, string text, Exception? fault)
    {
        WriteHead(to, level);
        to.Append(who).Append('[').Append(CultureInfo.InvariantCulture, $"{number.Id}] ").Append(Terminal.OneLine(text));
        if (fault is not null)
            to.Append(' ').Append(Terminal.OneLine(fault.ToString()));
        to.Append('\n');
    }

    protected abstract void WriteHead(StringBuilder to, LogLevel level);
}

/// <summary><c>&lt;6&gt;postern[110] …</c>: the priorities of syslog (RFC 5424, 6.2.1), as sd-daemon(3) has them at the head of a line.</summary>
internal sealed class JournalLine : LogLine
{
    protected override void WriteHead(StringBuilder to, LogLevel level) => to.Append(level switch
    {
        LogLevel.Critical => "<2>",
        LogLevel.Error => "<3>",
        LogLevel.Warning => "<4>",
        LogLevel.Information => "<6>",
        _ => "<7>",
    });
}

/// <summary><c>14:54:54.917 info: postern[110] …</c></summary>
internal sealed class TerminalLine(bool hasColour) : LogLine
{
    protected override void WriteHead(StringBuilder to, LogLevel level)
    {
        var (word, colour) = level switch
        {
            LogLevel.Critical or LogLevel.Error => (level == LogLevel.Error ? "fail" : "crit", "31"),
            LogLevel.Warning => ("warn", "33"),
            LogLevel.Information => ("info", "32"),
            _ => ("dbug", "90"),
        };
        to.Append(CultureInfo.InvariantCulture, $"{DateTime.Now:HH:mm:ss.fff} ");
        if (hasColour)
            to.Append(CultureInfo.InvariantCulture, $"\e[{colour}m{word}\e[39m: ");
        else
            to.Append(word).Append(": ");
    }
}
