using Postern.Knocks.Counted;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Tokens;

namespace Postern.Sentry.Tokens;

/// <summary>From a head that was found to what is said of it.</summary>
internal sealed class CountedFinding(TokenMethod method, CountedTable table, TokenThoughts thoughts)
{
    private readonly byte[] _request = new byte[TokenRequest.Size];
    private readonly FoundToken[] _found = new FoundToken[1];

    public ReadOnlySpan<FoundToken> Judge(scoped in CountedMatch match, scoped in PacketView packet, ulong tail, ulong carried, long seconds)
    {
        var source = new Address(packet.Source);
        if (!table.IsRight(match, source, tail, carried))
            return Refuse(Refusal.BadToken, match.Knock.Door);
        if (!table.IsNews(match, source, packet.SourcePort, seconds))
            return Refuse(Refusal.Copy, match.Knock.Door);
        new TokenRequest(method, match.Made) { Number = match.Count, Bound = match.Knock.IsBound ? source : Address.None }.Write(_request);
        _found[0] = new(match.Knock.Door, _request);
        return _found;
    }

    public ReadOnlySpan<FoundToken> Refuse(Refusal refusal, int door)
    {
        thoughts.Refuse(refusal, door);
        return [];
    }
}
