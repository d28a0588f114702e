using System.Globalization;
using System.Text;
using Postern.Cli.Configuration;

namespace Postern.Cli.Imports.Fwknop;

/// <summary>Writes what was carried over as a person would: only what is not so by itself.</summary>
internal static class GateYaml
{
    public static string Write(FwknopGate gate, string from, string keysFolder, ImportNotes notes)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Carried over from {ImportNotes.Quote(from)} by 'postern import fwknop'. docs/from-fwknop.md says what differs.\n");
        text.Append("# Postern closes the ports of these services by itself, and opens nothing that another firewall drops: take out the rules that closed them before.\n");
        if (notes.Count > 0)
            text.Append("# Not as it was there:\n");
        foreach (var line in notes.Comments())
            text.Append(line).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"fwknop:\n  ports: [{string.Join(", ", gate.Ports)}]\n");
        if (gate.Http)
            text.Append("  http: true\n");
        text.Append("services:\n");
        foreach (var service in gate.Services.Values.Where(s => gate.Knocks.Exists(k => k.Opens.Contains(s.Name, StringComparer.Ordinal) || k.Commands.ContainsValue(s.Name))))
            Write(service, text);
        text.Append("knocks:\n");
        foreach (var knock in gate.Knocks)
            Write(knock, keysFolder, text);
        return text.ToString();
    }

    public static string KeysPath(GateKnock knock, string keysFolder) => Path.Combine(keysFolder, knock.Name + ".keys");

    /// <summary>postern.yaml(5), FILES OF KEYS.</summary>
    public static string Keys(GateKnock knock)
    {
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"# The keys of the knock '{knock.Name}', from fwknop. Whoever reads them can knock.\n")
            .Append(CultureInfo.InvariantCulture, $"key_base64 {knock.Key}\n");
        if (knock.HmacKey is not null)
            text.Append(CultureInfo.InvariantCulture, $"hmac_key_base64 {knock.HmacKey}\nhmac_digest {knock.HmacDigest}\n");
        return text.Append(CultureInfo.InvariantCulture, $"mode {knock.Mode}\n").ToString();
    }

    private static void Write(GateService service, StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"  {service.Name}:\n");
        if (service.Port is { } port)
            text.Append(CultureInfo.InvariantCulture, $"    ports: [{port}]\n");
        if (service.Forward is { } forward)
            text.Append(CultureInfo.InvariantCulture, $"    forward: {Quote(forward)}\n");
        if (!service.ForwardTo.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    forward: [{string.Join(", ", service.ForwardTo.Select(Quote))}]\n");
        if (!service.Run.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    run: [{string.Join(", ", service.Run.Select(Quote))}]\n");
        if (!service.Undo.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    undo: [{string.Join(", ", service.Undo.Select(Quote))}]\n");
        if (!service.Run.IsEmpty)
            text.Append("    run_as: root\n");
        if (service.OpenFor is { } time)
            text.Append(CultureInfo.InvariantCulture, $"    open_for: {Duration.Format(time)}\n");
    }

    private static void Write(GateKnock knock, string keysFolder, StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"  {knock.Name}: # {Terminal(knock.Source)}\n");
        text.Append("    method: fwknop\n");
        text.Append(CultureInfo.InvariantCulture, $"    keys: {Quote(KeysPath(knock, keysFolder))}\n");
        if (!knock.Sources.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    source: [{string.Join(", ", knock.Sources)}]\n");
        if (!knock.Destinations.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    destination: [{string.Join(", ", knock.Destinations)}]\n");
        text.Append(CultureInfo.InvariantCulture, $"    max_time: {Duration.Format(knock.MaxTime)}\n");
        if (knock.MaxAge is { } age)
            text.Append(CultureInfo.InvariantCulture, $"    max_age: {Duration.Format(age)}\n");
        text.Append(CultureInfo.InvariantCulture, $"    require_address: {(knock.RequireAddress ? "true" : "false")}\n");
        if (knock.User is { } user)
            text.Append(CultureInfo.InvariantCulture, $"    user: {Quote(user)}\n");
        if (knock.Expires is { } expires)
            text.Append(CultureInfo.InvariantCulture, $"    expires: {Quote(expires)}\n");
        if (!knock.Opens.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    opens: [{string.Join(", ", knock.Opens)}]\n");
        if (!knock.Commands.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    commands: {{{string.Join(", ", knock.Commands.Select(c => $"{Quote(c.Key)}: {c.Value}"))}}}\n");
    }

    private static string Terminal(FwknopLine line) => CommandLine.Terminal.OneLine(string.Create(CultureInfo.InvariantCulture, $"{line.File}:{line.Number}"));

    /// <summary>In YAML's single quotes nothing means anything but the quote itself; what cannot be seen takes double ones.</summary>
    private static string Quote(string text) => text.Any(char.IsControl)
        ? $"\"{string.Concat(text.Select(Escape))}\""
        : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Escape(char c) => c is '"' or '\\' ? $"\\{c}" : char.IsControl(c) ? string.Create(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}") : c.ToString();
}
