using System.Text;
using Microsoft.Extensions.Logging;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Gate;

/// <summary>
/// Where the gate's processes write: standard error, with the journal's priorities under a service manager, with the time of day for a person. Our own, since the library's wakes a thread for
/// each line, while whoever knocked waits.
/// </summary>
internal sealed class GateLogs(LogLine line, LogLevel least, LogOutlet outlet) : IDisposable
{
    private const int StandardError = 2;

    public static GateLogs Create(bool verbose)
    {
        LogLine line = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 } ? new JournalLine() : new TerminalLine(Terminal.HasColour(Console.IsErrorRedirected));
        return new(line, verbose ? LogLevel.Debug : LogLevel.Information, new(StandardError));
    }

    public ILogger CreateLogger(string who) => new Log(who, line, least, outlet);

    public void Dispose() => outlet.Dispose();

    private sealed class Log(string who, LogLine line, LogLevel least, LogOutlet outlet) : ILogger
    {
        [ThreadStatic]
        private static StringBuilder? t_room;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            if (outlet.TakeDropped() is > 0 and var dropped)
                GateLog.LinesDropped(this, dropped);
            var room = t_room ??= new();
            line.Write(room.Clear(), logLevel, who, eventId, formatter(state, exception), exception);
            outlet.Write(Encoding.UTF8.GetBytes(room.ToString()));
        }
    }
}
