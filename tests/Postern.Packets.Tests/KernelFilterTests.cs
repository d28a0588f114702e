using System.Collections.Immutable;
using FsCheck.Fluent;
using Postern.Packets;
using Postern.Packets.Filters;
using Postern.Packets.Ring;
using Postern.Tests;

namespace Postern.Packets.Tests;

/// <summary>The kernel itself runs the program: it takes what the interpreter of the tests takes.</summary>
public sealed class KernelFilterTests
{
    private const ushort Sentinel = 4242;

    [Fact]
    public void Random_filters_and_random_packets()
    {
        using var space = NetworkNamespace.Create();
        using var tun = Tun.Create(space, "tun0");
        var sentinel = Craft.IPv4(17, Craft.Udp(Sentinel, source: 9));
        var filters = PropertyFilterTests.Filters(100).Sample(60);
        var packets = PropertyFilterTests.Packets.Sample(3000);
        int accepted = 0, at = 0;
        foreach (var random in filters)
        {
            var filter = random with { UdpPorts = [.. random.UdpPorts, new(Sentinel, Sentinel)], SnapLength = 2000, SizedSnapLength = 2000 };
            using var reader = new RingReader(space, filter);
            var expected = new List<byte[]>();
            foreach (var packet in packets.Skip(at).Take(50))
            {
                tun.Arrive(packet);
                if (PropertyFilterTests.Wants(filter, packet))
                    expected.Add(packet);
            }

            at += 50;
            tun.Arrive(sentinel);
            foreach (var packet in expected)
                Assert.Equal(Convert.ToHexString(packet), Convert.ToHexString(reader.Next()!.Bytes));
            Assert.Equal(Convert.ToHexString(sentinel), Convert.ToHexString(reader.Next()!.Bytes));
            accepted += expected.Count;
            Assert.Equal(0, reader.Ring.Dropped);
        }

        Assert.InRange(accepted, 100, 2500);
    }

    [Fact]
    public void The_largest_program_is_taken()
    {
        using var space = NetworkNamespace.Create();
        using var tun = Tun.Create(space, "tun0");
        var many = new CaptureFilter { TcpPorts = [.. Enumerable.Range(0, 20_000).Select(i => new FilterPorts((ushort)(i * 3), (ushort)(i * 3)))], Echo = true };
        using var reader = new RingReader(space, many with { UdpPorts = many.TcpPorts });
        tun.Arrive(Craft.IPv4(17, Craft.Udp(3000)));
        tun.Arrive(Craft.IPv6(6, Craft.Tcp(3)));
        reader.ExpectNext("udp/3000");
        reader.ExpectNext("tcp/3");

        var program = BpfProgram.From(many, BpfProgram.KernelMaxInstructions);
        Assert.InRange(program.Length, 3500, BpfProgram.KernelMaxInstructions);
        var socket = space.Enter(RingSocket.Open);
        try
        {
            RingSocket.Attach(socket, program);
        }
        finally
        {
            _ = Libc.Close(socket);
        }
    }

    /// <summary>The longest that an Ethernet frame brings, in the smallest block that there is.</summary>
    [Fact]
    public void A_packet_that_passes_for_its_size_comes_whole_and_the_others_are_cut_as_before()
    {
        using var space = NetworkNamespace.Create();
        using var tun = Tun.Create(space, "tun0");
        var filter = new CaptureFilter { UdpPorts = [new(7000, 7001)], SizedUdpPorts = [new(7001, 7002)], SizedTcpPorts = [new(443, 443)], SizedEcho = true, PayloadSizes = [320, 1200] };
        using var ring = space.Enter(() => PacketRing.Open(filter, [], new RingSize(Environment.SystemPageSize, 16)));
        (byte[] Packet, int Kept)[] cases =
        [
            (Craft.IPv4(17, Craft.Udp(7000, payload: new byte[1200])), 256),
            (Craft.IPv4(17, Craft.Udp(7001, payload: new byte[1200])), 1228),
            (Craft.IPv4(17, Craft.Udp(7001, payload: new byte[1199])), 256),
            (Craft.IPv4(17, Craft.Udp(7002, payload: new byte[1199])), 0),
            (Craft.IPv4(6, Craft.Tcp(443, payload: new byte[1200], optionWords: 10), optionWords: 10), 1320),
            (Craft.IPv6(6, Craft.Tcp(443, payload: new byte[1200], optionWords: 10), extensions: [Craft.Options(0, 8), Craft.Options(60, 8)]), 1444),
            (Craft.IPv6(6, Craft.Tcp(443, TcpFlags.Syn | TcpFlags.Ack, payload: new byte[1200])), 0),
            (Craft.IPv6(6, Craft.Tcp(443)), 0),
            (Craft.IPv4(1, Craft.Icmp(8, payload: new byte[320])), 348),
            (Craft.IPv4(1, Craft.Icmp(8, payload: new byte[56])), 0),
            (Craft.IPv6(58, Craft.Icmp(128, payload: new byte[320])), 368),
        ];
        foreach (var (packet, kept) in cases)
        {
            tun.Arrive(packet);
            if (kept == 0)
                continue;
            Assert.True(ring.TryRead(out var seen));
            Assert.Equal(Convert.ToHexString(packet.AsSpan(0, kept)), Convert.ToHexString(seen.Bytes));
        }

        Assert.Equal(0, ring.Dropped);
    }

    /// <summary>Nobody reads; what finds room is what the ring holds.</summary>
    [Fact]
    public void Keeping_some_packets_whole_takes_no_room_from_the_others_and_a_larger_ring_holds_as_many_of_those()
    {
        var plain = new CaptureFilter { UdpPorts = [new(7000, 7000)] };
        var sized = plain with { SizedUdpPorts = [new(7001, 7001)], PayloadSizes = [1200] };
        Assert.Equal(RingSize.Default, RingSize.For(plain));
        var cut = Holds(plain, RingSize.Default, 7000);

        // How full a block is when its millisecond is over depends on who else runs; what is looked for is a factor of four.
        Assert.InRange(Holds(sized, RingSize.Default, 7000), cut / 2, cut * 2);
        var whole = Holds(sized, RingSize.Default, 7001);
        Assert.InRange(Holds(sized, RingSize.For(sized), 7001), whole * 2, whole * 8);
        Assert.InRange(RingSize.For(sized).Bytes / 1344, RingSize.Default.Bytes / 352, int.MaxValue);

        static long Holds(CaptureFilter filter, RingSize size, ushort port)
        {
            const int Sent = 25_000;
            using var space = NetworkNamespace.Create();
            using var tun = Tun.Create(space, "tun0");
            using var ring = space.Enter(() => PacketRing.Open(filter, [], size));
            var packet = Craft.IPv4(17, Craft.Udp(port, payload: new byte[1200]));
            for (var i = 0; i < Sent; i++)
                tun.Arrive(packet);
            var dropped = ring.Dropped;
            Assert.InRange(dropped, 1, Sent);
            return Sent - dropped;
        }
    }

    [Fact]
    public void A_packet_is_cut_at_the_snap_length()
    {
        using var space = NetworkNamespace.Create();
        using var tun = Tun.Create(space, "tun0");
        using var reader = new RingReader(space, new() { Echo = true, SnapLength = 48 });
        tun.Arrive(Craft.IPv4(1, Craft.Icmp(8, payload: new byte[1000])));
        var seen = reader.Next()!;
        Assert.Equal("icmp/1000", seen.What);
        Assert.Equal(48, seen.Bytes.Length);
    }
}
