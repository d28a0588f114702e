using Postern.Packets.Logs;

namespace Postern.Packets;

/// <summary>What a line of a log says: the packet, where it came in, and when it was written.</summary>
public readonly ref struct LoggedPacket
{
    /// <summary>Headers as the line tells of them, from the IP header on (<see cref="LinkType.Raw"/>); no data, but the length of it.</summary>
    public ReadOnlySpan<byte> Bytes { get; init; }

    public ReadOnlySpan<byte> Interface { get; init; }

    public LogStamp Stamp { get; init; }
}

/// <summary>
/// One line that the kernel's firewall wrote of a packet: the target LOG of iptables and the statement <c>log</c> of nftables, and so ufw and firewalld, which
/// write those rules (net/netfilter/nf_log_syslog.c), behind what a system logger or the journal puts before it.
/// <code>
/// TIME HOST kernel: [UPTIME] PREFIX
/// IN=eth0 OUT= MAC=… SRC=192.0.2.7 DST=198.51.100.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=57270 DF PROTO=TCP SPT=40542 DPT=7000 WINDOW=65495 RES=0x00 SYN URGP=0
/// </code>
/// The words come in that order and no other; a line that strays from it is refused, since a cut <c>DPT=70</c> of a <c>DPT=7000</c> would be another port.
/// </summary>
public static class LogLine
{
    /// <summary>The kernel writes 1 KiB at most; what stands before it is shorter still. What is longer is nobody's.</summary>
    public const int MaxSize = 2048;

    /// <summary>Bytes that a packet needs at most: IPv6 and TCP headers with all options.</summary>
    public const int PacketRoom = 40 + 60;

    /// <summary>The longest prefix that nftables takes (NF_LOG_PREFIXLEN).</summary>
    private const int MaxPrefix = 128;

    /// <summary>Reads a line without its end. Any bytes give an answer; none give an exception or an allocation.</summary>
    /// <param name="line">All of it.</param>
    /// <param name="room">Of <see cref="PacketRoom"/>: the packet is written into it.</param>
    /// <param name="bare">Whether lines as dmesg(1) shows them, with nothing but an uptime before them, are the kernel's too.</param>
    /// <param name="packet">Views into the line and the room.</param>
    public static LogFault TryRead(ReadOnlySpan<byte> line, Span<byte> room, bool bare, out LoggedPacket packet)
    {
        packet = default;
        var text = line.TrimEnd(" \r"u8);
        if (!LooksLikeAPacket(text))
            return LogFault.OtherLine;
        var isTheKernels = LogHeader.TrySkip(ref text, out var stamp, out var isBare);
        if (!isTheKernels || (isBare && !bare))
            return LogFault.NotTheKernels;
        if (!TryFindStart(text, out var words))
            return LogFault.Cut;

        var name = words.Text("IN="u8);
        _ = words.Text("OUT="u8);
        var writer = new LoggedHeaders(room);
        if (ReadPacket(ref words, name, ref writer) is var fault and not LogFault.None)
            return fault;
        packet = new() { Bytes = writer.Written, Interface = name, Stamp = stamp };
        return LogFault.None;
    }

    /// <summary>Cheap, and first: a log is full of other things.</summary>
    private static bool LooksLikeAPacket(ReadOnlySpan<byte> text) => text.IndexOf(" OUT="u8) is > 0 and var at && text[at..].IndexOf(" SRC="u8) > 0;

    /// <summary>A prefix may end without a space, and may contain anything; the first "IN=" that is followed by "OUT=" after one word is ours.</summary>
    private static bool TryFindStart(ReadOnlySpan<byte> text, out LogWords words)
    {
        words = default;
        var from = 0;
        while (text[from..].IndexOf("IN="u8) is >= 0 and var next && from + next <= MaxPrefix)
        {
            from += next;
            var rest = text[(from + 3)..];
            if (rest.IndexOf((byte)' ') is >= 0 and var end && rest[(end + 1)..].StartsWith("OUT="u8))
            {
                words = new(text[from..]);
                return true;
            }

            from += 3;
        }

        return false;
    }

    private static LogFault ReadPacket(ref LogWords words, ReadOnlySpan<byte> name, ref LoggedHeaders writer)
    {
        SkipLinkLayer(ref words);
        var source = words.Address("SRC="u8, out var isV4);
        var destination = words.Address("DST="u8, out var isV4Too);
        if (words.Fault != LogFault.None)
            return words.Fault;
        if (isV4 != isV4Too)
            return LogFault.Impossible;
        if (name.IsEmpty)
            return LogFault.Outgoing;

        var length = isV4 ? ReadIPv4(ref words, ref writer) : ReadIPv6(ref words, ref writer);
        if (words.Fault != LogFault.None)
            return words.Fault;
        writer.Addresses(isV4, source, destination);
        ReadTransport(ref words, ref writer, isV4, length);
        if (words.Fault == LogFault.None)
            ReadEnd(ref words);
        return words.Fault;
    }

    private static void SkipLinkLayer(ref LogWords words)
    {
        _ = words.TryText("PHYSIN="u8, out _);
        _ = words.TryText("PHYSOUT="u8, out _);
        _ = words.TryText("MAC="u8, out _);
        _ = words.TryText("MACSRC="u8, out _);
        _ = words.TryText("MACDST="u8, out _);
        _ = words.TryText("MACPROTO="u8, out _);
        _ = words.TryText("VPROTO="u8, out _);
        _ = words.TryText("VID="u8, out _);
        _ = words.TryText("TUNNEL="u8, out _);
    }

    /// <summary>
    /// <code>
    /// LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=57270 [CE] [DF] [MF] [FRAG:185] [OPT (…)] PROTO=
    /// </code>
    /// The length of what follows the header. Options that the line does not show count as if they followed.
    /// </summary>
    private static int ReadIPv4(ref LogWords words, ref LoggedHeaders writer)
    {
        var total = (int)words.Number("LEN="u8, ushort.MaxValue);
        var service = words.Hexadecimal("TOS=0x"u8, byte.MaxValue) | words.Hexadecimal("PREC=0x"u8, byte.MaxValue);
        var hops = words.Number("TTL="u8, byte.MaxValue);
        var identification = words.Number("ID="u8, ushort.MaxValue);
        _ = words.TryWord("CE"u8);
        _ = words.TryWord("DF"u8);
        if (words.TryWord("MF"u8) || words.TryText("FRAG:"u8, out _))
            words.Fail(LogFault.OtherPacket);
        _ = words.TryOptions(out var options);
        var length = total - LoggedHeaders.IPv4Size - (options.Length / 2);
        if (length < 0)
            words.Fail(LogFault.Impossible);
        writer.IPv4((byte)service, (byte)hops, (ushort)identification);
        return length;
    }

    /// <summary>
    /// <code>
    /// LEN=80 TC=0 HOPLIMIT=64 FLOWLBL=883093 [OPT ( … )] PROTO=
    /// </code>
    /// The length counts this header too.
    /// </summary>
    private static int ReadIPv6(ref LogWords words, ref LoggedHeaders writer)
    {
        var total = (int)words.Number("LEN="u8, LoggedHeaders.IPv6Size + ushort.MaxValue);
        var traffic = words.Number("TC="u8, byte.MaxValue);
        var hops = words.Number("HOPLIMIT="u8, byte.MaxValue);
        var flow = words.Number("FLOWLBL="u8, 0xfffff);
        if (words.TryWord("OPT"u8))
            words.Fail(LogFault.OtherPacket);
        if (total < LoggedHeaders.IPv6Size)
            words.Fail(LogFault.Impossible);
        writer.IPv6((byte)traffic, (byte)hops, flow);
        return total - LoggedHeaders.IPv6Size;
    }

    private static void ReadTransport(ref LogWords words, ref LoggedHeaders writer, bool isV4, int length)
    {
        var protocol = words.Text("PROTO="u8);
        if (protocol.SequenceEqual("TCP"u8))
            ReadTcp(ref words, ref writer, length);
        else if (protocol.SequenceEqual("UDP"u8))
            ReadUdp(ref words, ref writer, isV4, length);
        else if (protocol.SequenceEqual(isV4 ? "ICMP"u8 : "ICMPv6"u8))
            ReadEcho(ref words, ref writer, isV4, length);
        else
            words.Fail(words.IsAtEnd && words.Fault == LogFault.None && !IsWhole(protocol) ? LogFault.Cut : LogFault.OtherPacket);
    }

    /// <summary>Protocols without a name stand as their number, of which any part is another.</summary>
    private static bool IsWhole(ReadOnlySpan<byte> protocol) => protocol.SequenceEqual("UDPLITE"u8) || protocol.SequenceEqual("AH"u8) || protocol.SequenceEqual("ESP"u8) || !protocol.ContainsAnyExceptInRange((byte)'0', (byte)'9');

    /// <summary>
    /// <code>
    /// SPT=40542 DPT=7000 [SEQ=1617547114 ACK=0] WINDOW=65495 RES=0x00 [CWR] [ECE] [URG] [ACK] [PSH] [RST] [SYN] [FIN] URGP=0 [OPT (…)]
    /// </code>
    /// Where the options are not shown, all that a SYN has behind its header is taken for them, up to what a header holds.
    /// </summary>
    private static void ReadTcp(ref LogWords words, ref LoggedHeaders writer, int length)
    {
        var sourcePort = words.Number("SPT="u8, ushort.MaxValue);
        var port = words.Number("DPT="u8, ushort.MaxValue);
        uint sequence = 0, acknowledged = 0;
        if (words.IsNext("SEQ="u8))
        {
            sequence = words.Number("SEQ="u8, uint.MaxValue);
            acknowledged = words.Number("ACK="u8, uint.MaxValue);
        }

        var window = words.Number("WINDOW="u8, ushort.MaxValue);
        _ = words.Hexadecimal("RES=0x"u8, byte.MaxValue);
        var flags = ReadFlags(ref words);
        var urgent = words.Number("URGP="u8, ushort.MaxValue);
        var isShown = words.TryOptions(out var options);
        var unseen = length - LoggedHeaders.TcpSize;
        var size = isShown ? options.Length / 2 : (flags & (TcpFlags.Syn | TcpFlags.Ack)) != TcpFlags.Syn ? 0 : Math.Min(unseen, LoggedHeaders.MaxTcpOptions) / 4 * 4;
        if (unseen < size || size % 4 != 0 || size > LoggedHeaders.MaxTcpOptions)
            words.Fail(LogFault.Impossible);
        if (words.Fault == LogFault.None)
            writer.Tcp((ushort)sourcePort, (ushort)port, sequence, acknowledged, flags, (ushort)window, (ushort)urgent, options, size, length);
    }

    private static TcpFlags ReadFlags(ref LogWords words) =>
        (words.TryWord("CWR"u8) ? TcpFlags.Cwr : TcpFlags.None)
        | (words.TryWord("ECE"u8) ? TcpFlags.Ece : TcpFlags.None)
        | (words.TryWord("URG"u8) ? TcpFlags.Urg : TcpFlags.None)
        | (words.TryWord("ACK"u8) ? TcpFlags.Ack : TcpFlags.None)
        | (words.TryWord("PSH"u8) ? TcpFlags.Psh : TcpFlags.None)
        | (words.TryWord("RST"u8) ? TcpFlags.Rst : TcpFlags.None)
        | (words.TryWord("SYN"u8) ? TcpFlags.Syn : TcpFlags.None)
        | (words.TryWord("FIN"u8) ? TcpFlags.Fin : TcpFlags.None);

    /// <summary>
    /// <code>
    /// SPT=60095 DPT=8000 LEN=11
    /// </code>
    /// The last number says how long the datagram is, and so whether the line is whole: what the packet has beside it can only be options.
    /// </summary>
    private static void ReadUdp(ref LogWords words, ref LoggedHeaders writer, bool isV4, int length)
    {
        var sourcePort = words.Number("SPT="u8, ushort.MaxValue);
        var port = words.Number("DPT="u8, ushort.MaxValue);
        var own = (int)words.Number("LEN="u8, ushort.MaxValue);
        var unseen = length - own;
        if (words.Fault == LogFault.None && (own < LoggedHeaders.UdpSize || unseen < 0 || (isV4 ? unseen % 4 != 0 || unseen > LoggedHeaders.MaxIPv4Options : unseen % 8 != 0)))
            words.Fail(LogFault.Impossible);
        if (words.Fault == LogFault.None)
            writer.Udp((ushort)sourcePort, (ushort)port, own);
    }

    /// <summary>
    /// <code>
    /// TYPE=8 CODE=0 ID=24514 SEQ=1
    /// </code>
    /// </summary>
    private static void ReadEcho(ref LogWords words, ref LoggedHeaders writer, bool isV4, int length)
    {
        var type = words.Number("TYPE="u8, byte.MaxValue);
        var code = words.Number("CODE="u8, byte.MaxValue);
        if (words.Fault == LogFault.None && type != (isV4 ? LoggedHeaders.EchoRequest : LoggedHeaders.EchoRequestV6))
        {
            words.Fail(LogFault.OtherPacket);
            return;
        }

        var identifier = words.Number("ID="u8, ushort.MaxValue);
        var number = words.Number("SEQ="u8, ushort.MaxValue);
        if (length < LoggedHeaders.EchoSize)
            words.Fail(LogFault.Impossible);
        if (words.Fault == LogFault.None)
            writer.Echo((byte)type, (byte)code, (ushort)identifier, (ushort)number, length);
    }

    private static void ReadEnd(ref LogWords words)
    {
        _ = words.TryText("UID="u8, out _);
        _ = words.TryText("GID="u8, out _);
        _ = words.TryText("MARK="u8, out _);
        if (!words.IsAtEnd)
            words.Fail(LogFault.Cut);
    }
}
