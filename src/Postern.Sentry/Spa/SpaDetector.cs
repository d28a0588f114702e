using Postern.Knocks.Spa;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Sentry.Spa;

/// <summary>
/// Recognises SPA packets and opens them, cheapest reject first (spec/spa.md §7). Allocates nothing once it stands; its memory is bounded.
/// </summary>
internal sealed class SpaDetector
{
    private readonly PortMap _udp;
    private readonly PortMap _tcp;
    private readonly bool _echo;
    private readonly SpaReader _reader;
    private readonly OpenedPackets _opened;
    private readonly OpeningBudget _budget;

    public SpaDetector(SpaWatchOptions options)
    {
        var hash = new SipHash(options.Seed);
        _udp = new(options.UdpPorts);
        _tcp = new(options.TcpPorts);
        _echo = options.Echo;
        _reader = new(options.OuterKey, options.GateKey);
        _opened = new(hash);
        _budget = new(hash, options.Limits);
    }

    /// <summary>Whether it came where SPA packets come, whatever is in it.</summary>
    public bool Concerns(in PacketView packet) => packet.Protocol switch
    {
        IpProtocol.Udp => _udp.Has(packet.DestinationPort),
        IpProtocol.Tcp => (packet.Flags & (TcpFlags.Syn | TcpFlags.Ack)) == TcpFlags.Syn && packet.PayloadLength > 0 && _tcp.Has(packet.DestinationPort),
        _ => _echo && packet.IsEchoRequest,
    };

    /// <summary>The request lives until the next call. It is not proven: the signature is for the warden.</summary>
    public Refusal Open(in PacketView packet, long now, out ReadOnlyMemory<byte> request)
    {
        request = default;
        var payload = packet.Payload;
        if (!SpaPacket.IsSize(packet.PayloadLength) || payload.Length != packet.PayloadLength)
            return Refusal.WrongSize;
        if (_opened.Has(payload))
            return Refusal.Copy;
        if (_reader.OpenOuter(payload, out var box) is var a and not Refusal.None)
            return a;
        if (_budget.Spend(new(packet.Source), now) is var b and not Refusal.None)
            return b;
        _opened.Add(payload);
        return _reader.Open(box, out request);
    }
}
