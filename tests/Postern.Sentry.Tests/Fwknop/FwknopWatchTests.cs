using System.Buffers.Binary;
using System.Net;
using System.Text;
using Postern.Keys.Fwknop;
using Postern.Knocks.Fwknop;
using Postern.Packets;
using Postern.Packets.Tests;
using Postern.Reports;
using Postern.Reports.Fwknop;
using static Postern.Sentry.Tests.SpaCraft;

namespace Postern.Sentry.Tests.Fwknop;

/// <summary>From the bytes of a packet to the stanza whose keys fit, or to the first reason against it.</summary>
public sealed class FwknopWatchTests
{
    private const ushort Port = 62_201;

    private static readonly UInt128 Seed = new(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);

    private int _salt;

    private static FwknopCipherKey Cipher(string name) => FwknopCipherKey.From(Encoding.ASCII.GetBytes("c " + name));

    private static FwknopMacKey Mac(string name, FwknopDigest digest = FwknopDigest.Sha256) => FwknopMacKey.From(Encoding.ASCII.GetBytes("m " + name), digest);

    private static FwknopWatch Stanza(string name, params string[] sources) =>
        new(Mac(name), null, FwknopMode.Cbc) { Sources = [.. sources.Select(s => IPNetwork.Parse(s))] };

    private static FwknopWatchOptions Watching(params FwknopWatch[] stanzas) =>
        new([.. stanzas], Seed) { UdpPorts = [new(Port, Port)], TcpPorts = [new(80, 80)], Icmp = true, Http = true };

    private static Sentry New(params FwknopWatch[] stanzas) => new(new(7, []) { Fwknop = Watching(stanzas) });

    private byte[] Packet(string cipher, FwknopMacKey? mac, FwknopMode mode = FwknopMode.Cbc, string user = "alice")
    {
        var message = new FwknopMessage
        {
            Random = "1234567890123456", User = user, Time = 1_795_000_000, Type = FwknopType.Access, Allow = Address.FromV4(0xc0000209), Ports = [new(Transport.Tcp, 22)],
        };
        Span<byte> salt = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(salt, ++_salt);
        return FwknopWriter.Write(message, Cipher(cipher), mode, mac, salt);
    }

    private byte[] Packet(string name) => Packet(name, Mac(name));

    private static Refusal? Watch(Sentry sentry, byte[] packet, long time = 1_000) => Watch(sentry, packet, out _, time);

    /// <summary>Null: it was reported.</summary>
    private static Refusal? Watch(Sentry sentry, byte[] packet, out Report report, long time = 1_000)
    {
        var before = sentry.Counters.FwknopRefusals();
        var reports = sentry.Watch(Captured(packet, time));
        report = reports.Length == 1 ? reports[0] with { Request = reports[0].Request.ToArray() } : default;
        return reports.Length == 1 ? null : sentry.Counters.FwknopRefusals().Zip(before).Where(p => p.First.Packets > p.Second.Packets).Select(p => (Refusal?)p.First.Refusal).SingleOrDefault() ?? Refusal.None;
    }

    [Fact]
    public void A_packet_is_reported_over_every_carrier_with_whose_it_is_and_what_the_warden_needs()
    {
        var sentry = New(Stanza("other"), Stanza("phone"));
        foreach (var wrap in (Func<byte[], byte[]>[])
        [
            p => Craft.IPv4(17, Craft.Udp(Port, payload: p)), p => Craft.IPv6(17, Craft.Udp(Port, payload: p)), p => Craft.IPv4(6, Craft.Tcp(80, TcpFlags.Psh | TcpFlags.Ack, payload: p)),
            p => Craft.IPv4(6, Craft.Tcp(80, TcpFlags.Syn, payload: p)), p => Craft.IPv4(1, Craft.Icmp(0, payload: p)), p => Craft.IPv4(1, Craft.Icmp(8, payload: p)),
            p => Craft.IPv4(6, Craft.Tcp(80, TcpFlags.Psh | TcpFlags.Ack, payload: FwknopHttp.Wrap(p, "gate"))),
        ])
        {
            var packet = Packet("phone");
            Assert.Null(Watch(sentry, wrap(packet), out var report));
            Assert.Equal((ReportKind.FwknopPacket, 7u, 1, (byte)32), (report.Kind, report.Generation, report.Door, report.TagSize));
            var reader = new FwknopReader();
            Assert.Equal(Refusal.None, reader.Read(packet, http: false));
            Assert.True(reader.TrySplit(32, out var split));
            Assert.Equal(Convert.ToHexString(split.Bytes), Convert.ToHexString(report.Request.Span));
            var message = new byte[Report.SignedSize];
            report.Write(message);
            Assert.True(Report.TryRead(message, out _));
        }
    }

    [Fact]
    public void Each_refusal_has_its_name()
    {
        var sentry = New(Stanza("phone", "192.0.2.0/24"));
        var packet = Packet("phone");
        Assert.Equal(Refusal.WrongSize, Watch(sentry, Datagram(packet[..139])));
        Assert.Equal(Refusal.Junk, Watch(sentry, Datagram([(byte)'A', .. packet[1..]])));
        Assert.Equal(Refusal.Junk, Watch(sentry, Datagram([.. packet[..^1], (byte)'='])));
        Assert.Equal(Refusal.GnuPg, Watch(sentry, Datagram([.. "EMAw"u8, .. Enumerable.Repeat((byte)'A', 600)])));
        Assert.Equal(Refusal.AddressNotAllowed, Watch(sentry, Datagram(packet, source: 0xc0000301)));
        Assert.Equal(Refusal.NotSealedToUs, Watch(sentry, Datagram(Packet("stranger"))));
        for (var at = 1; at < packet.Length; at += 11)
            Assert.Equal(Refusal.NotSealedToUs, Watch(sentry, Datagram([.. packet[..at], packet[at] == 'B' ? (byte)'C' : (byte)'B', .. packet[(at + 1)..]])));
        Assert.Null(Watch(sentry, Datagram(packet)));
        Assert.Equal(Refusal.Copy, Watch(sentry, Datagram(packet)));
        Assert.Equal(Refusal.Copy, Watch(sentry, Craft.IPv4(6, Craft.Tcp(80, TcpFlags.Ack, payload: FwknopHttp.Wrap(packet, "gate"))))); // in whatever it comes
        Assert.Equal(Refusal.None, Watch(sentry, Craft.IPv4(17, Craft.Udp(Port + 1, payload: Packet("phone"))))); // not looked at
        Assert.Equal(0, sentry.Counters.Refusals().Sum(r => r.Packets));
    }

    [Fact]
    public void The_first_stanza_whose_source_destination_and_tag_fit_is_the_door()
    {
        var sentry = New(
            Stanza("a", "10.0.0.0/8"), Stanza("a", "10.1.0.0/16", "192.0.2.0/24"), Stanza("a") with { Destinations = [IPNetwork.Parse("198.51.100.1/32")] }, Stanza("b"), Stanza("a"), Stanza("a"));
        Assert.Equal(1, Door(0xc0000201));
        Assert.Equal(0, Door(0x0a010001));
        Assert.Equal(4, Door(0xcb007101));
        Assert.Equal(3, Door(0xcb007101, "b"));

        int Door(uint source, string name = "a")
        {
            Assert.Null(Watch(sentry, Datagram(Packet(name), source), out var report));
            return report.Door;
        }
    }

    [Fact]
    public void Every_hmac_is_cut_from_the_end_and_a_stanza_without_one_knows_the_first_block()
    {
        var digests = Enum.GetValues<FwknopDigest>();
        var modes = Enum.GetValues<FwknopMode>();
        var sentry = New(
        [
            .. modes.Select(m => new FwknopWatch(null, Cipher($"{m}"), m)),
            .. digests.Select(d => new FwknopWatch(Mac($"{d}", d), null, FwknopMode.Cbc)),
        ]);
        for (var i = 0; i < digests.Length; i++)
        {
            Assert.Null(Watch(sentry, Datagram(Packet("any", Mac($"{digests[i]}", digests[i]))), out var report));
            Assert.Equal((modes.Length + i, FwknopDigests.SizeOf(digests[i])), (report.Door, report.TagSize));
        }

        for (var i = 0; i < modes.Length; i++)
        {
            Assert.Null(Watch(sentry, Datagram(Packet($"{modes[i]}", null, modes[i])), out var report));
            Assert.Equal((i, 0), (report.Door, report.TagSize));
        }
    }

    /// <summary>
    /// A packet with a tag begins as one without, and here its length is that of one without as well (48 bytes of tag are 64 characters, and three blocks): the tag is the
    /// better proof of whose it is, wherever the stanzas stand.
    /// </summary>
    [Fact]
    public void A_stanza_without_tags_does_not_take_the_packets_of_one_with()
    {
        var mac = Mac("phone", FwknopDigest.Sha384);
        var packet = Packet("shared", mac, user: "alice123");
        var reader = new FwknopReader();
        Assert.Equal(Refusal.None, reader.Read(packet, http: false));
        Assert.True(reader.TrySplit(0, out _));
        var sentry = New(new FwknopWatch(null, Cipher("shared"), FwknopMode.Cbc), new FwknopWatch(mac, null, FwknopMode.Cbc));
        Assert.Null(Watch(sentry, Datagram(packet), out var report));
        Assert.Equal(1, report.Door);
    }

    [Fact]
    public void The_same_key_is_tried_once_and_what_is_over_the_budget_is_not_tried()
    {
        var options = Watching([.. Enumerable.Range(0, 500).Select(_ => Stanza("same"))]) with { Limits = new() { InAll = new(1_000, 1_000), PerHost = new(10, 20), PerNetwork = new(100, 100) } };
        var sentry = new Sentry(new(1, []) { Fwknop = options });
        for (var i = 0; i < 20; i++)
            Assert.Equal(Refusal.NotSealedToUs, Watch(sentry, Datagram(Packet("stranger")))); // a token each, though there are 500 stanzas
        Assert.Equal(Refusal.OverBudget, Watch(sentry, Datagram(Packet("stranger"))));
        Assert.Equal(Refusal.OverBudget, Watch(sentry, Datagram(Packet("same"))));
        Assert.Null(Watch(sentry, Datagram(Packet("same"), source: 0xcb007101))); // another host
        Assert.Null(Watch(sentry, Datagram(Packet("same")), time: 2_000_000_000));
    }

    [Fact]
    public void As_many_keys_as_there_are_can_be_tried_for_one_packet()
    {
        var sentry = New([.. Enumerable.Range(0, 5_000).Select(i => Stanza($"k{i}"))]);
        Assert.Null(Watch(sentry, Datagram(Packet("k4999")), out var report));
        Assert.Equal(4_999, report.Door);
        Assert.Equal(Refusal.NotSealedToUs, Watch(sentry, Datagram(Packet("stranger"))));
    }

    /// <summary>Nothing is proven before a trial: a limit by source would be a way to shut out whom one likes.</summary>
    [Fact]
    public void A_trickle_in_somebodys_name_does_not_shut_him_out()
    {
        const long Second = 1_000_000_000;
        var sentry = New([.. Enumerable.Range(0, 101).Select(i => Stanza($"k{i}"))]);
        for (var second = 1L; second <= 10; second++)
        {
            for (var i = 0; i < 200; i++)
                Watch(sentry, Datagram(Packet("stranger")), time: (second * Second) + (i * 1_000_000));
            Assert.Null(Watch(sentry, Datagram(Packet("k100")), time: (second * Second) + (Second / 2)));
        }
    }

    [Fact]
    public void A_packet_allocates_nothing()
    {
        var sentry = New([.. Enumerable.Range(0, 20).Select(i => Stanza($"k{i}"))]);
        var (junk, stranger) = (Datagram([(byte)'8', .. new byte[200]]), Datagram(Packet("stranger")));
        var good = Enumerable.Range(0, 12).Select(_ => Datagram(Packet("k19"))).ToArray();
        Assert.Equal(0, Allocated.InSteadyState(round =>
        {
            sentry.Watch(Captured(junk));
            sentry.Watch(Captured(stranger, round * 1_000_000_000L));
            sentry.Watch(Captured(good[round], round * 1_000_000_000L));
        }));
    }

    [Fact]
    public void The_filter_lets_through_every_packet_that_the_sentry_would_look_at()
    {
        var filter = new SentryOptions(1, []) { Fwknop = Watching(Stanza("a")) }.Filter();
        Assert.NotNull(filter.Data);
        Assert.Equal("89+/G", Encoding.ASCII.GetString([.. filter.Data.FirstBytes]));
        Assert.Equal((140, 1500, 1500), (filter.Data.MinSize, filter.Data.MaxSize, filter.Data.MaxDatagram));
        Assert.True(filter.Data.Icmp);
    }

    [Fact]
    public void Orders_are_read_as_they_were_written()
    {
        var options = Watching(Stanza("a", "10.0.0.0/8", "2001:db8::/32") with { Destinations = [IPNetwork.Parse("192.0.2.1/32")] }, new FwknopWatch(null, Cipher("b"), FwknopMode.Ofb), new FwknopWatch(Mac("c", FwknopDigest.Sha3_512), null, FwknopMode.Ecb))
            with { Limits = new() { InAll = new(1, 2), PerHost = new(3, 4), PerNetwork = new(5, 6) } };
        var orders = new SentryOrders(new(9, []) { Fwknop = options });
        var read = SentryOrders.Read(orders.Write("b"), "b")!.Options.Fwknop!;
        Assert.Equal((options.Seed, options.Icmp, options.Http, options.Limits), (read.Seed, read.Icmp, read.Http, read.Limits));
        Assert.Equal(options.UdpPorts, read.UdpPorts);
        Assert.Equal(options.TcpPorts, read.TcpPorts);
        Assert.Equal(options.Stanzas[0].Sources, read.Stanzas[0].Sources);
        Assert.Equal(options.Stanzas[0].Destinations, read.Stanzas[0].Destinations);
        Assert.Equal(orders.Write("x"), new SentryOrders(new(9, []) { Fwknop = read }).Write("x"));
        var sentry = new Sentry(new(9, []) { Fwknop = read with { Limits = new() } });
        Assert.Null(Watch(sentry, Datagram(Packet("b", null, FwknopMode.Ofb)), out var report));
        Assert.Equal(1, report.Door);
    }
}
