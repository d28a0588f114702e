using System.Buffers.Binary;

namespace Postern.Packets;

/// <summary>
/// The first segment of a connection (SYN, and none of ACK, RST and FIN) with all that its two headers say: by this one tells which stack made it, and in this a
/// token may stand. Any bytes give an answer; none give an exception or an allocation.
/// </summary>
public readonly ref struct SynView
{
    private const TcpFlags Decisive = TcpFlags.Syn | TcpFlags.Ack | TcpFlags.Rst | TcpFlags.Fin;

    private const int FixedSize = 20;

    public bool IsV4 { get; private init; }

    /// <summary>Time to live of IPv4, hop limit of IPv6: what is left of it.</summary>
    public byte Hops { get; private init; }

    /// <summary>Of IPv4; zero for IPv6, which has none.</summary>
    public ushort Identification { get; private init; }

    public uint Sequence { get; private init; }

    /// <summary>Not looked at by anybody in a segment without ACK, so that most stacks leave it zero.</summary>
    public uint Acknowledgment { get; private init; }

    /// <summary>As it stands: that of a first segment is not scaled.</summary>
    public ushort Window { get; private init; }

    public SynOptions Options { get; private init; }

    public SynTraits Traits { get; private init; }

    /// <summary>False where it is no such segment.</summary>
    public static bool TryRead(in PacketView packet, out SynView syn)
    {
        syn = default;
        var ip = packet.NetworkHeader;
        var tcp = packet.TransportHeader;
        if (packet.Protocol != IpProtocol.Tcp || (packet.Flags & Decisive) != TcpFlags.Syn || tcp.Length < FixedSize || ip.Length < FixedSize)
            return false;
        var isV4 = ip[0] >> 4 == 4;
        var options = SynOptions.Read(tcp[FixedSize..]);
        syn = new()
        {
            IsV4 = isV4,
            Hops = ip[isV4 ? 8 : 7],
            Identification = isV4 ? BinaryPrimitives.ReadUInt16BigEndian(ip[4..]) : (ushort)0,
            Sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]),
            Acknowledgment = BinaryPrimitives.ReadUInt32BigEndian(tcp[8..]),
            Window = BinaryPrimitives.ReadUInt16BigEndian(tcp[14..]),
            Options = options,
            Traits = (isV4 ? TraitsOfIPv4(ip) : SynTraits.None) | TraitsOfTcp(tcp) | options.Traits | (packet.PayloadLength > 0 ? SynTraits.Data : SynTraits.None),
        };
        return true;
    }

    /// <summary>RFC 791 §3.1: of the 16 bits at 6, the first must be zero and the second is DF.</summary>
    private static SynTraits TraitsOfIPv4(ReadOnlySpan<byte> ip)
    {
        var traits = (ip[6] & 0x40) != 0 ? SynTraits.DontFragment : SynTraits.None;
        if ((ip[6] & 0x80) != 0)
            traits |= SynTraits.Reserved;
        if ((ip[4] | ip[5]) == 0)
            traits |= SynTraits.NoIdentification;
        return ip.Length > FixedSize ? traits | SynTraits.IpOptions : traits;
    }

    /// <summary>RFC 9293 §3.1. Of the four bits after the length one is AE (RFC 9768), and the others are nobody's.</summary>
    private static SynTraits TraitsOfTcp(ReadOnlySpan<byte> tcp)
    {
        var flags = (TcpFlags)tcp[13];
        var traits = SynTraits.None;
        if ((flags & (TcpFlags.Ece | TcpFlags.Cwr)) != TcpFlags.None)
            traits |= SynTraits.Ecn;
        if ((flags & (TcpFlags.Psh | TcpFlags.Urg)) != TcpFlags.None || (tcp[18] | tcp[19]) != 0)
            traits |= SynTraits.PushOrUrgent;
        if ((tcp[12] & 0x0e) != 0)
            traits |= SynTraits.Reserved;
        if (BinaryPrimitives.ReadUInt32BigEndian(tcp[8..]) != 0)
            traits |= SynTraits.Acknowledgment;
        return traits;
    }
}

/// <summary>What is not so in every first segment.</summary>
[Flags]
public enum SynTraits
{
    None = 0,

    /// <summary>IPv4: the DF bit.</summary>
    DontFragment = 1,

    /// <summary>IPv4: an identification of zero.</summary>
    NoIdentification = 2,

    /// <summary>ECE or CWR: the client offers congestion notification (RFC 3168 §6.1.1).</summary>
    Ecn = 4,

    /// <summary>An acknowledgment number, though there is no ACK.</summary>
    Acknowledgment = 8,

    /// <summary>PSH, URG, or an urgent pointer.</summary>
    PushOrUrgent = 16,

    /// <summary>A bit that must be zero.</summary>
    Reserved = 32,

    /// <summary>Options of IPv4.</summary>
    IpOptions = 64,

    /// <summary>Data behind the headers.</summary>
    Data = 128,

    /// <summary>An echo in the option of time stamps, though there was nothing to echo.</summary>
    Echo = 256,

    /// <summary>Something behind the end of the options that is not zero.</summary>
    AfterEnd = 512,

    /// <summary>Options that contradict their lengths, or are too many.</summary>
    BadOptions = 1024,
}
