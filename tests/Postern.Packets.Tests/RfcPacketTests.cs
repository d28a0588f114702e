using Postern.Packets;

namespace Postern.Packets.Tests;

/// <summary>RFC 791, 792, 768, 8200, 4302, 4443, 6946, 8021, 9293 and IEEE 802.1Q, 802.1ad: packets built by hand.</summary>
public sealed class RfcPacketTests
{
    private static PacketFault Read(byte[] bytes, LinkType link = LinkType.Raw) => PacketView.TryRead(bytes, link, out _);

    [Fact]
    public void A_SYN_is_read_whole_under_every_link()
    {
        foreach (var (link, bytes) in Craft.OverEveryLink(Craft.IPv4(6, Craft.Tcp(7000, TcpFlags.Syn | TcpFlags.Ece, source: 40001, sequence: 0xdeadbeef, payload: [9, 8, 7], optionWords: 5), optionWords: 2)))
        {
            Assert.Equal(PacketFault.None, PacketView.TryRead(bytes, link, out var packet));
            Assert.Equal(Craft.Address("192.0.2.1"), packet.Source);
            Assert.Equal(Craft.Address("198.51.100.2"), packet.Destination);
            Assert.Equal(IpProtocol.Tcp, packet.Protocol);
            Assert.Equal(40001, packet.SourcePort);
            Assert.Equal(7000, packet.DestinationPort);
            Assert.Equal(TcpFlags.Syn | TcpFlags.Ece, packet.Flags);
            Assert.False(packet.IsEchoRequest);
            Assert.Equal(3, packet.PayloadLength);
            Assert.Equal([9, 8, 7], packet.Payload.ToArray());
            Assert.Equal(40001UL << 48 | 0xdeadbeef, packet.Distinction);
        }
    }

    [Fact]
    public void A_datagram_behind_six_extension_headers_is_read_whole_under_every_link()
    {
        var ip = Craft.IPv6(17, Craft.Udp(8000, source: 5, payload: [1, 2], checksum: 0xabcd),
            extensions: [Craft.Options(0), Craft.Options(43, 2), Craft.Fragment(), Craft.Authentication(), Craft.Options(60, 3), Craft.Options(60)]);
        foreach (var (link, bytes) in Craft.OverEveryLink(ip))
        {
            Assert.Equal(PacketFault.None, PacketView.TryRead(bytes, link, out var packet));
            Assert.Equal(Craft.Address("2001:db8::1"), packet.Source);
            Assert.Equal(Craft.Address("2001:db8::2"), packet.Destination);
            Assert.Equal(IpProtocol.Udp, packet.Protocol);
            Assert.Equal(5, packet.SourcePort);
            Assert.Equal(8000, packet.DestinationPort);
            Assert.Equal([1, 2], packet.Payload.ToArray());
            Assert.Equal(5UL << 48 | 10UL << 32 | 0xabcdUL << 16, packet.Distinction);
        }
    }

    [Theory]
    [InlineData(1, 8, 4, true)]
    [InlineData(1, 0, 4, false)]
    [InlineData(1, 128, 4, false)]
    [InlineData(58, 128, 6, true)]
    [InlineData(58, 129, 6, false)]
    [InlineData(58, 8, 6, false)]
    public void Echo_requests_are_told_from_the_rest_of_ICMP(byte protocol, byte type, int version, bool isEcho)
    {
        var inner = Craft.Icmp(type, identifier: 0x1111, sequence: 0x2222, payload: new byte[120]);
        var ip = version == 4 ? Craft.IPv4(protocol, inner, identification: 0x3333) : Craft.IPv6(protocol, inner);
        Assert.Equal(PacketFault.None, PacketView.TryRead(ip, LinkType.Raw, out var packet));
        Assert.Equal((IpProtocol)protocol, packet.Protocol);
        Assert.Equal(isEcho, packet.IsEchoRequest);
        Assert.Equal(120, packet.PayloadLength);
        Assert.Equal(0, packet.DestinationPort);
        Assert.Equal(0x1111UL << 48 | 0x2222UL << 32 | (version == 4 ? 0x3333UL : 0), packet.Distinction);
    }

    [Fact]
    public void The_ICMP_of_the_other_family_is_another_protocol()
    {
        Assert.Equal(PacketFault.OtherProtocol, Read(Craft.IPv6(1, Craft.Icmp(8))));
        Assert.Equal(PacketFault.OtherProtocol, Read(Craft.IPv4(58, Craft.Icmp(128))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(47)]
    [InlineData(50)]
    [InlineData(132)]
    public void Other_protocols(byte protocol) => Assert.Equal(PacketFault.OtherProtocol, Read(Craft.IPv4(protocol, Craft.Udp(1))));

    [Theory]
    [InlineData(50)]
    [InlineData(59)]
    [InlineData(132)]
    [InlineData(135)]
    public void Other_headers_of_IPv6(byte header) => Assert.Equal(PacketFault.OtherProtocol, Read(Craft.IPv6(header, Craft.Udp(1))));

    [Fact]
    public void Ethernet_padding_is_no_payload()
    {
        byte[] padded = [.. Craft.Ethernet(Craft.IPv4(17, Craft.Udp(8000, payload: [7]))), .. new byte[17]];
        Assert.Equal(PacketFault.None, PacketView.TryRead(padded, LinkType.Ethernet, out var packet));
        Assert.Equal(1, packet.PayloadLength);
        Assert.Equal([7], packet.Payload.ToArray());

        padded = [.. Craft.Ethernet(Craft.IPv6(6, Craft.Tcp(8000, payload: [7, 8]))), .. new byte[17]];
        Assert.Equal(PacketFault.None, PacketView.TryRead(padded, LinkType.Ethernet, out packet));
        Assert.Equal(2, packet.PayloadLength);
        Assert.Equal([7, 8], packet.Payload.ToArray());
    }

    [Fact]
    public void A_packet_cut_behind_its_headers_says_how_long_it_was()
    {
        Assert.Equal(PacketFault.None, PacketView.TryRead(Craft.IPv4(1, Craft.Icmp(8, payload: new byte[1000])).AsSpan(0, 64), LinkType.Raw, out var packet));
        Assert.Equal(1000, packet.PayloadLength);
        Assert.Equal(64 - 28, packet.Payload.Length);
    }

    [Theory]
    [InlineData(0x2000)]
    [InlineData(0x0001)]
    [InlineData(0x1fff)]
    [InlineData(0x6000)]
    public void A_fragment_of_IPv4_is_none_of_ours(int field) => Assert.Equal(PacketFault.Fragment, Read(Craft.IPv4(17, Craft.Udp(1), fragment: (ushort)field)));

    [Theory]
    [InlineData(0x0001)]
    [InlineData(0x0008)]
    [InlineData(0xfff8)]
    public void Nor_one_of_IPv6(int field) => Assert.Equal(PacketFault.Fragment, Read(Craft.IPv6(17, Craft.Udp(1), extensions: Craft.Fragment((ushort)field))));

    [Theory]
    [InlineData(0x0000)]
    [InlineData(0x0006)]
    public void An_atomic_fragment_is_a_whole_packet(int field) =>
        Assert.Equal(PacketFault.None, Read(Craft.IPv6(17, Craft.Udp(1), extensions: Craft.Fragment((ushort)field))));

    [Fact]
    public void Reserved_and_DF_bits_make_no_fragment() => Assert.Equal(PacketFault.None, Read(Craft.IPv4(17, Craft.Udp(1), fragment: 0xc000)));

    [Fact]
    public void More_headers_than_anybody_has_a_reason_to_send()
    {
        Assert.Equal(PacketFault.None, Read(Craft.IPv6(17, Craft.Udp(1), extensions: [.. Enumerable.Repeat(Craft.Options(), 6)])));
        Assert.Equal(PacketFault.TooManyHeaders, Read(Craft.IPv6(17, Craft.Udp(1), extensions: [.. Enumerable.Repeat(Craft.Options(), 7)])));
        Assert.Equal(PacketFault.TooManyHeaders, Read(Craft.Ethernet(Craft.IPv4(17, Craft.Udp(1)), 0x8100, 0x8100, 0x8100, 0x8100), LinkType.Ethernet));
    }

    [Fact]
    public void What_is_not_IP()
    {
        Assert.Equal(PacketFault.NotIp, Read([0x50, .. new byte[60]]));
        Assert.Equal(PacketFault.NotIp, Read([.. new byte[12], 0x08, 0x06, .. new byte[28]], LinkType.Ethernet));
        Assert.Equal(PacketFault.NotIp, Read([.. new byte[12], 0x00, 0x26, .. new byte[38]], LinkType.Ethernet));
        Assert.Equal(PacketFault.NotIp, Read([7, 0, 0, 0, .. Craft.IPv4(17, Craft.Udp(1))], LinkType.Null));
        Assert.Equal(PacketFault.NotIp, Read([0, 0, 0, 0, .. Craft.IPv4(17, Craft.Udp(1))], LinkType.Null));
        Assert.Equal(PacketFault.NotIp, Read(Craft.IPv4(17, Craft.Udp(1)), (LinkType)127));
    }

    [Fact]
    public void A_header_that_cannot_be()
    {
        var v6 = Craft.IPv6(17, Craft.Udp(1));
        var v4 = Craft.IPv4(17, Craft.Udp(1));
        Assert.Equal(PacketFault.BadHeader, Read(v6, LinkType.IPv4));
        Assert.Equal(PacketFault.BadHeader, Read([.. v4, .. new byte[20]], LinkType.IPv6));
        Assert.Equal(PacketFault.BadHeader, Read([0x44, .. v4.AsSpan(1)]));
        var tcp = Craft.Tcp(1);
        tcp[12] = 4 << 4;
        Assert.Equal(PacketFault.BadHeader, Read(Craft.IPv4(6, tcp)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(19)]
    [InlineData(27)]
    public void An_IPv4_length_smaller_than_the_headers(int length) => Assert.Equal(PacketFault.BadLength, Read(Craft.IPv4(17, Craft.Udp(1), totalLength: length)));

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(15)]
    public void An_IPv6_length_smaller_than_the_headers(int length) =>
        Assert.Equal(PacketFault.BadLength, Read(Craft.IPv6(17, Craft.Udp(1), payloadLength: length, extensions: Craft.Options(0))));

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(12)]
    public void A_UDP_length_that_cannot_be(int length) => Assert.Equal(PacketFault.BadLength, Read(Craft.IPv4(17, Craft.Udp(1, payload: [1, 2, 3], length: length))));

    [Fact]
    public void A_UDP_length_below_that_of_IP_is_believed()
    {
        Assert.Equal(PacketFault.None, PacketView.TryRead(Craft.IPv4(17, Craft.Udp(1, payload: [1, 2, 3], length: 10)), LinkType.Raw, out var packet));
        Assert.Equal([1, 2], packet.Payload.ToArray());
    }

    [Fact]
    public void TCP_options_beyond_the_packet()
    {
        var tcp = Craft.Tcp(1);
        tcp[12] = 6 << 4;
        Assert.Equal(PacketFault.BadLength, Read(Craft.IPv4(6, tcp)));
    }

    /// <summary>A header of any shape that ends early is said to, and never believed.</summary>
    [Fact]
    public void Cut_anywhere_in_the_headers_it_is_truncated()
    {
        foreach (var ip in Craft.EveryKnock())
        {
            foreach (var (link, bytes) in Craft.OverEveryLink(ip))
            {
                Assert.Equal(PacketFault.None, Read(bytes, link));
                PacketView.TryRead(bytes, link, out var whole);
                Assert.Equal(5, whole.Payload.Length);
                for (var length = 0; length < bytes.Length - 5; length++)
                    Assert.Equal(PacketFault.Truncated, Read(bytes[..length], link));
                for (var length = bytes.Length - 5; length < bytes.Length; length++)
                    Assert.Equal(PacketFault.None, Read(bytes[..length], link));
            }
        }
    }

    [Fact]
    public void Knocks_differ_and_duplicates_do_not()
    {
        static ulong Of(byte[] ip)
        {
            Assert.Equal(PacketFault.None, PacketView.TryRead(ip, LinkType.Raw, out var packet));
            return packet.Distinction;
        }

        Assert.NotEqual(Of(Craft.IPv4(6, Craft.Tcp(1, source: 1))), Of(Craft.IPv4(6, Craft.Tcp(1, source: 2))));
        Assert.NotEqual(Of(Craft.IPv4(6, Craft.Tcp(1, sequence: 1))), Of(Craft.IPv4(6, Craft.Tcp(1, sequence: 2))));
        Assert.NotEqual(Of(Craft.IPv4(17, Craft.Udp(1, source: 1))), Of(Craft.IPv4(17, Craft.Udp(1, source: 2))));
        Assert.NotEqual(Of(Craft.IPv4(17, Craft.Udp(1), identification: 1)), Of(Craft.IPv4(17, Craft.Udp(1), identification: 2)));
        Assert.NotEqual(Of(Craft.IPv4(1, Craft.Icmp(8, sequence: 1))), Of(Craft.IPv4(1, Craft.Icmp(8, sequence: 2))));

        // Sent again by the sender's own kernel: the same attempt, whatever identification it has now.
        Assert.Equal(Of(Craft.IPv4(6, Craft.Tcp(1), identification: 1)), Of(Craft.IPv4(6, Craft.Tcp(1), identification: 2)));

        // Seen twice, once with a hop more behind it.
        var once = Craft.IPv4(17, Craft.Udp(1));
        var again = (byte[])once.Clone();
        again[8]--;
        again[10]++;
        Assert.Equal(Of(once), Of(again));
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        var packets = Craft.EveryKnock().SelectMany(Craft.OverEveryLink).ToArray();
        var sum = 0;
        for (var round = 0; round < 2; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100_000; i++)
            {
                var (link, bytes) = packets[i % packets.Length];
                sum += (int)PacketView.TryRead(bytes, link, out var packet) + packet.PayloadLength;
            }

            if (round == 1)
                Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(2 * 5 * 100_000, sum);
    }
}
