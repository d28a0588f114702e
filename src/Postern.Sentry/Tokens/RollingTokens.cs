using System.Collections.Immutable;
using Postern.Knocks.Rolling;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Tokens;

namespace Postern.Sentry.Tokens;

/// <summary>Completed rolling sequences as tokens: each is the one of its time step, and of its address where it is bound to one.</summary>
internal sealed class RollingTokens : ITokenDetector
{
    private readonly ImmutableArray<(int Door, RollingWatch Knock)> _knocks;
    private readonly RollingDetector _detector;
    private readonly TokenThoughts _thoughts;
    private readonly byte[] _bytes;
    private readonly FoundToken[] _found;

    public RollingTokens(ImmutableArray<(int Door, RollingWatch Knock)> knocks, TokenThoughts thoughts)
    {
        (_knocks, _thoughts) = (knocks, thoughts);
        _detector = new([.. knocks.Select(k => new RollingDoor(k.Knock.Plan, k.Knock.Secret, k.Knock.Within))]);
        _found = new FoundToken[knocks.Length * TokenWatchOptions.MostOfOnePacket];
        _bytes = new byte[_found.Length * TokenRequest.Size];
    }

    public ReadOnlySpan<FoundToken> Observe(in PacketView packet, TokenTime now)
    {
        var count = 0;
        var sequences = _detector.Observe(packet, now.Uptime, now.Seconds, out var outcome);
        foreach (var (place, step, bound) in sequences)
        {
            var (door, knock) = _knocks[place];
            var bytes = _bytes.AsMemory(count * TokenRequest.Size, TokenRequest.Size);
            new TokenRequest(TokenMethod.Rolling, (ulong)knock.Plan.BeginOf(step)) { Number = (ulong)step, Bound = bound }.Write(bytes.Span);
            _found[count++] = new(door, bytes);
        }

        if (outcome is RollingOutcome.Miss or RollingOutcome.Scanning)
            _thoughts.Refuse(Refusal.WrongStep, DoorOf(packet));
        else if (outcome == RollingOutcome.OverBudget)
            _thoughts.Refuse(Refusal.OverBudget, DoorOf(packet));
        else if (outcome == RollingOutcome.Step && count == 0)
            _thoughts.NotePart(DoorOf(packet), 0, 0);
        return _found.AsSpan(0, count);
    }

    /// <summary>The only knock in whose pool it falls; of several it could be either's.</summary>
    private int DoorOf(in PacketView packet)
    {
        var only = TokenThoughts.NoDoor;
        if (!_thoughts.AreWanted || !KnockStep.TryFrom(packet, out var kind, out var port))
            return only;
        foreach (var (door, knock) in _knocks)
        {
            if (!knock.Plan.Holds(kind, port))
                continue;
            if (only != TokenThoughts.NoDoor)
                return TokenThoughts.NoDoor;
            only = door;
        }

        return only;
    }
}
