namespace Postern.Cli.CommandLine;

/// <summary>Ends a command: what went wrong, and the mend. Any command may throw it; the frame prints both lines and exits with the code.</summary>
internal sealed class CommandFailure(int exitCode, string message, string hint, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;

    public string Hint { get; } = hint;

    public static CommandFailure Usage(string message, string hint) => new(CommandLine.ExitCode.Usage, message, hint);
}
