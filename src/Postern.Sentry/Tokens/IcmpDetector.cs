using System.Buffers.Binary;
using System.Collections.Immutable;
using Postern.Knocks.Counted;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Tokens;

namespace Postern.Sentry.Tokens;

/// <summary>
/// Looks for tokens in the data of echo requests. <c>ping -p</c> fills the data with a pattern of 16 bytes, over and over, and puts its own clock before it:
/// <code>
/// iputils (Linux)      clock 16, and the pattern goes on as if it had begun at 0: whole from 16 on
/// inetutils, BSD, macOS  clock 8, and the pattern begins behind it: whole from 8 on
/// whoever has no clock   whole from 0 on
/// </code>
/// </summary>
internal sealed class IcmpDetector : ITokenDetector
{
    private const int HeadBits = 64;

    private static readonly int[] Places = [16, 8, 0];

    private readonly CountedTable _table;
    private readonly CountedFinding _finding;

    public IcmpDetector(ImmutableArray<(int Door, IcmpWatch Knock)> knocks, TokenThoughts thoughts)
    {
        _table = new([.. knocks.Select(k => new CountedKnock(k.Door, k.Knock.Secret, k.Knock.Step, k.Knock.IsBound))], CountedToken.IcmpLabel, HeadBits);
        _finding = new(TokenMethod.Icmp, _table, thoughts);
    }

    public ReadOnlySpan<FoundToken> Observe(in PacketView packet, TokenTime now)
    {
        if (!packet.IsEchoRequest)
            return [];
        foreach (var place in Places)
        {
            if (packet.Payload.Length < place + CountedToken.Size)
                continue;
            var token = packet.Payload[place..];
            if (_table.TryFind(BinaryPrimitives.ReadUInt64BigEndian(token), now.Seconds, out var match))
                return _finding.Judge(match, packet, BinaryPrimitives.ReadUInt64BigEndian(token[CountedToken.HeadSize..]), ulong.MaxValue, now.Seconds);
        }

        return TryCut(packet, now);
    }

    /// <summary>The first half of a token of ours, and not all of the second: the ping was too short, or the packet was cut.</summary>
    private ReadOnlySpan<FoundToken> TryCut(in PacketView packet, TokenTime now)
    {
        foreach (var place in Places)
        {
            if (packet.Payload.Length - place is >= CountedToken.HeadSize and < CountedToken.Size && _table.TryFind(BinaryPrimitives.ReadUInt64BigEndian(packet.Payload[place..]), now.Seconds, out var match))
                return _finding.Refuse(Refusal.TooShort, match.Knock.Door);
        }

        return [];
    }
}
