using System.CommandLine;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Cli.Gate;
using Postern.Cli.Gate.Household;

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
        using var logs = GateLogs.Create(verbose);
        using var steward = new StewardProcess(path, verbose, logs.CreateLogger("postern"));
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            steward.AskReload();
        });
        using var stop = cancellation.Register(steward.AskStop);
        return steward.Run();
    }
}
