using System.CommandLine;
using System.Text;
using System.Text.Json;
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
            var output = result.InvocationConfiguration.Output;
            var lines = new List<string>();
            await ControlClient.AskAsync(result.GetValue(socket)!, new(ControlRequest.Grants), lines.Add, cancellation);
            if (result.GetValue(json))
                WriteJson(lines, output);
            else
                Write(lines, output);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The gate's own lines, unread: there may be very many.</summary>
    private static void WriteJson(List<string> lines, TextWriter output)
    {
        var text = new StringBuilder("[");
        foreach (var line in lines)
        {
            text.Append(text.Length > 1 ? "," : "").Append(line);
        }

        output.WriteLine(text.Append(']'));
    }

    /// <summary>Plain loops, and only the fields that are shown: a hundred thousand lines are to take less than a second.</summary>
    private static void Write(List<string> lines, TextWriter output)
    {
        if (lines.Count == 0)
        {
            output.WriteLine("nothing is open");
            return;
        }

        var rows = new string[lines.Count + 1][];
        rows[0] = ["SERVICE", "ADDRESS", "PORTS", "KEY", "ENDS IN"];
        for (var i = 0; i < lines.Count; i++)
            rows[i + 1] = Row(lines[i]);
        if (Array.TrueForAll(rows[1..], row => row[3].Length == 0))
            rows = Array.ConvertAll(rows, row => (string[])[.. row[..3], row[4]]);
        var widths = new int[rows[0].Length - 1];
        foreach (var row in rows)
        {
            for (var column = 0; column < widths.Length; column++)
                widths[column] = Math.Max(widths[column], row[column].Length);
        }

        var text = new StringBuilder();
        foreach (var row in rows)
        {
            for (var column = 0; column < widths.Length; column++)
                text.Append(row[column]).Append(' ', widths[column] - row[column].Length + 2);
            text.AppendLine(row[^1]);
        }

        output.Write(text);
    }

    private static string Bracketed(string address) => address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;

    private static string[] Row(string line)
    {
        using var grant = JsonDocument.Parse(line);
        var root = grant.RootElement;
        var ports = root.GetProperty("ports"u8);
        var text = ports.GetArrayLength() == 1 ? ports[0].GetString()! : string.Join(' ', ports.EnumerateArray().Select(p => p.GetString()));
        if (root.TryGetProperty("forward"u8, out var target))
            text += $" -> {target.GetString()}";
        return
        [
            root.GetProperty("service"u8).GetString()!,
            root.TryGetProperty("source_port"u8, out var port) ? $"{Bracketed(root.GetProperty("address"u8).GetString()!)}:{port.GetInt32()}" : root.GetProperty("address"u8).GetString()!,
            text,
            root.TryGetProperty("key"u8, out var key) ? key.GetString()! : "",
            HumanTime.Of(TimeSpan.FromSeconds(root.GetProperty("seconds_left"u8).GetDouble())),
        ];
    }
}
