using System.Net;
using System.Security.Cryptography;
using Postern.Keys;
using Postern.Knocks.Ports;
using Postern.Knocks.Sequences;
using Postern.Reports;

namespace Postern.Client.Tokens;

/// <summary>
/// A token in port numbers: each round sends all of it, in an order of chance. The rounds of one knock send the same token, so that what one of them lost another makes good.
/// </summary>
/// <param name="span">As the gate has it.</param>
/// <param name="secret">It stays the caller's.</param>
public sealed class PortsKnock(PortSpan span, TokenSecret secret) : IKnockMethod
{
    /// <summary>Nothing is done there by anybody, and no service of ours.</summary>
    private const int FirstDecoy = 1_024;

    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(2);

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);

    private readonly Dictionary<IPAddress, (long Written, ushort[] Ports)> _tokens = [];

    public bool Tcp { get; init; } = true;

    public bool Udp { get; init; } = true;

    /// <summary>The code of the one service that is asked for; zero: all that the knock opens.</summary>
    public ushort Service { get; init; }

    /// <summary>What rides along for the command of an action (<see cref="Reports.Errands.ActionData"/>); empty: nothing. Then the span has room for it.</summary>
    public string Data { get; init; } = "";

    /// <summary>The token is good only for the address that it comes from.</summary>
    public bool IsBound { get; init; }

    /// <summary>So many packets that mean nothing among those of a round, to ports outside of the span.</summary>
    public int DecoyCount { get; init; }

    /// <summary>Where the gate sees us, knocking at this address; null: the address that packets leave with.</summary>
    public Func<IPAddress, CancellationToken, Task<Address>>? AddressFor { get; init; }

    public int Packets => PortSpan.SymbolsFor(Data.Length) + DecoyCount;

    public TimeSpan? Gap => Usual;

    public bool IsOnce => false;

    public bool IsAnswered => false;

    public async Task<KnockLetter> WriteAsync(IPAddress target, KnockRound round, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(target);
        var ports = await PortsForAsync(target, cancellation);
        return new(Decoys.Mix([.. ports.Select(Step)], round.Number < Decoys.Rounds ? DecoyCount : 0, Draw, round.Gap));
    }

    /// <summary>Knocks at two addresses are two.</summary>
    private async Task<ushort[]> PortsForAsync(IPAddress target, CancellationToken cancellation)
    {
        lock (_tokens)
        {
            if (_tokens.TryGetValue(target, out var known) && Environment.TickCount64 - known.Written < Fresh.TotalMilliseconds)
                return known.Ports;
        }

        var address = IsBound ? await (AddressFor ?? LeavingWith.TowardsAsync)(target, cancellation) : Address.None;
        var ports = new ushort[PortSpan.SymbolsFor(Data.Length)];
        var token = new PortsToken((uint)DateTimeOffset.UtcNow.ToUnixTimeSeconds(), Service, (byte)RandomNumberGenerator.GetInt32(256), IsBound) { Data = Data };
        var bytes = new byte[token.Length];
        token.Write(secret, address, bytes);
        span.Write(bytes, ports);
        lock (_tokens)
            _tokens[target] = (Environment.TickCount64, ports);
        return ports;
    }

    private KnockStep Step(ushort port) => new(Tcp && (!Udp || RandomNumberGenerator.GetInt32(2) == 0) ? StepKind.Tcp : StepKind.Udp, port, port);

    private KnockStep Draw()
    {
        while (true)
        {
            var port = (ushort)RandomNumberGenerator.GetInt32(FirstDecoy, ushort.MaxValue + 1);
            if (port < span.First || port > span.Last)
                return Step(port);
        }
    }
}
