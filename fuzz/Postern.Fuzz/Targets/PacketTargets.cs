using System.Buffers.Binary;
using Postern.Fuzz.Engine;
using Postern.Knocks.Stacks;
using Postern.Packets;
using Postern.Packets.Headers;
using Postern.Reports;

namespace Postern.Fuzz.Targets;

/// <summary>Packets and capture files: any bytes give an answer, a packet's none an allocation, and what was read is what stands in the bytes.</summary>
internal static class PacketTargets
{
    private static readonly LinkType[] Links =
        [LinkType.Raw, LinkType.Ethernet, LinkType.LinuxCooked, LinkType.LinuxCooked2, LinkType.Null, LinkType.Loop, LinkType.IPv4, LinkType.IPv6];

    private static readonly IpProtocol[] Protocols = [IpProtocol.Tcp, IpProtocol.Udp, IpProtocol.Icmp, IpProtocol.IcmpV6];

    /// <summary>An IPv4 packet has a header, too.</summary>
    private const ushort MostSegment = ushort.MaxValue - 20;

    /// <summary>Its first byte says of which link.</summary>
    public static void Link(ReadOnlySpan<byte> input)
    {
        if (!input.IsEmpty)
            Read(input[1..], Links[input[0] % Links.Length]);
    }

    public static void IPv4(ReadOnlySpan<byte> input) => Read(input, LinkType.IPv4);

    public static void IPv6(ReadOnlySpan<byte> input) => Read(input, LinkType.IPv6);

    /// <summary><code>0 1 which protocol · 1 2 how long it says it is · 3 … its bytes</code></summary>
    public static void Transport(ReadOnlySpan<byte> input)
    {
        if (input.Length < 3)
            return;
        var protocol = Protocols[input[0] % Protocols.Length];
        var length = BinaryPrimitives.ReadUInt16BigEndian(input[1..]);
        length = Math.Min(length, MostSegment);
        var captured = input[3..][..Math.Min(input.Length - 3, length)];
        var source = protocol == IpProtocol.IcmpV6 ? UInt128.One : Mapped(0xc0000207);
        var segment = new Segment(source, source + 1, (byte)protocol, identification: protocol == IpProtocol.IcmpV6 ? (ushort)0 : (ushort)7, length, captured);
        Spent.Begin();
        PacketView packet;
        var fault = protocol switch
        {
            IpProtocol.Tcp => TransportLayer.ReadTcp(segment, out packet),
            IpProtocol.Udp => TransportLayer.ReadUdp(segment, out packet),
            _ => TransportLayer.ReadIcmp(segment, protocol, out packet),
        };
        Spent.End();
        if (fault == PacketFault.None)
            Check(packet, input);
    }

    /// <summary>A whole packet of either version of IP.</summary>
    public static void Syn(ReadOnlySpan<byte> input)
    {
        if (PacketView.TryRead(input, LinkType.Raw, out var packet) != PacketFault.None)
            return;
        Spent.Begin();
        var isOne = SynView.TryRead(packet, out var syn);
        var stack = StackSignatures.Tell(packet);
        Spent.End();
        Oracle.That(isOne == (packet.Protocol == IpProtocol.Tcp && (packet.Flags & (TcpFlags.Syn | TcpFlags.Ack | TcpFlags.Rst | TcpFlags.Fin)) == TcpFlags.Syn), "what is a first segment is a matter of its flags");
        Oracle.That(isOne || stack == ClientStack.None, "a stack of no first segment");
        if (!isOne)
            return;
        Oracle.That((uint)packet.Distinction == syn.Sequence, "two numbers for one sequence");
        var options = packet.TransportHeader[20..];
        Oracle.That(syn.Options.Order == 0 == (options.IsEmpty || (syn.Options.Traits.HasFlag(SynTraits.BadOptions) && syn.Options.Order == 0)), "options that are not there");
        Oracle.That(syn.Options.Scale is >= -1 and <= byte.MaxValue && (syn.Options.HasTimestamp || syn.Options.Timestamp == 0), "an option that is not there");
        Oracle.That(!syn.Traits.HasFlag(SynTraits.BadOptions) || stack == ClientStack.None, "impossible options are nobody's");
    }

    public static void Capture(ReadOnlySpan<byte> input)
    {
        using var stream = new MemoryStream(input.ToArray(), writable: false);
        Spent.Begin();
        using var file = new CaptureFile(stream);
        var bytes = 0L;
        while (file.TryRead(out var packet))
        {
            bytes += packet.Bytes.Length + 1;
            Oracle.That(bytes <= input.Length, "more packets than the file has room for");
            PacketView.TryRead(packet.Bytes, packet.Link, out _);
        }

        Spent.End();
        Oracle.That(!file.TryRead(out _), "a file that ended goes on");
        Oracle.That(file.Fault is not { } fault || (fault.Offset >= 0 && fault.Offset <= input.Length), "a fault outside of the file");
    }

    /// <summary>What a line tells of is a packet, and told again it is the same.</summary>
    public static void LogLine(ReadOnlySpan<byte> input)
    {
        Span<byte> room = stackalloc byte[Packets.LogLine.PacketRoom];
        Spent.Begin();
        var fault = Packets.LogLine.TryRead(input, room, bare: true, out var logged);
        Spent.End();
        if (fault != LogFault.None)
        {
            Oracle.That(logged.Bytes.IsEmpty && logged.Interface.IsEmpty, "something was read of a line with a fault");
            return;
        }

        Oracle.That(room.Overlaps(logged.Bytes) && input.Overlaps(logged.Interface), "a packet or a name from elsewhere");
        Oracle.That(PacketView.TryRead(logged.Bytes, LinkType.Raw, out var packet) == PacketFault.None, "what a line tells of is not read");
        Oracle.That(packet.Payload.IsEmpty, "data that no line shows");
        Oracle.That(logged.Stamp.ToEpoch(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) >= long.MinValue, "a time");
    }

    public static void LogFile(ReadOnlySpan<byte> input)
    {
        using var stream = new MemoryStream(input.ToArray(), writable: false);
        Spent.Begin();
        using var file = new LogFile(stream, new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        while (file.TryReadLine(out _, out _))
            Oracle.That(file.Line <= input.Length, "more lines than bytes");
        Spent.End();
        Oracle.That(!file.TryReadLine(out _, out _), "a file that ended goes on");
    }

    public static void Nflog(ReadOnlySpan<byte> input)
    {
        Spent.Begin();
        var messages = new NflogMessages(input);
        var (bytes, last) = (0, input.Length + 1);
        while (messages.TryNext(out var packet))
        {
            bytes += packet.Length;
            Oracle.That(input.Overlaps(packet) && bytes <= input.Length, "more packets than there is room for");
            Oracle.That(messages.Left < last, "messages that do not end");
            last = messages.Left;
            _ = PacketView.TryRead(packet, LinkType.Raw, out _);
        }

        Spent.End();
    }

    private static UInt128 Mapped(uint address) => new(0, 0xffff_0000_0000UL | address);

    private static void Read(ReadOnlySpan<byte> bytes, LinkType link)
    {
        Spent.Begin();
        var fault = PacketView.TryRead(bytes, link, out var packet);
        Spent.End();
        if (fault == PacketFault.None)
            Check(packet, bytes);
        else
            Oracle.That(packet.Payload.IsEmpty && packet.Source == 0 && packet.Protocol == default, "something was read of a packet with a fault");
    }

    private static void Check(in PacketView packet, ReadOnlySpan<byte> bytes)
    {
        Oracle.That(packet.PayloadLength is >= 0 and <= ushort.MaxValue, "a payload of an impossible length");
        Oracle.That(packet.Payload.Length <= packet.PayloadLength, "more payload than the packet says");
        Oracle.That(packet.Payload.IsEmpty || bytes.Overlaps(packet.Payload), "a payload from elsewhere");

        var plain = PlainPacket.Write(packet);
        Oracle.That(PacketView.TryRead(plain, LinkType.Raw, out var again) == PacketFault.None, "a packet written plainly is not read");
        Oracle.That(again.Source == packet.Source && again.Destination == packet.Destination && again.Protocol == packet.Protocol, "other addresses or another protocol");
        Oracle.That(again.SourcePort == packet.SourcePort && again.DestinationPort == packet.DestinationPort, "other ports");
        Oracle.That(again.Flags == packet.Flags && again.IsEchoRequest == packet.IsEchoRequest, "other flags");
        Oracle.That(again.Distinction == packet.Distinction, "another distinction");
        Oracle.That(again.PayloadLength == packet.PayloadLength, "another length");
        Oracle.Same(packet.Payload, again.Payload, "another payload");
    }
}
