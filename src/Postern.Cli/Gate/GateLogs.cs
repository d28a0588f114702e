using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Gate;

/// <summary>Where the gate's processes write: standard error, with the journal's priorities under a service manager, with the time of day for a person.</summary>
internal static class GateLogs
{
    public static ILoggerFactory Create(bool verbose) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(verbose ? LogLevel.Debug : LogLevel.Information);
        logging.AddConsole(console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite; // whoever does not read the log does not stop the gate
        });
        if (Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 })
        {
            logging.AddSystemdConsole();
            return;
        }

        logging.AddSimpleConsole(line =>
        {
            line.SingleLine = true;
            line.TimestampFormat = "HH:mm:ss.fff ";
            line.ColorBehavior = Terminal.HasColour(Console.IsErrorRedirected) ? LoggerColorBehavior.Enabled : LoggerColorBehavior.Disabled;
        });
    });
}
