using System.Collections.Immutable;
using Postern.Keys.Knockknock;
using Postern.Knocks.Knockknock;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Tokens;

namespace Postern.Sentry.Tokens;

/// <summary>Looks for packets of knockknock (<see cref="KnockknockPacket"/>).</summary>
internal sealed class KnockknockDetector : ITokenDetector
{
    private readonly PortMap _ports;
    private readonly KnockknockTable _table;
    private readonly TokenThoughts _thoughts;
    private readonly byte[] _request = new byte[TokenRequest.Size];
    private readonly FoundToken[] _found = new FoundToken[1];

    public KnockknockDetector(ImmutableArray<(int Door, KnockknockWatch Knock)> knocks, TokenThoughts thoughts)
    {
        _thoughts = thoughts;
        _ports = new([.. knocks.SelectMany(k => k.Knock.TcpPorts)]);
        _table = new([.. knocks.Select(k => new KnockknockDoor(k.Door, new KnockknockKeys(k.Knock.Secret), k.Knock.KnockPort, k.Knock.Ports, k.Knock.Next(), k.Knock.Window))]);
    }

    public ReadOnlySpan<FoundToken> Observe(in PacketView packet, TokenTime now)
    {
        if (packet.Protocol != IpProtocol.Tcp || !_ports.Has(packet.DestinationPort) || !SynView.TryRead(packet, out var syn) || !syn.IsV4)
            return [];
        var fields = new KnockknockPacket(syn.Identification, syn.Sequence, syn.Acknowledgment, syn.Window);
        switch (_table.Find(fields, packet.DestinationPort, new(packet.Source), packet.SourcePort, now.Uptime, out var match))
        {
            case KnockknockOutcome.Found:
                TokenRequest.OfCounter(match.Counter, match.Port).Write(_request);
                _found[0] = new(match.Door, _request);
                return _found;
            case KnockknockOutcome.Copy:
                _thoughts.Refuse(Refusal.Copy, match.Door);
                return [];
            case KnockknockOutcome.Bad:
                _thoughts.Refuse(Refusal.BadToken, TokenThoughts.NoDoor);
                return [];
            case KnockknockOutcome.OverBudget:
                _thoughts.Refuse(Refusal.OverBudget, TokenThoughts.NoDoor);
                return [];
            default:
                return [];
        }
    }
}
