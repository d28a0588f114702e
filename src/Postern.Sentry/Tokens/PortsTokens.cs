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
    private readonly SentryCounters _counters;
    private readonly byte[] _bytes;
    private readonly FoundToken[] _found;

    public PortsTokens(ImmutableArray<(int Door, PortsWatch Knock)> knocks, SentryCounters counters)
    {
        (_knocks, _counters) = (knocks, counters);
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
            _counters.CountToken(outcome switch { PortsOutcome.Garbled => Refusal.Garbled, PortsOutcome.BadToken => Refusal.BadToken, _ => Refusal.OverBudget });
        return _found.AsSpan(0, count);
    }

    /// <summary>The time with these lower 32 bits that is nearest to the gate's.</summary>
    private static ulong WholeTime(uint low, long here) => (ulong)Math.Max(0, here + unchecked((int)(low - (uint)(here % WholeTurn))));
}
