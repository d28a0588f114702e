using System.Runtime.Versioning;
using System.Collections.Immutable;
using System.Reflection;
using Postern.Cli.Control;
using Postern.Reports;

namespace Postern.Cli.Gate;

/// <summary>Answers operators, on the warden's thread. What it may be asked is a closed list, and comes checked (<see cref="RequestReader"/>).</summary>
[SupportedOSPlatform("linux")]
internal sealed class OperatorDesk(Warden.Warden warden, Reloader reloader, Func<GateStatus, GateStatus> describe, Func<IReadOnlyDictionary<string, string>> keyNames)
{
    public static string Version { get; } =
        typeof(OperatorDesk).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public ControlReply Answer(ControlRequest request, Moment now) => request.Verb switch
    {
        ControlRequest.Status => new() { Status = Status(now) },
        ControlRequest.Grants => new() { Grants = new([.. warden.Grants.Where(g => g.Until > now.Uptime)], keyNames(), now), Done = "listed" },
        ControlRequest.Grant => WithGrantee(request, (service, address) => warden.Grant(service, address, request.Seconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null, now, ForwardOf(request)), "granted"),
        ControlRequest.Revoke => WithGrantee(request, warden.Revoke, "revoked"),
        ControlRequest.Confirm => reloader.Confirm(),
        _ => new() { Failure = RequestReader.Malformed },
    };

    private GateStatus Status(Moment now) => describe(new()
    {
        Version = Version,
        Pid = Environment.ProcessId,
        Started = default,
        Files = [],
        Loaded = reloader.Loaded,
        ReloadFault = reloader.Fault,
        TrialSecondsLeft = reloader.TrialLeft(now.Uptime) is { } left ? Math.Round(left.TotalSeconds, 1) : null,
        Interfaces = [],
        RulesInPlace = false,
        Services = [],
        Knocks = [],
        Grants = warden.GrantCount,
        Packets = new(0, ImmutableDictionary<string, long>.Empty, ImmutableDictionary<string, long>.Empty, 0, 0, 0, 0),
    });

    private static ControlReply WithGrantee(ControlRequest request, Func<string, Address, Refusal> change, string done)
    {
        if (request.Service is not { Length: > 0 } service || !Address.TryParse(request.Address, out var address))
            return new() { Failure = new(null, "that names no service and address", "write a service of the configuration and an IP address: ssh 192.0.2.7") };
        var refusal = change(service, address);
        return refusal == Refusal.None
            ? new() { Done = $"{done} {service} {address}" }
            : new() { Failure = new(refusal.Word(), $"not {done}: {service} {address}", Mend(refusal)) };
    }

    private static PortForward? ForwardOf(ControlRequest request) => PortForward.TryParse(request.Forward, out var forward) ? forward : null;

    private static string Mend(Refusal refusal) => refusal switch
    {
        Refusal.NoSuchService => "'postern status' lists the services",
        Refusal.NoSuchGrant => "'postern grants' lists what is open to whom",
        Refusal.TooManyGrants => "raise gate.max_grants, or revoke some",
        Refusal.UnusableAddress => "no packet that may knock comes from there",
        Refusal.ForwardMissing => "say which port leads where: --forward tcp/2222=10.0.0.5:22",
        Refusal.ForwardNotAllowed => "the service leads nowhere for that address, or not there: 'forward' in the configuration says where to",
        Refusal.ForwardTaken => "that port leads this address somewhere already: choose another, or revoke that",
        Refusal.FirewallFailed => "the gate's log says what the kernel answered",
        _ => "the gate's log says more",
    };
}
