using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Cli.Control;
using Postern.Reports;

namespace Postern.Cli.Commands;

/// <summary>The commands that change something in the running gate and say no more than that they did.</summary>
internal static class ControlCommands
{
    public static Command CreateGrant()
    {
        var (service, address, socket) = (Service(), Address(), SocketOption());
        var time = CommonOptions.Time("--for", "How long; without it as long as the service says");
        var forward = new Option<string>("--forward") { Description = "Which port leads where, of a service that leaves it to the request", HelpName = "PORT=TARGET" };
        var command = new DocumentedCommand(
            "grant",
            "Open a service to an address by hand",
            "postern grant ssh 192.0.2.7 --for 10m",
            "postern grant lan 192.0.2.7 --forward tcp/2222=10.0.0.5:22") { service, address, time, forward, socket };
        command.Validators.Add(result =>
        {
            if (result.GetValue(forward) is { } text && !PortForward.TryParse(text, out _))
                result.AddFault($"--forward '{text}' says no port and no place to lead to", "write tcp/2222=10.0.0.5:22, or tcp/2222=:22 for a port of this host");
        });
        command.SetAction((result, cancellation) => TellAsync(
            result,
            result.GetValue(socket)!,
            new(ControlRequest.Grant) { Service = result.GetValue(service), Address = result.GetValue(address), Forward = result.GetValue(forward), Seconds = result.GetValue(time)?.TotalSeconds },
            cancellation));
        return command;
    }

    public static Command CreateRevoke()
    {
        var (service, address, socket) = (Service(), Address(), SocketOption());
        var command = new DocumentedCommand(
            "revoke", "End a grant now; what is connected stays connected", "postern revoke ssh 192.0.2.7") { service, address, socket };
        command.SetAction((result, cancellation) => TellAsync(
            result, result.GetValue(socket)!, new(ControlRequest.Revoke) { Service = result.GetValue(service), Address = result.GetValue(address) }, cancellation));
        return command;
    }

    public static Command CreateReload()
    {
        var socket = SocketOption();
        var command = new DocumentedCommand("reload", "Have the running gate read its configuration anew", "postern reload") { socket };
        command.SetAction((result, cancellation) => TellAsync(result, result.GetValue(socket)!, new(ControlRequest.Reload), cancellation));
        return command;
    }

    public static Option<string> SocketOption() => new("--socket")
    {
        Description = "The control socket of the gate (gate.control_socket)",
        HelpName = "PATH",
        DefaultValueFactory = _ => GateConfiguration.DefaultControlSocket,
    };

    private static Argument<string> Service() => new("SERVICE") { Description = "A service of the configuration" };

    private static Argument<string> Address() => new("ADDRESS") { Description = "An IPv4 or IPv6 address" };

    private static async Task<int> TellAsync(ParseResult result, string socket, ControlRequest request, CancellationToken cancellation)
    {
        var reply = await ControlClient.AskAsync(socket, request, cancellation);
        await result.InvocationConfiguration.Output.WriteLineAsync(reply.Done);
        return ExitCode.Done;
    }
}
