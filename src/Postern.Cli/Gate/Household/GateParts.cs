using System.Runtime.Versioning;
using Postern.Cli.CommandLine;
using Postern.Cli.Gate.Watch;
using Postern.Confinement;

namespace Postern.Cli.Gate.Household;

/// <summary>The parts that the steward starts this executable in. They come before the command line, which a sentry never loads.</summary>
[SupportedOSPlatform("linux")]
internal static class GateParts
{
    /// <summary>Null: an ordinary command.</summary>
    public static Func<int>? Find(string[] arguments) => arguments switch
    {
        [Itself.Sentry] => SentryProcess.Run,
        [Itself.Warden, var path, var verbose, var again] => () => Guard(path, verbose is "verbose", again is "again"),
        _ => null,
    };

    private static int Guard(string path, bool verbose, bool again)
    {
        try
        {
            using var logs = GateLogs.Create(verbose);
            using var warden = new WardenProcess(path, again, logs.CreateLogger("postern"));
            warden.Run();
            return ExitCode.Done;
        }
        catch (ConfinementException e)
        {
            Terminal.WriteError(Console.Error, e.Message, e.Hint, Terminal.HasColour(Console.IsErrorRedirected));
            return ExitCode.Unsupported;
        }
        catch (CommandFailure failure)
        {
            Terminal.WriteError(Console.Error, failure.Message, failure.Hint, Terminal.HasColour(Console.IsErrorRedirected));
            return failure.ExitCode;
        }
    }
}
