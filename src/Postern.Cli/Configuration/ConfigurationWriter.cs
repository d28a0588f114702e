using System.Globalization;
using System.Net;
using System.Text;
using Postern.Firewall;
using Postern.Knocks.Sequences;
using Postern.Reports;
using Postern.Steward.Errands;
using Postern.Warden;

namespace Postern.Cli.Configuration;

/// <summary>A configuration as text that <see cref="ConfigurationReader"/> reads back to the same: one line for each key, none left to its default.</summary>
internal static class ConfigurationWriter
{
    public static string Write(GateConfiguration configuration)
    {
        var text = new StringBuilder();
        WriteGate(text, configuration);
        text.Append(configuration.Warden.Services.IsEmpty ? "services: {}\n" : "services:\n");
        foreach (var service in configuration.Warden.Services)
        {
            if (service.Action is null)
                WriteService(text, service);
            else
                WriteAction(text, service, configuration.Actions.First(a => string.Equals(a.Service, service.Name, StringComparison.Ordinal)));
        }

        text.Append(configuration.KnockCount == 0 ? "knocks: {}\n" : "knocks:\n");
        foreach (var (sequence, door) in configuration.Sequences.Zip(configuration.Warden.Doors).Take(configuration.PlainDoors))
            WriteKnock(text, sequence, door, s => s.Append(CultureInfo.InvariantCulture, $"    method: sequence\n    sequence: {List(sequence.Steps, p => p.ToString())}\n"));
        foreach (var knock in configuration.OneTime)
            WriteKnock(text, knock.Manner, knock.Door, s => s.Append(CultureInfo.InvariantCulture, $"    method: one-time\n    sequences_file: {Quote(knock.Settings.File)}\n    in_turn: {(knock.Settings.InTurn ? "true" : "false")}\n"));
        foreach (var knock in configuration.Fwknop.Knocks)
            WriteFwknop(text, knock);
        foreach (var knock in configuration.Tokens)
            knock.Write(text);
        if (configuration.Spa is { } spa)
            WriteSpa(text, spa);
        if (!configuration.Fwknop.Knocks.IsEmpty)
            WriteFwknop(text, configuration.Fwknop);
        WritePolicy(text, configuration.Warden.Policy);
        return text.ToString();
    }

    private static void WriteGate(StringBuilder text, GateConfiguration configuration) => text
        .Append("gate:\n")
        .Append(CultureInfo.InvariantCulture, $"  interfaces: {(configuration.Interfaces.IsEmpty ? "any" : List(configuration.Interfaces, Quote))}\n")
        .Append(CultureInfo.InvariantCulture, $"  capture: {(configuration.Capture.Way == CaptureWay.Log ? Quote(configuration.Capture.ToString()) : configuration.Capture.ToString())}\n")
        .Append(CultureInfo.InvariantCulture, $"  control_socket: {Quote(configuration.ControlSocket)}\n")
        .Append(CultureInfo.InvariantCulture, $"  control_readers: {List(configuration.ControlReaders, r => Quote(r.Name))}\n")
        .Append(CultureInfo.InvariantCulture, $"  max_grants: {configuration.Warden.MaxGrants}\n")
        .Append(CultureInfo.InvariantCulture, $"  traps: {(configuration.Traps == TrapSetting.Auto ? "auto" : "off")}\n")
        .Append(CultureInfo.InvariantCulture, $"  ledger: {Quote(configuration.LedgerFile)}\n");

    private static void WriteService(StringBuilder text, Service service)
    {
        text.Append(CultureInfo.InvariantCulture, $"  {service.Name}:\n");
        if (service.Forward is not { IsChosen: true })
            text.Append(CultureInfo.InvariantCulture, $"    ports: {List(service.Ports, p => p.ToString())}\n");
        if (service.Forward is { } rule)
        {
            text.Append(CultureInfo.InvariantCulture, $"    forward: {List(ForwardSection.Format(rule), Quote)}\n")
                .Append(CultureInfo.InvariantCulture, $"    masquerade: {(rule.Masquerade ? "true" : "false")}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"    open_for: {Duration.Format(service.OpenFor)}\n");
        if (service.Forward is not { IsChosen: true })
            text.Append(CultureInfo.InvariantCulture, $"    appear: {(service.Appear == Appearance.Silent ? "silent" : "closed")}\n");
    }

    private static void WriteAction(StringBuilder text, Service service, Errand action)
    {
        text.Append(CultureInfo.InvariantCulture, $"  {service.Name}:\n")
            .Append(CultureInfo.InvariantCulture, $"    run: {List(action.Run, Quote)}\n");
        if (!action.Undo.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    undo: {List(action.Undo, Quote)}\n").Append(CultureInfo.InvariantCulture, $"    open_for: {Duration.Format(service.OpenFor)}\n");
        text.Append(CultureInfo.InvariantCulture, $"    run_as: {Quote(action.RunAs)}\n").Append(CultureInfo.InvariantCulture, $"    time_limit: {Duration.Format(action.TimeLimit)}\n");
    }

    private static void WriteKnock(StringBuilder text, KnockSequence sequence, Door door, Action<StringBuilder> method)
    {
        text.Append(CultureInfo.InvariantCulture, $"  {sequence.Name}:\n");
        method(text);
        text.Append(CultureInfo.InvariantCulture, $"    within: {Duration.Format(sequence.Within)}\n")
            .Append(CultureInfo.InvariantCulture, $"    order: {(sequence.Order == StepOrder.Any ? "any" : "strict")}\n")
            .Append(CultureInfo.InvariantCulture, $"    strict: {(sequence.Alone ? "true" : "false")}\n")
            .Append(CultureInfo.InvariantCulture, $"    tcp_flags: {(sequence.TcpFlags == TcpFlagCondition.Any ? "any" : Quote(sequence.TcpFlags.ToString()))}\n");
        if (sequence.Family != IpFamily.Both)
            text.Append(CultureInfo.InvariantCulture, $"    family: {(sequence.Family == IpFamily.V4 ? "ipv4" : "ipv6")}\n");
        if (!sequence.To.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    to: {List(sequence.To, a => Quote(a.ToString()))}\n");
        if (!door.Stacks.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    stack: {List(door.Stacks, s => s.Word())}\n");
        text.Append(CultureInfo.InvariantCulture, $"    opens: {List(door.Opens, s => s)}\n")
            .Append(CultureInfo.InvariantCulture, $"    closes: {List(door.Closes, s => s)}\n");
    }

    private static void WriteFwknop(StringBuilder text, FwknopKnock knock)
    {
        text.Append(CultureInfo.InvariantCulture, $"  {knock.Name}:\n")
            .Append("    method: fwknop\n")
            .Append(CultureInfo.InvariantCulture, $"    keys: {Quote(knock.KeysFile)}\n");
        if (!knock.Sources.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    source: {List(knock.Sources, QuoteNetwork)}\n");
        if (!knock.Destinations.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    destination: {List(knock.Destinations, QuoteNetwork)}\n");
        text.Append(CultureInfo.InvariantCulture, $"    max_time: {Duration.Format(knock.MaxTime)}\n")
            .Append(CultureInfo.InvariantCulture, $"    max_age: {Duration.Format(knock.MaxAge)}\n")
            .Append(CultureInfo.InvariantCulture, $"    require_address: {(knock.RequireAddress ? "true" : "false")}\n");
        if (knock.User is { } user)
            text.Append(CultureInfo.InvariantCulture, $"    user: {Quote(user)}\n");
        if (knock.Expires is { } end)
            text.Append(CultureInfo.InvariantCulture, $"    expires: {end.UtcDateTime:yyyy-MM-ddTHH:mm:ss}Z\n");
        text.Append(CultureInfo.InvariantCulture, $"    opens: {List(knock.Opens, s => s)}\n");
        if (!knock.Commands.IsEmpty)
            text.Append(CultureInfo.InvariantCulture, $"    commands: {{{string.Join(", ", knock.Commands.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{Quote(c.Key)}: {c.Value}"))}}}\n");
    }

    private static void WriteFwknop(StringBuilder text, FwknopSettings fwknop) => text
        .Append("fwknop:\n")
        .Append(CultureInfo.InvariantCulture, $"  ports: {List([.. fwknop.Ports.Select(p => p.ToString()), .. fwknop.Icmp ? ["icmp"] : Array.Empty<string>()], p => p)}\n")
        .Append(CultureInfo.InvariantCulture, $"  http: {(fwknop.Http ? "true" : "false")}\n");

    private static void WriteSpa(StringBuilder text, SpaSettings spa)
    {
        text.Append("spa:\n");
        if (!spa.MovingPorts.IsEmpty)
        {
            text.Append(CultureInfo.InvariantCulture, $"  pool: {List(spa.MovingPorts, m => m.Pool.ToString())}\n")
                .Append(CultureInfo.InvariantCulture, $"  step: {Duration.Format(TimeSpan.FromSeconds(spa.MovingPorts[0].Step))}\n");
        }

        WriteSpaRest(text, spa);
    }

    private static void WriteSpaRest(StringBuilder text, SpaSettings spa) => text
        .Append(CultureInfo.InvariantCulture, $"  ports: {List([.. spa.Ports.Select(p => p.ToString()), .. spa.Echo ? ["icmp"] : Array.Empty<string>()], p => p)}\n")
        .Append(CultureInfo.InvariantCulture, $"  clock_skew: {Duration.Format(spa.ClockSkew)}\n")
        .Append(CultureInfo.InvariantCulture, $"  key: {Quote(spa.KeyFile)}\n")
        .Append(CultureInfo.InvariantCulture, $"  authorized_keys: {Quote(spa.AuthorizedKeysFile)}\n")
        .Append(CultureInfo.InvariantCulture, $"  require: {List([.. spa.RequireAddress ? ["address"] : Array.Empty<string>(), .. spa.RequireSourcePort ? ["source-port"] : Array.Empty<string>()], r => r)}\n")
        .Append(CultureInfo.InvariantCulture, $"  receipt: {(spa.Receipt ? "true" : "false")}\n");

    private static void WritePolicy(StringBuilder text, Policy policy) => text
        .Append("policy:\n")
        .Append(CultureInfo.InvariantCulture, $"  allow: {List(policy.Allow, QuoteNetwork)}\n")
        .Append(CultureInfo.InvariantCulture, $"  deny: {List(policy.Deny, QuoteNetwork)}\n")
        .Append(CultureInfo.InvariantCulture, $"  hours: {List(policy.Hours, h => Quote(h.ToString()))}\n");

    private static string List<T>(IEnumerable<T> items, Func<T, string> write) => $"[{string.Join(", ", items.Select(write))}]";

    // A network of IPv6 may end in a colon, which YAML would take for a key.
    private static string QuoteNetwork(IPNetwork network) => Quote(Network.Format(network));

    private static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
