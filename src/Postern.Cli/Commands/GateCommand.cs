using System.CommandLine;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Cli.Gate;

namespace Postern.Cli.Commands;

/// <summary><c>postern gate</c>: guards in the foreground until it is told to stop. SIGHUP reloads.</summary>
internal static class GateCommand
{
    public static Command Create()
    {
        var config = ConfigOption();
        var verbose = CommonOptions.Verbose();
        var command = new DocumentedCommand(
            "gate",
            "Guard this host in the foreground; SIGHUP reloads",
            "postern gate --config /etc/postern/postern.yaml") { config, verbose };
        command.SetAction((result, cancellation) => Task.FromResult(OperatingSystem.IsLinux()
            ? Guard(result.GetValue(config)!, result.GetValue(verbose), cancellation)
            : throw new CommandFailure(ExitCode.Unsupported, "a gate guards Linux", "on this system 'postern knock' works")));
        return command;
    }

    public static Option<string> ConfigOption() => new("--config", "-c")
    {
        Description = "The configuration, with the postern.d/*.yaml beside it",
        HelpName = "FILE",
        DefaultValueFactory = _ => ConfigurationReader.DefaultPath,
    };

    [SupportedOSPlatform("linux")]
    private static int Guard(string path, bool verbose, CancellationToken cancellation)
    {
        GateProcess? guarding = null;
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true; // also while it starts, when there is nothing yet to read anew
            Volatile.Read(ref guarding)?.AskReload();
        });
        using var logs = Logs(verbose);
        using var gate = new GateProcess(path, logs.CreateLogger("postern"));
        Volatile.Write(ref guarding, gate);
        using var stop = cancellation.Register(gate.Stop);
        gate.Run();
        return ExitCode.Done;
    }

    /// <summary>On standard error: with the journal's priorities under a service manager, with the time of day for a person.</summary>
    private static ILoggerFactory Logs(bool verbose) => LoggerFactory.Create(logging =>
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
