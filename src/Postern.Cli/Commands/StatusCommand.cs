using System.CommandLine;
using System.Globalization;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Cli.Control;
using Postern.Confinement;

namespace Postern.Cli.Commands;

/// <summary><c>postern status</c>: how the gate stands, in a screen.</summary>
internal static class StatusCommand
{
    private static readonly string[] Known = ["root", "postern", "nobody"];

    public static Command Create()
    {
        var (socket, json) = (ControlCommands.SocketOption(), CommonOptions.Json());
        var command = new DocumentedCommand("status", "Show how the running gate stands", "postern status") { socket, json };
        command.SetAction(async (result, cancellation) =>
        {
            var reply = await ControlClient.AskAsync(result.GetValue(socket)!, new(ControlRequest.Status), cancellation);
            var output = result.InvocationConfiguration.Output;
            if (result.GetValue(json))
                output.WriteJson(reply.Status!, ControlJson.Default.GateStatus);
            else
                Write(reply.Status!, output);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(GateStatus status, TextWriter output)
    {
        var up = HumanTime.Of(DateTimeOffset.Now - status.Started);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"postern {status.Version}, process {status.Pid}, up {up}"));
        output.WriteLine($"configuration  {string.Join(", ", status.Files)}, read {status.Loaded.ToLocalTime():yyyy-MM-dd HH:mm:ss}");
        if (status.ReloadFault is not null)
            output.WriteLine($"               what is on the disk is not in force: {status.ReloadFault}");
        if (status.TrialSecondsLeft is { } left)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"               on trial: in {left:0} s the one before comes back, unless 'postern apply --confirm' is said"));
        foreach (var process in status.Processes)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{process.Name,-15}process {process.Pid}, user {UserOf(process)}, {Rights(process)}, {process.Resident >> 20} MiB{Replaced(process)}"));
        output.WriteLine($"watching       {(status.Interfaces.IsEmpty ? "every interface" : string.Join(", ", status.Interfaces.Select(name => status.MissingInterfaces.Contains(name, StringComparer.Ordinal) ? $"{name} (NOT THERE: nothing is guarded by it)" : name)))}{(status.Capture is "packet" ? "" : $", by {status.Capture}")}");
        output.WriteLine(status.RulesInPlace ? "rules          in place (table inet postern)" : "rules          NOT IN PLACE: protected services may be open");
        output.WriteLine($"blends in      {BlendsIn(status)}");
        foreach (var service in status.Services)
        {
            var open = string.Create(CultureInfo.InvariantCulture, $"{service.Grants} open");
            var time = HumanTime.Of(TimeSpan.FromSeconds(service.OpenForSeconds));
            output.WriteLine(service switch
            {
                { Ports: [], Forward: { } anywhere } => $"service        {service.Name}: a port of the request's choice -> {string.Join(' ', anywhere)}{Masked(service)}, opens for {time}, {open}",
                { Ports: [] } => $"service        {service.Name}: runs a command, {open}",
                { Forward: { } fix } => $"service        {service.Name}: {string.Join(' ', service.Ports)} -> {string.Join(' ', fix)}{Masked(service)}, {service.Appear}, opens for {time}, {open}",
                _ => $"service        {service.Name}: {string.Join(' ', service.Ports)}, {service.Appear}, opens for {time}, {open}",
            });
        }

        foreach (var blocked in status.ForwardsBlocked ?? [])
            output.WriteLine($"forwards       NOT THROUGH: {blocked}");

        foreach (var knock in status.Knocks)
            output.WriteLine($"knock          {knock.Name}: {knock.Method}{Verb(" opens ", knock.Opens)}{Verb(" closes ", knock.Closes)}{Left(knock)}");
        if (status.Spa is { } spa)
            output.WriteLine($"spa            {string.Join(' ', spa.Carriers)}, {PortText.Count(spa.Keys, "key")} in {spa.KeysFile}");
        if (status.Fwknop is { } fwknop)
            output.WriteLine($"fwknop         {string.Join(' ', fwknop.Carriers)}{(fwknop.Http ? ", HTTP too" : "")}, {PortText.Count(fwknop.Stanzas, "stanza")}");
        var packets = status.Packets;
        var faulty = string.Concat(packets.Faulty.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => string.Create(CultureInfo.InvariantCulture, $", {f.Value} {f.Key}")));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"packets        {packets.Read} read, {packets.Reports} knocks completed{faulty}; waited {packets.LagMs:0.#} ms at most just now, {packets.GreatestLagMs:0.#} ms since the start"));
        output.WriteLine($"lost           {Losses(packets, status.Capture)}");
        if (packets.ForgedLines is > 0 and var forged)
            output.WriteLine($"not the kernel's  {PortText.Count((int)Math.Min(forged, int.MaxValue), "line")} of the log: something else writes there what only the firewall should");
        if (status.Spa is not null)
            output.WriteLine($"refused        {Counts(packets.Refused)}");
        if (!packets.RefusedByWarden.IsEmpty)
            output.WriteLine($"refused later  {Counts(packets.RefusedByWarden)}");
        if (status.Fwknop is not null)
            output.WriteLine($"of fwknop      {Counts(packets.RefusedFwknop)}");
        if (packets.RefusedTokens.Values.Any(n => n > 0))
            output.WriteLine($"of tokens      {Counts(packets.RefusedTokens)}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"grants         {status.Grants} in force"));
    }

    /// <summary>Where what was lost got lost.</summary>
    private static string PlaceOf(PacketStatus packets, string capture) => capture switch
    {
        "packet" => string.Create(CultureInfo.InvariantCulture, $"in the ring (full {(packets.TimesRingFull == 1 ? "once" : $"{packets.TimesRingFull} times")})"),
        "udp" => "in the sockets",
        _ => capture.StartsWith("nflog", StringComparison.Ordinal) ? "in the socket" : "in the log, cut",
    };

    private static string UserOf(ProcessStatus process) =>
        OperatingSystem.IsLinux() && Known.FirstOrDefault(name => Account.Find(name)?.User == process.User) is { } name
            ? name is "nobody" ? "nobody (a user 'postern' of its own would be better: docs/operations.md)" : name
            : process.User.ToString(CultureInfo.InvariantCulture);

    private static string Rights(ProcessStatus process) => process.Capabilities switch
    {
        [] => "no capabilities",
        ["all"] => "root's capabilities",
        var some => string.Join(' ', some),
    } + (process.Filtered ? ", system calls filtered" : "");

    private static string Replaced(ProcessStatus process) => process.Replaced is { } times and > 0 ? string.Create(CultureInfo.InvariantCulture, $"; replaced {(times == 1 ? "once" : $"{times} times")}") : "";

    /// <summary>In the order in which a packet comes by these places.</summary>
    private static string Losses(PacketStatus packets, string capture)
    {
        (long? Lost, string Where)[] places =
        [
            (packets.LostUnseen, "before anybody could see them (whole host)"),
            (packets.DroppedByRing, PlaceOf(packets, capture)),
            (packets.AttemptsEvicted, "attempts pushed out"),
            (packets.UnsentReports, "reports on the way to the warden"),
            (packets.DroppedReports, "reports at the warden"),
        ];
        var lost = places.Where(p => p.Lost > 0).Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Lost} {p.Where}")).ToArray();
        return lost.Length == 0 ? "nothing" : string.Join(", ", lost);
    }

    private static string Counts(IReadOnlyDictionary<string, long> counts)
    {
        var some = counts.Where(c => c.Value > 0).OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Value} {c.Key}")).ToArray();
        return some.Length == 0 ? "no single packet so far" : string.Join(", ", some);
    }

    private static string Masked(ServiceStatus service) => service.Masquerade == true ? " (masquerade)" : "";

    private static string Left(KnockStatus knock) => knock.SequencesLeft switch
    {
        null => "",
        0 => "; NO SEQUENCE IS LEFT: nobody can use it",
        var left => $"; {PortText.Count(left.Value, "sequence")} left",
    };

    private static string Verb(string verb, IEnumerable<string> services) => services.Any() ? verb + string.Join(", ", services) : "";

    private static string BlendsIn(GateStatus status)
    {
        if (status.BlendsIn is not { } fits)
            return "cannot tell how this host answers on other ports";
        var standOut = status.Services.Where(s => !s.Ports.IsEmpty && !s.Appear.Equals(fits, StringComparison.Ordinal)).Select(s => s.Name).ToArray();
        var host = fits is "silent" ? "this host drops what it does not know" : "this host answers on ports where nothing listens";
        return standOut.Length == 0
            ? $"{host}, and so do the protected ports"
            : $"{host}: 'appear: {fits}' would stand out less ({string.Join(", ", standOut)})";
    }
}
