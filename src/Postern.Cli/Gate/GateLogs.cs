using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Gate;

/// <summary>Where the gate's processes write: standard error, with the journal's priorities under a service manager, with the time of day for a person.</summary>
internal static class GateLogs
{
    /// <summary>Put together by hand: the library's builder brings a container for dependencies, which made up a third of a process's start.</summary>
    public static ILoggerFactory Create(bool verbose)
    {
        ConsoleFormatter line = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 } ? new JournalLine() : new TerminalLine(Terminal.HasColour(Console.IsErrorRedirected));
        var console = new ConsoleLoggerOptions
        {
            FormatterName = line.Name,
            LogToStandardErrorThreshold = LogLevel.Trace,
            QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite, // whoever does not read the log does not stop the gate
        };
        return new LoggerFactory([new ConsoleLoggerProvider(new Unchanging(console), [line])], new LoggerFilterOptions { MinLevel = verbose ? LogLevel.Debug : LogLevel.Information });
    }

    private sealed class Unchanging(ConsoleLoggerOptions options) : IOptionsMonitor<ConsoleLoggerOptions>
    {
        public ConsoleLoggerOptions CurrentValue => options;

        public ConsoleLoggerOptions Get(string? name) => options;

        public IDisposable? OnChange(Action<ConsoleLoggerOptions, string?> listener) => null;
    }
}
