using System.Buffers.Binary;
using System.Collections.Immutable;
using Postern.Keys;
using Postern.Knocks.Sequences;
using Postern.Knocks.Spa;
using Postern.Packets;
using Postern.Packets.Tests;
using Postern.Reports;
using Postern.Reports.Spa;
using static Postern.Sentry.Tests.SpaCraft;

namespace Postern.Sentry.Tests.Spa;

/// <summary>From the bytes of a packet to a request, or to the first reason against it.</summary>
public sealed class SpaWatchTests : IDisposable
{
    private readonly SpaCraft _craft = new();

    public void Dispose() => _craft.Dispose();

    [Theory]
    [InlineData(320)]
    [InlineData(512)]
    [InlineData(1200)]
    public void A_request_is_reported_over_every_carrier_with_who_where_and_when(int size)
    {
        var sentry = new Sentry(_craft.SentryOptions);
        var time = 1000L;
        var carriers = 0;
        var request = _craft.Request(size);
        for (; carriers < OverEveryCarrier([]).Count(); carriers++)
        {
            var carrier = OverEveryCarrier(_craft.Seal(request)).ElementAt(carriers);
            Assert.Equal(PacketFault.None, PacketView.TryRead(carrier, LinkType.Raw, out var packet));
            var reports = sentry.Watch(Captured(carrier, ++time));
            Assert.Equal(1, reports.Length);
            Assert.Equal(Convert.ToHexString(request), Convert.ToHexString(reports[0].Request.Span));
            Assert.Equal(
                new Report(ReportKind.SignedRequest, 3, 0, packet.SourcePort, new(packet.Source), new(packet.Destination), time) { UdpPort = packet.Protocol == IpProtocol.Udp ? packet.DestinationPort : (ushort)0 },
                reports[0] with { Request = default });
        }

        Assert.Equal(8, carriers);
        Assert.Equal(8, sentry.Counters.Reports);
        Assert.All(sentry.Counters.Refusals(), r => Assert.Equal(0, r.Packets));
    }

    [Fact]
    public void Each_refusal_has_its_name_and_nothing_behind_it_is_done()
    {
        var sentry = new Sentry(_craft.SentryOptions);
        var packet = _craft.Packet();
        using var stranger = new SpaCraft(2);

        Expect(Refusal.WrongSize, packet[..^1]);
        Expect(Refusal.WrongSize, []);
        Expect(Refusal.WrongSize, new byte[1201]);
        Expect(Refusal.Junk, _craft.Bytes(320));
        Expect(Refusal.Junk, stranger.Packet());
        Expect(Refusal.Junk, Changed(packet, 319));
        Expect(Refusal.None, packet);
        Expect(Refusal.Copy, packet);
        for (var at = 0; at < packet.Length; at += 7)
            Expect(Refusal.Junk, Changed(packet, at));
        Expect(Refusal.NotSealedToUs, _craft.SealedNonsense());
        Expect(Refusal.NotSealedToUs, _craft.Seal(_craft.Request(320), to: stranger.Gate.Public));
        Expect(Refusal.UnknownVersion, _craft.Seal(Changed(_craft.Request(512), 0)));
        Expect(Refusal.BadRequest, _craft.Seal(Changed(_craft.Request(512), 1)));
        Expect(Refusal.BadRequest, _craft.Seal(Changed(_craft.Request(512), 423)));

        void Expect(Refusal expected, byte[] payload)
        {
            var before = sentry.Counters.Refusals();
            var reports = sentry.Watch(Captured(Datagram(payload)));
            Assert.Equal(expected == Refusal.None ? 1 : 0, reports.Length);
            Assert.Equal(before.Select(r => (r.Refusal, r.Packets + (r.Refusal == expected ? 1 : 0))), sentry.Counters.Refusals());
        }
    }

    /// <summary>One whose budget is spent is told by each packet how far it came.</summary>
    [Fact]
    public void The_cheapest_reason_comes_first()
    {
        var sentry = new Sentry(_craft.SentryOptions);
        var packet = _craft.Packet();
        Watch(packet);
        for (var i = 0; i < 100; i++)
            Watch(_craft.SealedNonsense());
        Assert.Equal(19, sentry.Counters.Refused(Refusal.NotSealedToUs));
        Assert.Equal(81, sentry.Counters.Refused(Refusal.OverBudget));

        Watch(packet);
        Assert.Equal(1, sentry.Counters.Refused(Refusal.Copy));
        Watch(_craft.Bytes(320));
        Assert.Equal(1, sentry.Counters.Refused(Refusal.Junk));
        Watch(packet.AsSpan(1).ToArray());
        Assert.Equal(1, sentry.Counters.Refused(Refusal.WrongSize));

        // Refused for the budget, it is not remembered: the same bytes are opened when there is one again.
        var next = _craft.Packet();
        Watch(next);
        Assert.Equal(82, sentry.Counters.Refused(Refusal.OverBudget));
        Assert.Equal(1, sentry.Watch(Captured(Datagram(next), 1_000_000_000)).Length);

        void Watch(byte[] payload) => sentry.Watch(Captured(Datagram(payload)));
    }

    [Fact]
    public void What_was_cut_is_not_of_the_size_that_it_says()
    {
        var sentry = new Sentry(_craft.SentryOptions);
        foreach (var carrier in OverEveryCarrier(_craft.Packet(1200)))
        {
            Assert.Equal(0, sentry.Watch(Captured(carrier.AsSpan(..^1))).Length);
            Assert.Equal(0, sentry.Watch(Captured(carrier.AsSpan(..^880))).Length);
        }

        Assert.Equal(16, sentry.Counters.Refused(Refusal.WrongSize));
    }

    /// <summary>A datagram of 320 bytes in a longer IP packet: what is behind it is not looked at, and what is missing of it is missed.</summary>
    [Fact]
    public void The_datagram_says_how_long_it_is()
    {
        var sentry = new Sentry(_craft.SentryOptions);
        var packet = _craft.Packet();
        Assert.Equal(1, sentry.Watch(Captured(Craft.IPv4(17, Craft.Udp(Port, payload: [.. packet, .. new byte[50]], length: 328)))).Length);
        Assert.Equal(0, sentry.Watch(Captured(Craft.IPv4(17, Craft.Udp(Port, payload: packet, length: 327)))).Length);
        Assert.Equal(1, sentry.Counters.Refused(Refusal.WrongSize));
    }

    [Fact]
    public void What_comes_elsewhere_is_not_looked_at()
    {
        var packet = _craft.Packet();
        byte[][] elsewhere =
        [
            Craft.IPv4(17, Craft.Udp(Port + 1, payload: packet)), Craft.IPv4(17, Craft.Udp(TcpPort, payload: packet)),
            Craft.IPv4(6, Craft.Tcp(Port, payload: packet)), Craft.IPv4(6, Craft.Tcp(TcpPort)),
            Craft.IPv4(6, Craft.Tcp(TcpPort, TcpFlags.Syn | TcpFlags.Ack, payload: packet)), Craft.IPv4(6, Craft.Tcp(TcpPort, TcpFlags.Ack, payload: packet)),
            Craft.IPv4(1, Craft.Icmp(0, payload: packet)), Craft.IPv6(58, Craft.Icmp(129, payload: packet)),
            Craft.IPv4(17, Craft.Udp(Port, payload: packet), fragment: 0x2000), Craft.IPv4(17, Craft.Udp(Port, payload: packet), fragment: 1),
        ];
        var sentry = new Sentry(_craft.SentryOptions);
        Assert.All(elsewhere, bytes => Assert.Equal(0, sentry.Watch(Captured(bytes)).Length));
        Assert.All(sentry.Counters.Refusals(), r => Assert.Equal(0, r.Packets));

        var udpOnly = new Sentry(_craft.SentryOptions with { Spa = _craft.Options with { TcpPorts = [], Echo = false } });
        foreach (var bytes in OverEveryCarrier(packet))
            udpOnly.Watch(Captured(bytes));
        Assert.Equal(1, udpOnly.Counters.Reports);
        Assert.Equal(3, udpOnly.Counters.Refused(Refusal.Copy));
    }

    [Fact]
    public void A_packet_may_be_a_step_and_a_request()
    {
        KnockSequence door = new("both", [new(StepKind.Udp, 7000, 7000), new(StepKind.Udp, Port, Port)]);
        var sentry = new Sentry(new SentryOptions(9, [door]) { Spa = _craft.Options });
        sentry.Watch(Captured(Craft.IPv4(17, Craft.Udp(7000))));
        var reports = sentry.Watch(Captured(Craft.IPv4(17, Craft.Udp(Port, payload: _craft.Packet()))));
        Assert.Equal(2, reports.Length);
        Assert.Equal(ReportKind.SequenceCompleted, reports[0].Kind);
        Assert.True(reports[0].Request.IsEmpty);
        Assert.Equal(ReportKind.SignedRequest, reports[1].Kind);
        Assert.Equal(Refusal.None, SignedRequest.Read(reports[1].Request.Span, out var request));
        Assert.Equal("ssh", request.Service(0));
        Assert.Equal(2, sentry.Counters.Reports);
    }

    [Fact]
    public void The_filter_asks_for_what_may_be_an_SPA_packet()
    {
        var filter = _craft.SentryOptions.Filter();
        Assert.Equal([new(Port, Port)], filter.SizedUdpPorts.ToArray());
        Assert.Equal([new(TcpPort, TcpPort)], filter.SizedTcpPorts.ToArray());
        Assert.True(filter.SizedEcho);
        Assert.False(filter.Echo);
        Assert.Equal([320, 512, 1200], filter.PayloadSizes.ToArray());
        var none = new SentryOptions(1, []).Filter();
        Assert.True(none.PayloadSizes.IsEmpty && none.SizedUdpPorts.IsEmpty && none.SizedTcpPorts.IsEmpty && !none.SizedEcho);
    }

    [Fact]
    public void No_packet_costs_an_allocation()
    {
        var sentry = new Sentry(_craft.SentryOptions with { Spa = _craft.Options with { MovingPorts = [new(new(Transport.Tcp, 1, 442), 10), new(new(Transport.Udp, 10_000, 19_999), 10)] } });
        var copy = Datagram(_craft.Packet());
        byte[][] packets = [copy, Datagram(_craft.Bytes(320)), Datagram(new byte[9]), Craft.IPv4(17, Craft.Udp(10_000, payload: _craft.Bytes(320))), .. OverEveryCarrier(_craft.Bytes(1200))];
        var fresh = Enumerable.Range(0, 600).Select(i => Datagram(_craft.Packet(), 0x0a00_0000 + ((uint)i << 8))).ToArray();
        var nonsense = Enumerable.Range(0, 600).Select(_ => Datagram(_craft.SealedNonsense())).ToArray();
        var opened = 0;
        Assert.Equal(0, Allocated.InSteadyState(round => Play(100 * round)));
        Assert.InRange(opened, 101, 601);
        Assert.All(sentry.Counters.Refusals(), r => Assert.True(r.Packets > 0 || r.Refusal is Refusal.UnknownVersion or Refusal.BadRequest));

        void Play(int from)
        {
            var now = from * 10_000_000L;
            for (var i = from; i < from + 100; i++)
            {
                opened += sentry.Watch(Captured(fresh[i], now)).Length;
                sentry.Watch(Captured(nonsense[i], now));
                foreach (var packet in packets)
                    opened += sentry.Watch(Captured(packet, now)).Length;
            }
        }
    }

    private static byte[] Changed(byte[] bytes, int at)
    {
        var copy = (byte[])bytes.Clone();
        copy[at] ^= 0x40;
        return copy;
    }
}
