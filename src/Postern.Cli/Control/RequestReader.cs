using System.Text.Json;
using Postern.Cli.Configuration;
using Postern.Reports;

namespace Postern.Cli.Control;

/// <summary>One line to a request. It holds what its verb takes and nothing else; whether there is such a service or grant is for the warden to say.</summary>
internal static class RequestReader
{
    private const int MaxAddress = 64;

    private static readonly TimeSpan LongestGrant = TimeSpan.FromDays(30);

    private static readonly TimeSpan LongestTrial = TimeSpan.FromHours(1);

    public static ControlFailure NoForward { get; } = new(null, "that says no port and no place to lead to", "write --forward tcp/2222=10.0.0.5:22, or tcp/2222=:22 for a port of this host");

    public static ControlFailure Malformed { get; } = new(null, "this gate does not know that request", "is the command of the same version as the gate?");

    public static bool TryRead(ReadOnlySpan<byte> line, out ControlRequest request, out ControlFailure? failure)
    {
        (request, failure) = (new(""), Malformed);
        try
        {
            if (JsonSerializer.Deserialize(line, ControlJson.Default.ControlRequest) is not { Verb: not null } read)
                return false;
            (request, failure) = (read, FaultOf(read));
        }
        catch (JsonException)
        {
            // Not JSON, a field that no request has, or one twice.
        }

        return failure is null;
    }

    /// <summary>What may be asked by whoever may only look.</summary>
    public static bool OnlyReads(ControlRequest request) => request.Verb is ControlRequest.Status or ControlRequest.Grants or ControlRequest.Watch;

    private static ControlFailure? FaultOf(ControlRequest request) => request.Verb switch
    {
        ControlRequest.Status or ControlRequest.Grants or ControlRequest.Reload or ControlRequest.Confirm => IsBare(request) && request.Seconds is null ? null : Malformed,
        ControlRequest.Watch when request is not { Service: null, Forward: null, Seconds: null } => Malformed,
        ControlRequest.Watch => request.Address is null || (request.Address.Length <= MaxAddress && Address.TryParse(request.Address, out _)) ? null : new(null, "that is no address", "write one such as 192.0.2.7 or 2001:db8::7"),
        ControlRequest.Apply when !IsBare(request) => Malformed,
        ControlRequest.Apply => IsWithin(request.Seconds, 5, LongestTrial) ? null : new(null, "that is no time for a trial", "write 5s to 1h"),
        ControlRequest.Grant or ControlRequest.Revoke when !NamesGrantee(request) => new(null, "that names no service and address", "write a service of the configuration and an IP address: ssh 192.0.2.7"),
        ControlRequest.Grant when request.Forward is { } forward && !PortForward.TryParse(forward, out _) => NoForward,
        ControlRequest.Grant => IsWithin(request.Seconds, 1, LongestGrant) ? null : new(null, "that is no time for a grant", "write 1s to 30d, or leave it to the service"),
        ControlRequest.Revoke => request is { Seconds: null, Forward: null } ? null : Malformed,
        _ => Malformed,
    };

    private static bool IsBare(ControlRequest request) => request is { Service: null, Address: null, Forward: null };

    private static bool NamesGrantee(ControlRequest request) => request.Service is { } service && Values.IsName(service) && request.Address is { Length: > 0 and <= MaxAddress };

    private static bool IsWithin(double? seconds, double least, TimeSpan most) => seconds is null || (seconds >= least && seconds <= most.TotalSeconds);
}
