using System.CommandLine;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Commands;

/// <summary><c>postern knock HOST|PROFILE [SERVICE…]</c></summary>
internal static class KnockCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand(
            "knock",
            "Knock at a gate, and wait until the service opens",
            "postern knock home ssh",
            "postern knock gate.example.org tcp/22 -s tcp/7000,udp/8000,icmp/120",
            "postern knock 203.0.113.5 22 -s @gate.knock && ssh 203.0.113.5");
        var symbols = new KnockSymbols(command, KnockWords.Open);
        command.SetAction((parsed, cancellation) => KnockRun.RunAsync(symbols.Read(parsed), KnockWords.Open, parsed.InvocationConfiguration, cancellation));
        return command;
    }
}
