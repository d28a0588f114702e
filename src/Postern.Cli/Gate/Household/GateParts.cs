using System.Globalization;
using System.Runtime.Versioning;
using Postern.Cli.CommandLine;
using Postern.Cli.Gate.Watch;

namespace Postern.Cli.Gate.Household;

/// <summary>The parts that the steward starts this executable in. They come before the command line, which a sentry never loads.</summary>
[SupportedOSPlatform("linux")]
internal static class GateParts
{
    /// <summary>Null: an ordinary command.</summary>
    public static Func<int>? Find(string[] arguments) => arguments switch
    {
        [Itself.Sentry, var sockets] => () => SentryProcess.Run(int.Parse(sockets, CultureInfo.InvariantCulture)),
        [Itself.Warden, var path, var verbose] => () => Guard(path, verbose is "verbose"),
        _ => null,
    };

    private static int Guard(string path, bool verbose)
    {
        try
        {
            using var logs = GateLogs.Create(verbose);
            using var warden = new WardenProcess(path, logs.CreateLogger("postern"));
            warden.Run();
            return ExitCode.Done;
        }
        catch (CommandFailure failure)
        {
            Terminal.WriteError(Console.Error, failure.Message, failure.Hint, Terminal.HasColour(Console.IsErrorRedirected));
            return failure.ExitCode;
        }
    }
}
