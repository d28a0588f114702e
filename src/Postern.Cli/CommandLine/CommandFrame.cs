using System.CommandLine;

namespace Postern.Cli.CommandLine;

/// <summary>Around every command: reads the command line, runs it, and turns whatever happens into two lines and an exit code.</summary>
internal static class CommandFrame
{
    private static readonly ParserConfiguration Parser = new()
    {
        ResponseFileTokenReplacer = null, // '@FILE' is a value of ours
    };

    /// <summary>On the process's own streams and signals.</summary>
    public static async Task<int> RunAsync(RootCommand root, string[] arguments)
    {
        using var signals = new Signals();
        return await RunAsync(root, arguments, Console.Out, Console.Error, signals, Terminal.HasColour(Console.IsErrorRedirected));
    }

    public static async Task<int> RunAsync(RootCommand root, string[] arguments, TextWriter output, TextWriter error, Signals signals, bool colour = false)
    {
        try
        {
            return await InvokeAsync(root, arguments, output, error, signals.Token);
        }
        catch (CommandFailure failure)
        {
            Terminal.WriteError(error, failure.Message, failure.Hint, colour);
            return failure.ExitCode;
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            return signals.ExitCode;
        }
        catch (Exception defect)
        {
            return Report(defect, error, colour);
        }
    }

    private static async Task<int> InvokeAsync(RootCommand root, string[] arguments, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        if (arguments.Length == 0)
        {
            HelpPage.Write(root, error);
            return ExitCode.Usage;
        }

        var parsed = root.Parse(arguments, Parser);
        if (parsed.Action is not HelpPage && ParseFaults.Find(parsed) is { } fault)
            throw fault;
        var streams = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        return await parsed.InvokeAsync(streams, cancellation);
    }

    /// <summary>What no command expected. The full story only on request: it helps us, and nobody else.</summary>
    private static int Report(Exception defect, TextWriter error, bool colour)
    {
        var debug = Environment.GetEnvironmentVariable("POSTERN_DEBUG") is "1";
        Terminal.WriteError(
            error, $"this should not happen: {defect.Message}", debug ? "please report it with the lines below" : "please report it, with what POSTERN_DEBUG=1 adds", colour);
        if (debug)
            error.WriteLine(defect);
        return ExitCode.Defect;
    }
}
