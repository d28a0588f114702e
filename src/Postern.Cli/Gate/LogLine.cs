using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Gate;

/// <summary>One line for each entry, whatever is in it.</summary>
internal abstract class LogLine(string name) : ConsoleFormatter(name)
{
    public sealed override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        WriteHead(textWriter, logEntry.LogLevel);
        textWriter.Write(logEntry.Category);
        textWriter.Write('[');
        textWriter.Write(logEntry.EventId.Id.ToString(CultureInfo.InvariantCulture));
        textWriter.Write("] ");
        textWriter.Write(Terminal.OneLine(logEntry.Formatter(logEntry.State, logEntry.Exception)));
        if (logEntry.Exception is { } fault)
        {
            textWriter.Write(' ');
            textWriter.Write(Terminal.OneLine(fault.ToString()));
        }

        textWriter.Write('\n');
    }

    protected abstract void WriteHead(TextWriter to, LogLevel level);
}

/// <summary><c>&lt;6&gt;postern[110] …</c>: the priorities of syslog (RFC 5424, 6.2.1), as sd-daemon(3) has them at the head of a line.</summary>
internal sealed class JournalLine() : LogLine("journal")
{
    protected override void WriteHead(TextWriter to, LogLevel level) => to.Write(level switch
    {
        LogLevel.Critical => "<2>",
        LogLevel.Error => "<3>",
        LogLevel.Warning => "<4>",
        LogLevel.Information => "<6>",
        _ => "<7>",
    });
}

/// <summary><c>14:54:54.917 info: postern[110] …</c></summary>
internal sealed class TerminalLine(bool hasColour) : LogLine("terminal")
{
    protected override void WriteHead(TextWriter to, LogLevel level)
    {
        var (word, colour) = level switch
        {
            LogLevel.Critical or LogLevel.Error => (level == LogLevel.Error ? "fail" : "crit", "31"),
            LogLevel.Warning => ("warn", "33"),
            LogLevel.Information => ("info", "32"),
            _ => ("dbug", "90"),
        };
        to.Write(DateTime.Now.ToString("HH:mm:ss.fff ", CultureInfo.InvariantCulture));
        to.Write(hasColour ? $"\e[{colour}m{word}\e[39m: " : $"{word}: ");
    }
}
