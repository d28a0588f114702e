using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Knocks.Sequences;

namespace Postern.Cli.Imports.Knockd;

/// <summary>What was carried over, as configuration, with all notes as comments.</summary>
internal static class KnockdYaml
{
    public static string Write(KnockdImport import, string path)
    {
        var text = new StringBuilder()
            .Append(Comment($"# Carried over from {path} by 'postern import knockd'. Next: 'postern check', and the steps of docs/from-knockd.md, which also has what differs."));
        foreach (var note in import.Notes.Comments())
            text.Append(note).Append('\n');
        if (!import.Interfaces.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"gate:\n  interfaces: [{string.Join(", ", import.Interfaces.Select(Quote))}]\n");
        text.Append(import.Services.Count == 0 ? "services: {}\n" : "services:\n");
        foreach (var service in import.Services)
            WriteService(text, service);
        text.Append(import.Knocks.Count == 0 ? "knocks: {}\n" : "knocks:\n");
        foreach (var knock in import.Knocks)
            WriteKnock(text, knock);
        return text.ToString();
    }

    private static void WriteService(StringBuilder text, ImportedService service)
    {
        text.Append(CultureInfo.InvariantCulture, $"  {service.Name}:\n").Append(Comment($"    # {service.From}"));
        if (service.Ports is { } ports)
        {
            text.Append(CultureInfo.InvariantCulture, $"    ports: [{ports}]\n");
        }
        else
        {
            if (service.HasShell)
                text.Append("    # by way of a shell: {address} becomes an address in numbers and nothing else, so no client has a word in it\n");
            text.Append(CultureInfo.InvariantCulture, $"    run: {List(service.Run)}\n");
            if (!service.Undo.IsEmpty)
                text.Append(CultureInfo.InvariantCulture, $"    undo: {List(service.Undo)}\n");
            text.Append("    run_as: root # as knockd ran it; name another user if that is enough\n").Append("    time_limit: 10m\n");
        }

        if (service.OpenFor is { } time)
            text.Append(CultureInfo.InvariantCulture, $"    open_for: {Duration.Format(time)}\n");
    }

    private static void WriteKnock(StringBuilder text, ImportedKnock knock)
    {
        text.Append(CultureInfo.InvariantCulture, $"  {knock.Name}:\n").Append(Comment($"    # {knock.From}"));
        if (knock.OneTimeFile is { } file)
            text.Append(CultureInfo.InvariantCulture, $"    method: one-time\n    sequences_file: {Quote(file)}\n    in_turn: true\n");
        else
            text.Append(CultureInfo.InvariantCulture, $"    method: sequence\n    sequence: [{string.Join(", ", knock.Steps)}]\n");
        text.Append(CultureInfo.InvariantCulture, $"    within: {Duration.Format(knock.Within)}\n    order: strict\n");
        if (knock.Strict)
            text.Append("    strict: true\n");
        text.Append(CultureInfo.InvariantCulture, $"    tcp_flags: {(knock.Flags == TcpFlagCondition.Any ? "any" : Quote(knock.Flags.ToString()))}\n");
        if (knock.Family != IpFamily.Both)
            text.Append(CultureInfo.InvariantCulture, $"    family: {(knock.Family == IpFamily.V4 ? "ipv4" : "ipv6")}\n");
        if (knock.To is { } to)
            text.Append(CultureInfo.InvariantCulture, $"    to: [{Quote(to.ToString())}]\n");
        if (!knock.Opens.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    opens: [{string.Join(", ", knock.Opens)}]\n");
        if (!knock.Closes.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    closes: [{string.Join(", ", knock.Closes)}]\n");
    }

    private static string Comment(string text) => Terminal.OneLine(text) + "\n";

    private static string List(ImmutableArray<string> words) => $"[{string.Join(", ", words.Select(Quote))}]";

    private static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
