using System.CommandLine;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Commands;

/// <summary><c>postern close HOST|PROFILE [SERVICE…]</c></summary>
internal static class CloseCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand(
            "close",
            "End the own grant, and wait until the service is closed",
            "postern close home ssh",
            "postern close gate.example.org tcp/22 -s tcp/9000,tcp/8000,tcp/7000");
        var symbols = new KnockSymbols(command, KnockWords.Close);
        command.SetAction((parsed, cancellation) => KnockRun.RunAsync(symbols.Read(parsed), KnockWords.Close, parsed.InvocationConfiguration, cancellation));
        return command;
    }
}
