using System.Collections.Immutable;
using Postern.Knocks.Counted;
using Postern.Packets;
using Postern.Reports.Tokens;

namespace Postern.Sentry.Tokens;

/// <summary>Looks for tokens in the headers of first segments (<see cref="SynToken"/>).</summary>
internal sealed class SynDetector : ITokenDetector
{
    private const int HeadBits = 32;

    /// <summary>Of the tail: what a kernel's connection carries; what a segment carries that was written by hand, over IPv6; and over IPv4, with the identification.</summary>
    private const ulong OfConnection = 0xffff_0000_0000_0000;
    private const ulong OfIPv6 = 0xffff_ffff_0000_0000;
    private const ulong OfIPv4 = 0xffff_ffff_ffff_0000;

    private readonly CountedTable _table;
    private readonly Dictionary<int, SynWatch> _knocks;
    private readonly PortMap _ports;
    private readonly CountedFinding _finding;

    public SynDetector(ImmutableArray<(int Door, SynWatch Knock)> knocks, TokenThoughts thoughts)
    {
        _table = new([.. knocks.Select(k => new CountedKnock(k.Door, k.Knock.Secret, k.Knock.Step, k.Knock.IsBound))], CountedToken.SynLabel, HeadBits);
        _knocks = knocks.ToDictionary(k => k.Door, k => k.Knock);
        _ports = new([.. knocks.SelectMany(k => k.Knock.TcpPorts)]);
        _finding = new(TokenMethod.Syn, _table, thoughts);
    }

    public ReadOnlySpan<FoundToken> Observe(in PacketView packet, TokenTime now)
    {
        if (packet.Protocol != IpProtocol.Tcp || !_ports.Has(packet.DestinationPort) || !SynView.TryRead(packet, out var syn) || !syn.Options.HasTimestamp)
            return [];
        if (!_table.TryFind(syn.Sequence, now.Seconds, out var match))
            return [];
        var knock = _knocks[match.Knock.Door];
        if (!knock.Takes(packet.DestinationPort))
            return [];
        var tail = ((ulong)syn.Options.Timestamp << 32) | ((ulong)syn.Identification << 16);
        return _finding.Judge(match, packet, tail, knock.IsOfConnection ? OfConnection : syn.IsV4 ? OfIPv4 : OfIPv6, now.Seconds);
    }
}
