using System.Collections.Immutable;
using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Cli.Control;

namespace Postern.Cli.Commands;

/// <summary><c>postern grants</c>: what is open to whom, and for how long still.</summary>
internal static class GrantsCommand
{
    public static Command Create()
    {
        var (socket, json) = (ControlCommands.SocketOption(), CommonOptions.Json());
        var command = new DocumentedCommand("grants", "List what is open, to whom, and for how long still", "postern grants --json") { socket, json };
        command.SetAction(async (result, cancellation) =>
        {
            var reply = await ControlClient.AskAsync(result.GetValue(socket)!, new(ControlRequest.Grants), cancellation);
            var grants = reply.Grants ?? [];
            var output = result.InvocationConfiguration.Output;
            if (result.GetValue(json))
                output.WriteJson(grants, ControlJson.Default.ImmutableArrayGrantLine);
            else
                Write(grants, output);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(ImmutableArray<GrantLine> grants, TextWriter output)
    {
        if (grants.IsEmpty)
        {
            output.WriteLine("nothing is open");
            return;
        }

        var rows = grants
            .OrderBy(g => g.SecondsLeft)
            .Select(g => (g.Service, g.Address, Ports: string.Join(' ', g.Ports), Left: HumanTime.Of(TimeSpan.FromSeconds(g.SecondsLeft))))
            .Prepend(("SERVICE", "ADDRESS", "PORTS", "ENDS IN"))
            .ToArray();
        var (service, address, ports) = (rows.Max(r => r.Item1.Length), rows.Max(r => r.Item2.Length), rows.Max(r => r.Item3.Length));
        foreach (var row in rows)
            output.WriteLine($"{row.Item1.PadRight(service)}  {row.Item2.PadRight(address)}  {row.Item3.PadRight(ports)}  {row.Item4}");
    }
}
