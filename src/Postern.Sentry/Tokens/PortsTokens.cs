using System.Collections.Immutable;
using Postern.Knocks.Ports;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Tokens;

namespace Postern.Sentry.Tokens;

/// <summary>Tokens that were read from port numbers.</summary>
internal sealed class PortsTokens : ITokenDetector
{
    private const long WholeTurn = 1L << 32;

    private readonly ImmutableArray<(int Door, PortsWatch Knock)> _knocks;
    private readonly PortsDetector _detector;
    private readonly TokenThoughts _thoughts;
    private readonly byte[] _bytes;
    private readonly FoundToken[] _found;

    public PortsTokens(ImmutableArray<(int Door, PortsWatch Knock)> knocks, TokenThoughts thoughts)
    {
        (_knocks, _thoughts) = (knocks, thoughts);
        _detector = new([.. knocks.Select(k => new PortsDoor(k.Knock.Span, k.Knock.Tcp, k.Knock.Udp, k.Knock.Secret, k.Knock.Within))]);
        _found = new FoundToken[knocks.Length];
        _bytes = new byte[knocks.Length * TokenRequest.Size];
    }

    public ReadOnlySpan<FoundToken> Observe(in PacketView packet, TokenTime now)
    {
        var count = 0;
        var tokens = _detector.Observe(packet, now.Uptime, out var outcome);
        foreach (var (place, token, number, bound) in tokens)
        {
            var bytes = _bytes.AsMemory(count * TokenRequest.Size, TokenRequest.Size);
            new TokenRequest(TokenMethod.Ports, WholeTime(token.Made, now.Seconds)) { Service = token.Service, Number = number, Bound = bound, Data = token.Data.Length > 0 ? token.Data : null }.Write(bytes.Span);
            _found[count++] = new(_knocks[place].Door, bytes);
        }

        if (outcome is PortsOutcome.Garbled or PortsOutcome.BadToken or PortsOutcome.OverBudget)
            _thoughts.Refuse(outcome switch { PortsOutcome.Garbled => Refusal.Garbled, PortsOutcome.BadToken => Refusal.BadToken, _ => Refusal.OverBudget }, DoorOf(packet));
        else if (outcome == PortsOutcome.Symbol && count == 0)
            _thoughts.NotePart(DoorOf(packet), _detector.There, PortsToken.Size);
        return _found.AsSpan(0, count);
    }

    /// <summary>The only knock that looks at such a packet. Before its secret fits, a token could be anybody's of the others.</summary>
    private int DoorOf(in PacketView packet)
    {
        var only = TokenThoughts.NoDoor;
        if (!_thoughts.AreWanted)
            return only;
        foreach (var (door, knock) in _knocks)
        {
            if (!(packet.Protocol == IpProtocol.Tcp ? knock.Tcp : knock.Udp) || !knock.Span.TryRead(packet.DestinationPort, out _, out _))
                continue;
            if (only != TokenThoughts.NoDoor)
                return TokenThoughts.NoDoor;
            only = door;
        }

        return only;
    }

    /// <summary>The time with these lower 32 bits that is nearest to the gate's.</summary>
    private static ulong WholeTime(uint low, long here) => (ulong)Math.Max(0, here + unchecked((int)(low - (uint)(here % WholeTurn))));
}
