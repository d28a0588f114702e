using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Postern.Client.Connecting;

/// <summary>What to connect to, and how to knock for it.</summary>
/// <param name="Targets">At most one address of each family.</param>
/// <param name="Port">Of TCP.</param>
/// <param name="Method">Forms the knock, given the local port that the connection to an address will come from.</param>
public sealed record Errand(ImmutableArray<IPAddress> Targets, ushort Port, Func<Func<IPAddress, ushort>, IKnockMethod> Method)
{
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The local port; 0: a free one.</summary>
    public ushort LocalPort { get; init; }
}

/// <summary>Knocks for one connection, before it is made, and makes it: the gate opens to the local port of that connection and to nothing else.</summary>
public static class Connector
{
    /// <returns>The connection, where it came about, which the caller owns; and how the knock went.</returns>
    /// <exception cref="KnockException">The knock could not be sent.</exception>
    public static async Task<(Socket? Connection, KnockResult Result)> ConnectAsync(Errand errand, Action<KnockSending>? sending, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(errand);
        var ports = errand.Targets.ToDictionary(target => target, target => new LocalPort(target.AddressFamily, errand.LocalPort));
        var probes = errand.Targets.ToDictionary(target => target, target => new FixedPortProbe(new(target, errand.Port), ports[target]));
        try
        {
            var knock = new Knock(errand.Targets, errand.Method(target => ports[target].Number))
            {
                Ports = [errand.Port],
                Timeout = errand.Timeout,
                Watch = endpoint => probes[endpoint.Address],
            };
            var result = await Knocker.KnockAsync(knock, sending, cancellation);
            return (result.Outcome == KnockOutcome.Done ? probes[result.Target].Take() : null, result);
        }
        finally
        {
            foreach (var probe in probes.Values)
                probe.Take()?.Dispose();
            foreach (var port in ports.Values)
                port.Dispose();
        }
    }
}
