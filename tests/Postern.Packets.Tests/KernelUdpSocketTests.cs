using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Postern.Packets;
using Postern.Tests;

namespace Postern.Packets.Tests;

/// <summary>Bound sockets in a namespace: what is sent to them from another comes out as packets.</summary>
public sealed class KernelUdpSocketTests(ITestOutputHelper output) : IDisposable
{
    private readonly (NetworkNamespace Gate, NetworkNamespace Client) _net = NetworkNamespace.Pair();

    private NetworkNamespace Gate => _net.Gate;

    private NetworkNamespace Client => _net.Client;

    public void Dispose()
    {
        _net.Client.Dispose();
        _net.Gate.Dispose();
    }

    private UdpSocketSource Open(params ImmutableArray<ushort> ports) => Gate.Enter(() => UdpSocketSource.Open(ports));

    /// <summary>Sends it, and says from which port.</summary>
    private int Send(string to, int port, byte[] data, string? from = null) => Client.Enter(() =>
    {
        var address = IPAddress.Parse(to);
        using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        if (from is not null)
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        socket.SendTo(data, new IPEndPoint(address, port));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    });

    private static PacketView Read(UdpSocketSource source, out CapturedPacket captured)
    {
        using var patience = new Timer(_ => source.Stop(), null, TimeSpan.FromSeconds(10), Timeout.InfiniteTimeSpan);
        Assert.True(source.TryRead(out captured), "nothing came");
        Assert.Equal(PacketFault.None, PacketView.TryRead(captured.Bytes, captured.Link, out var packet));
        return packet;
    }

    [Theory]
    [InlineData(NetworkNamespace.Left4, NetworkNamespace.Right4)]
    [InlineData(NetworkNamespace.Left6, NetworkNamespace.Right6)]
    public void Who_to_whom_when_and_what(string to, string from)
    {
        using var source = Open(8000, 8001);
        foreach (var length in new[] { 0, 1, 320, 512, 1200, 1472 })
        {
            var data = new byte[length];
            Random.Shared.NextBytes(data);
            var before = Stopwatch.GetTimestamp();
            var port = Send(to, 8001, data);
            var packet = Read(source, out var captured);
            Assert.Equal((Craft.Address(from), Craft.Address(to)), (packet.Source, packet.Destination));
            Assert.Equal((IpProtocol.Udp, (ushort)port, (ushort)8001), (packet.Protocol, packet.SourcePort, packet.DestinationPort));
            Assert.Equal(length, packet.PayloadLength);
            Assert.Equal(Convert.ToHexString(data), Convert.ToHexString(packet.Payload));
            Assert.InRange(captured.Time, before, Stopwatch.GetTimestamp());
        }

        Assert.Equal(0, source.Dropped);
    }

    /// <summary>One longer than is kept has its true length, so that it is not taken for what was kept of it.</summary>
    [Theory]
    [InlineData(NetworkNamespace.Left4, 1501)]
    [InlineData(NetworkNamespace.Left4, 65507)]
    [InlineData(NetworkNamespace.Left6, 1501)]
    [InlineData(NetworkNamespace.Left6, 65527)]
    public void A_longer_one_is_cut_and_says_how_long_it_was(string to, int length)
    {
        using var source = Open(8000);
        Send(to, 8000, new byte[length]);
        var packet = Read(source, out _);
        Assert.Equal(length, packet.PayloadLength);
        Assert.Equal(1500, packet.Payload.Length);
    }

    [Fact]
    public void Each_datagram_is_another_even_if_it_is_the_same()
    {
        using var source = Open(8000);
        Client.Enter(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
            for (var i = 0; i < 100; i++)
                socket.SendTo([1], new IPEndPoint(IPAddress.Parse(NetworkNamespace.Left6), 8000));
        });
        var marks = new HashSet<ulong>();
        for (var i = 0; i < 100; i++)
            Assert.True(marks.Add(Read(source, out _).Distinction));
    }

    /// <summary>The address that was knocked at is the packet's, where the socket is bound to none and the host has several.</summary>
    [Fact]
    public void The_destination_is_the_address_that_was_knocked_at()
    {
        Gate.Run("ip", "address", "add", "10.77.0.9/24", "dev", NetworkNamespace.Interface);
        Gate.Run("ip", "address", "add", "fd77::9/64", "dev", NetworkNamespace.Interface, "nodad");
        using var source = Open(8000);
        foreach (var to in new[] { "10.77.0.9", NetworkNamespace.Left4, "fd77::9", NetworkNamespace.Left6 })
        {
            Send(to, 8000, [1, 2]);
            Assert.Equal(Craft.Address(to), Read(source, out _).Destination);
        }
    }

    [Theory]
    [InlineData("10.77.0.1", "10.77.0.1")]
    [InlineData("fd77::1", "fd77::1")]
    [InlineData("0.0.0.0", "10.77.0.1")]
    public void Sockets_that_are_bound_already_are_taken_over_with_what_waits_in_them(string bound, string to)
    {
        var socket = Gate.Enter(() =>
        {
            var address = IPAddress.Parse(bound);
            var fresh = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            fresh.Bind(new IPEndPoint(address, 8000));
            return fresh;
        });
        Send(to, 8000, [1, 2, 3]);
        using var source = new UdpSocketSource([socket]);
        var first = Read(source, out _);
        Assert.Equal(3, first.PayloadLength);
        Assert.Equal(Craft.Address(to), first.Destination);
        Send(to, 8000, [1, 2, 3, 4]);
        Assert.Equal(4, Read(source, out _).PayloadLength);
    }

    /// <summary>As systemd hands it on: a number, and nothing else.</summary>
    [Fact]
    public void A_socket_known_by_its_number_will_do()
    {
        using var original = Gate.Enter(() =>
        {
            var fresh = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true };
            fresh.Bind(new IPEndPoint(IPAddress.IPv6Any, 8000));
            return fresh;
        });
        using var source = new UdpSocketSource([new Socket(new SafeSocketHandle(original.Handle, ownsHandle: false))]);
        Send(NetworkNamespace.Left4, 8000, [1]);
        Assert.Equal(Craft.Address(NetworkNamespace.Right4), Read(source, out _).Source);
    }

    [Fact]
    public void A_flood_is_read_without_allocating_and_every_datagram_is_read_or_counted()
    {
        const int Sent = 60_000;
        using var source = Open(8000, 8001);
        long read = 0, faults = 0, backwards = 0, allocated = -1;
        var thread = new Thread(() =>
        {
            var last = 0L;
            source.TryRead(out _);
            var before = GC.GetAllocatedBytesForCurrentThread();
            while (source.TryRead(out var packet))
            {
                if (PacketView.TryRead(packet.Bytes, packet.Link, out var view) != PacketFault.None || view.PayloadLength != 320)
                    faults++;
                backwards += packet.Time < last ? 1 : 0;
                last = packet.Time;
                Interlocked.Increment(ref read);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        });
        thread.Start();
        Send(NetworkNamespace.Left4, 8000, new byte[320]);
        var start = Stopwatch.GetTimestamp();
        Client.Enter(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            var targets = new[] { 8000, 8001 }.Select(p => new IPEndPoint(IPAddress.Parse(NetworkNamespace.Left4), p).Serialize()).ToArray();
            var data = new byte[320];
            for (var i = 0; i < Sent; i++)
                socket.SendTo(data, SocketFlags.None, targets[i & 1]);
        });
        var rate = Sent / Stopwatch.GetElapsedTime(start).TotalSeconds;
        SpinWait.SpinUntil(() => Interlocked.Read(ref read) + source.Dropped >= Sent, TimeSpan.FromSeconds(5));
        source.Stop();
        Assert.True(thread.Join(TimeSpan.FromSeconds(10)));
        output.WriteLine($"{rate:F0} a second: read {read}, dropped {source.Dropped}, allocated {allocated}");
        Assert.Equal((0, 0), (faults, backwards));
        Assert.InRange(allocated, 0, 20_000); // the runtime's own, while it compiles the loop anew
        Assert.InRange(read + source.Dropped, Sent * 0.9, Sent + 1);
    }

    [Fact]
    public void What_finds_no_room_is_counted()
    {
        using var source = Open(8000);
        Client.Enter(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            for (var i = 0; i < 20_000; i++)
                socket.SendTo(new byte[320], new IPEndPoint(IPAddress.Parse(NetworkNamespace.Left4), 8000));
        });
        var dropped = source.Dropped;
        Assert.InRange(dropped, 10_000, 19_990);
        Assert.Equal(dropped, source.Dropped);
        for (var i = 0; i < 20_000 - dropped; i++)
            Read(source, out _);
        source.Dispose();
        Assert.Equal(dropped, source.Dropped);
    }

    [Fact]
    public void A_flood_to_one_port_does_not_silence_another()
    {
        using var source = Open(8000, 8001);
        Client.Enter(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            for (var i = 0; i < 200; i++)
                socket.SendTo([1], new IPEndPoint(IPAddress.Parse(NetworkNamespace.Left4), 8000));
            socket.SendTo([1], new IPEndPoint(IPAddress.Parse(NetworkNamespace.Left4), 8001));
        });
        var before = 0;
        while (Read(source, out _).DestinationPort == 8000)
            before++;
        Assert.InRange(before, 1, 32);
    }

    [Fact]
    public void Stop_and_Dispose_end_the_wait()
    {
        foreach (var end in new Action<UdpSocketSource>[] { s => s.Stop(), s => s.Dispose() })
        {
            using var source = Open(8000);
            var thread = new Thread(() =>
            {
                while (source.TryRead(out _))
                    continue;
            });
            thread.Start();
            Thread.Sleep(30);
            end(source);
            Assert.True(thread.Join(TimeSpan.FromSeconds(10)));
            Assert.False(source.TryRead(out _));
            source.Dispose();
            Assert.Equal(0, source.Dropped);
        }
    }

    [Fact]
    public void What_cannot_be_is_said_when_it_is_opened()
    {
        using var first = Open(8000);
        var taken = Gate.Enter(() => Assert.Throws<CaptureException>(() => UdpSocketSource.Open([8001, 8000])));
        Assert.Contains("udp/8000", taken.Message, StringComparison.Ordinal);
        Open(8001).Dispose();
        Assert.Throws<ArgumentException>(() => new UdpSocketSource([]));
        using var unbound = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Assert.Throws<ArgumentException>(() => new UdpSocketSource([unbound]));
        using var stream = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Throws<ArgumentException>(() => new UdpSocketSource([stream]));
    }
}
