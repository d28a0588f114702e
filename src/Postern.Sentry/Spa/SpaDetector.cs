using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Sentry.Spa;

/// <summary>
/// Recognises SPA packets and opens them, cheapest reject first (spec/spa.md §7). Allocates nothing once it stands; its memory is bounded.
/// <para>
/// Before all else stands the mark of the nonce. Who lacks the gate secret cannot make one, so a flood of junk costs a short hash for each packet and not
/// a MAC of the whole. A packet without it may be an older client's, and is looked at all the same while there are few of them; in a flood, by chance.
/// </para>
/// </summary>
internal sealed class SpaDetector
{
    // Tuning. So many outer seals are tried on packets without a mark, half a hundredth of a core; and fewer by a reader that is late.
    private static readonly OpeningRate Unmarked = new(2_000, 1_000);
    private const long Calm = 10_000_000;

    private readonly PortMap _udp;
    private readonly PortMap _tcp;
    private readonly MovingPorts? _moving;
    private readonly bool _echo;
    private readonly SpaReader _reader;
    private readonly OpenedPackets _opened;
    private readonly SharedBucket _unmarked;
    private readonly OpeningBudget _budget;

    public SpaDetector(SpaWatchOptions options)
    {
        var hash = new SipHash(options.Seed);
        _udp = new(options.UdpPorts);
        _tcp = new(options.TcpPorts);
        _moving = options.MovingPorts.IsEmpty ? null : new(options.MovingPorts, options.OuterKey);
        _echo = options.Echo;
        _reader = new(options.OuterKey, options.GateKey);
        _opened = new(hash);
        _unmarked = new(hash, Unmarked, Calm);
        _budget = new(hash, options.Limits, keepsForCopies: true);
        _ = options.OuterKey.IsMarked(stackalloc byte[OuterKey.NonceSize]); // what it calls is found now, before the sentry walls itself in
    }

    /// <summary>Whether it came where SPA packets come, whatever is in it.</summary>
    public bool Concerns(in PacketView packet) => packet.Protocol switch
    {
        IpProtocol.Udp => IsFixed(packet) || _moving?.Has(Transport.Udp, packet.DestinationPort) == true,
        IpProtocol.Tcp => (packet.Flags & (TcpFlags.Syn | TcpFlags.Ack)) == TcpFlags.Syn && packet.PayloadLength > 0 && (IsFixed(packet) || _moving?.Has(Transport.Tcp, packet.DestinationPort) == true),
        _ => _echo && packet.IsEchoRequest,
    };

    /// <summary>Whether it came to a port that does not move.</summary>
    private bool IsFixed(in PacketView packet) => packet.Protocol == IpProtocol.Udp ? _udp.Has(packet.DestinationPort) : _tcp.Has(packet.DestinationPort);

    /// <summary>Whether it came to a port of a pool that is none of those of now.</summary>
    private bool IsElsewhere(in PacketView packet, long seconds) =>
        _moving is not null && packet.Protocol is IpProtocol.Udp or IpProtocol.Tcp && !IsFixed(packet)
        && !_moving.IsLive(packet.Protocol == IpProtocol.Udp ? Transport.Udp : Transport.Tcp, packet.DestinationPort, seconds);

    /// <summary>The request lives until the next call. It is not proven: the signature is for the warden.</summary>
    /// <param name="packet">That came where SPA packets come.</param>
    /// <param name="now">When it came, in nanoseconds.</param>
    /// <param name="seconds">The same since 1970, by the gate's clock.</param>
    /// <param name="lag">How long ago that was when it was read.</param>
    /// <param name="request">What is inside both seals.</param>
    public Refusal Open(in PacketView packet, long now, long seconds, long lag, out ReadOnlyMemory<byte> request)
    {
        request = default;
        var payload = packet.Payload;
        if (!SpaPacket.IsSize(packet.PayloadLength) || payload.Length != packet.PayloadLength)
            return Refusal.WrongSize;
        if (IsElsewhere(packet, seconds))
            return Refusal.WrongPort;
        if (!_reader.IsMarked(payload) && !IsTried(now, lag))
            return Refusal.Junk;
        if (_opened.Has(payload))
            return Refusal.Copy;
        if (_reader.OpenOuter(payload, out var box) is var a and not Refusal.None)
            return a;
        if (_budget.SpendOn(payload, new(packet.Source), now, lag) is var b and not Refusal.None)
            return b;
        _opened.Add(payload);
        return _reader.Open(box, out request);
    }

    private bool IsTried(long now, long lag)
    {
        if (!_unmarked.Admits(now, lag, cost: 1))
            return false;
        _unmarked.Take(1);
        return true;
    }
}
