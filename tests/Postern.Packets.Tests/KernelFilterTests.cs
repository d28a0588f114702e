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
        using var reader = new RingReader(space, new() { UdpPorts = [new(Sentinel, Sentinel)] });

        var filters = PropertyFilterTests.Filters(100).Sample(60);
        var packets = PropertyFilterTests.Packets.Sample(3000);
        int accepted = 0, at = 0;
        foreach (var random in filters)
        {
            var filter = random with { UdpPorts = [.. random.UdpPorts, new(Sentinel, Sentinel)], SnapLength = 2000 };
            reader.Ring.Replace(filter);
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
        }

        Assert.InRange(accepted, 100, 2500);
        Assert.Equal(0, reader.Ring.Dropped);
    }

    [Fact]
    public void The_largest_program_is_taken_and_replaced()
    {
        using var space = NetworkNamespace.Create();
        using var tun = Tun.Create(space, "tun0");
        var many = new CaptureFilter { TcpPorts = [.. Enumerable.Range(0, 20_000).Select(i => new FilterPorts((ushort)(i * 3), (ushort)(i * 3)))], Echo = true };
        using var reader = new RingReader(space, many);
        reader.Ring.Replace(many with { UdpPorts = many.TcpPorts });
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
