using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Postern.Packets;
using Postern.Packets.Ring;
using Postern.Tests;

namespace Postern.Packets.Tests;

/// <summary>Two namespaces and a cable: what real programs send is what the ring tells.</summary>
public sealed partial class KernelRingTests(ITestOutputHelper output) : IDisposable
{
    private static readonly CaptureFilter Filter = new()
    {
        TcpPorts = [new(7000, 7000)], UdpPorts = [new(8000, 8010)], Echo = true,
        TcpFlagsMask = TcpFlags.Syn | TcpFlags.Ack, TcpFlagsSet = TcpFlags.Syn,
    };

    private readonly (NetworkNamespace Gate, NetworkNamespace Client) _net = NetworkNamespace.Pair();

    private NetworkNamespace Gate => _net.Gate;

    private NetworkNamespace Client => _net.Client;

    public void Dispose()
    {
        _net.Client.Dispose();
        _net.Gate.Dispose();
    }

    private void SendUdp(int port, string address = NetworkNamespace.Left4) => Client.Enter(() =>
    {
        using var socket = new Socket(IPAddress.Parse(address).AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.SendTo("knock"u8, new IPEndPoint(IPAddress.Parse(address), port));
    });

    [Fact]
    public void Real_programs_over_IPv4_and_IPv6()
    {
        using var reader = new RingReader(Gate, Filter);
        Client.TryRun("hping3", "-c", "1", "-S", "-p", "7000", NetworkNamespace.Left4);
        reader.ExpectNext("tcp/7000");
        Client.TryRun("hping3", "-c", "1", "--udp", "-p", "8003", "-d", "40", NetworkNamespace.Left4);
        reader.ExpectNext("udp/8003");
        Client.TryRun("ping", "-c", "1", "-s", "120", NetworkNamespace.Left4);
        reader.ExpectNext("icmp/120");
        Client.TryRun("ping", "-c", "1", "-s", "77", NetworkNamespace.Left6);
        reader.ExpectNext("icmpv6/77");
        Client.TryRun("nc", "-6", "-z", "-w", "1", NetworkNamespace.Left6, "7000");
        reader.ExpectNext("tcp/7000");
        Client.TryRun("knock", NetworkNamespace.Left4, "8010:udp", "7000:tcp");
        reader.ExpectNext("udp/8010");
        reader.ExpectNext("tcp/7000");
    }

    [Fact]
    public void Nothing_else_is_delivered()
    {
        using var reader = new RingReader(Gate, Filter);
        Client.TryRun("hping3", "-c", "1", "-A", "-p", "7000", NetworkNamespace.Left4);
        Client.TryRun("hping3", "-c", "1", "-S", "-p", "7001", NetworkNamespace.Left4);
        Client.TryRun("hping3", "-c", "1", "--udp", "-p", "7000", NetworkNamespace.Left4);
        Client.TryRun("hping3", "-c", "1", "--udp", "-p", "8000", "-f", "-d", "64", NetworkNamespace.Left4);
        Gate.TryRun("ping", "-c", "1", "-W", "1", NetworkNamespace.Right4);
        SendUdp(8011);
        SendUdp(7999, NetworkNamespace.Left6);
        reader.ExpectNothing();
        SendUdp(8000, NetworkNamespace.Left6);
        reader.ExpectNext("udp/8000");
    }

    [Fact]
    public void A_lone_packet_is_seen_at_once()
    {
        using var reader = new RingReader(Gate, Filter);
        using var udp = Client.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        SendUdp(8000);
        reader.ExpectNext("udp/8000");

        Median("UDP", reader, () => udp.SendTo("x"u8, new IPEndPoint(IPAddress.Parse(NetworkNamespace.Left4), 8000)));
        Median("SYN", reader, () =>
        {
            using var tcp = Client.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false });
            try
            {
                tcp.Connect(IPAddress.Parse(NetworkNamespace.Left4), 7000);
            }
            catch (SocketException)
            {
                // In progress, or refused: the SYN is out.
            }
        });
        using var echo = Client.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp));
        Median("echo", reader, () => echo.SendTo([8, 0, 0xf7, 0xff, 0, 0, 0, 0], new IPEndPoint(IPAddress.Parse(NetworkNamespace.Left4), 0)));
    }

    private void Median(string what, RingReader reader, Action send)
    {
        var read = new List<double>();
        var stamped = new List<double>();
        for (var i = 0; i < 50; i++)
        {
            Thread.Sleep(3);
            var start = Stopwatch.GetTimestamp();
            send();
            var seen = reader.Next();
            Assert.NotNull(seen);
            read.Add(Stopwatch.GetElapsedTime(start, seen.ReadAt).TotalMilliseconds);

            // Uptime is what Stopwatch counts on Linux; the stamp lies between the sending and the reading.
            Assert.InRange(seen.Time, start, seen.ReadAt);
            stamped.Add((seen.Time - start) / 1e6);
        }

        read.Sort();
        stamped.Sort();
        output.WriteLine($"{what}: sent to read {read[25]:F2} ms (max {read[^1]:F2}), sent to stamp {stamped[25]:F3} ms");
        Assert.True(read[25] < 50);
    }

    [Fact]
    public void Interfaces_that_come_later()
    {
        using var reader = new RingReader(Gate, Filter);
        Cable("late0");
        Gate.Run("ip", "address", "add", "10.78.0.1/24", "dev", "late0");
        Client.Run("ip", "address", "add", "10.78.0.2/24", "dev", "late0");
        SendUdp(8001, "10.78.0.1");
        reader.ExpectNext("udp/8001");
        using var tun = Tun.Create(Gate, "tun7");
        tun.Arrive(Craft.IPv6(6, Craft.Tcp(7000)));
        reader.ExpectNext("tcp/7000");
    }

    private void Cable(string name)
    {
        Gate.Run("ip", "link", "add", name, "type", "veth", "peer", "name", name, "netns", Client.Name);
        Gate.Run("ip", "link", "set", name, "up");
        Client.Run("ip", "link", "set", name, "up");
    }

    [Fact]
    public void Only_the_interfaces_that_are_named_even_if_they_are_made_again()
    {
        using var reader = new RingReader(Gate, Filter, "tun1", "notyet0");
        SendUdp(8000);
        using (var tun = Tun.Create(Gate, "tun1"))
        {
            tun.Arrive(Craft.IPv4(6, Craft.Tcp(7000)));
            reader.ExpectNext("tcp/7000");
        }

        using (var other = Tun.Create(Gate, "tun2"))
        using (var again = Tun.Create(Gate, "tun1"))
        {
            other.Arrive(Craft.IPv4(17, Craft.Udp(8001)));
            again.Arrive(Craft.IPv4(17, Craft.Udp(8002)));
            reader.ExpectNext("udp/8002");
        }

        // A new name for an interface that was looked up a moment ago is known a second later.
        using (var tun = Tun.Create(Gate, "other0"))
        {
            tun.Arrive(Craft.IPv4(17, Craft.Udp(8003)));
            Gate.Run("ip", "link", "set", "other0", "down");
            Gate.Run("ip", "link", "set", "other0", "name", "notyet0");
            Gate.Run("ip", "link", "set", "notyet0", "up");
            Thread.Sleep(1100);
            tun.Arrive(Craft.IPv4(17, Craft.Udp(8004)));
            reader.ExpectNext("udp/8004");
        }

        reader.ExpectNothing();
    }

    [Fact]
    public void A_tagged_packet_comes_without_its_tag()
    {
        using var reader = new RingReader(Gate, Filter);
        SendTagged(Craft.IPv4(6, Craft.Tcp(7000)));
        reader.ExpectNext("tcp/7000");
    }

    /// <summary>Its length is counted from the IP header on, whether the card took the tag off or not.</summary>
    [Fact]
    public void A_tagged_packet_passes_for_the_size_of_its_data()
    {
        using var reader = new RingReader(Gate, new() { SizedUdpPorts = [new(7000, 7000)], SizedTcpPorts = [new(7000, 7000)], SizedEcho = true, PayloadSizes = [1200] });
        byte[][] packets =
        [
            Craft.IPv4(17, Craft.Udp(7000, payload: new byte[1200])), Craft.IPv4(6, Craft.Tcp(7000, payload: new byte[1200])),
            Craft.IPv6(58, Craft.Icmp(128, payload: new byte[1200])), Craft.IPv6(6, Craft.Tcp(7000, payload: new byte[1200])),
        ];
        foreach (var packet in packets)
        {
            SendTagged(packet);
            Assert.Equal(Convert.ToHexString(packet), Convert.ToHexString(reader.Next()!.Bytes));
        }
    }

    private unsafe void SendTagged(byte[] packet)
    {
        var index = int.Parse(Client.Run("cat", $"/sys/class/net/{NetworkNamespace.Interface}/ifindex"));
        var gateMac = Convert.FromHexString(Gate.Run("cat", $"/sys/class/net/{NetworkNamespace.Interface}/address").Trim().Replace(":", ""));
        byte[] frame = [.. gateMac, .. Craft.Ethernet(packet, 0x8100).AsSpan(6)];
        Client.Enter(() =>
        {
            const int SockRaw = 3;
            var socket = Libc.Socket(Libc.AfPacket, SockRaw, 0);
            var address = new Libc.LinkAddress { Family = Libc.AfPacket, Interface = index };
            Assert.Equal(0, Libc.Bind(socket, &address, (uint)sizeof(Libc.LinkAddress)));
            fixed (byte* bytes = frame)
                Assert.Equal(frame.Length, Libc.Write(socket, bytes, (nuint)frame.Length));
            _ = Libc.Close(socket);
        });
    }

    [Fact]
    public void Stop_ends_the_wait_at_once_and_for_good()
    {
        using var reader = new RingReader(Gate, Filter);
        Thread.Sleep(50);
        var took = reader.Stop();
        output.WriteLine($"stopped in {took.TotalMilliseconds:F2} ms");
        Assert.InRange(took.TotalMilliseconds, 0, 5_000);
        SendUdp(8000);
        Assert.False(reader.Ring.TryRead(out _));
    }

    [Fact]
    public void Disposing_ends_the_wait_too_and_may_be_done_twice()
    {
        var ring = Gate.Enter(() => PacketRing.Open(Filter, [], RingSize.Default));
        var thread = new Thread(() =>
        {
            while (ring.TryRead(out _))
                continue;
        });
        thread.Start();
        Thread.Sleep(50);
        ring.Dispose();
        Assert.True(thread.Join(TimeSpan.FromSeconds(5)));
        ring.Dispose();
        ring.Stop();
        Assert.False(ring.TryRead(out _));
        Assert.Equal(0, ring.Dropped);
    }

    [Fact]
    public void While_nothing_comes_nothing_runs()
    {
        using var reader = new RingReader(Gate, Filter);
        SendUdp(8000);
        reader.ExpectNext("udp/8000");
        Thread.Sleep(100);
        var before = Switches(reader.ThreadId);
        for (var i = 0; i < 20; i++)
        {
            SendUdp(9000);
            Thread.Sleep(100);
        }

        Assert.Equal(before, Switches(reader.ThreadId));
    }

    private static long Switches(int thread) => File.ReadLines($"/proc/self/task/{thread}/status")
        .Where(line => line.Contains("voluntary_ctxt_switches", StringComparison.Ordinal))
        .Sum(line => long.Parse(line.Split('\t')[1]));

    [Fact]
    public void It_says_whether_the_next_reading_would_wait()
    {
        using var ring = Gate.Enter(() => PacketRing.Open(Filter, [], RingSize.Default));
        Assert.False(ring.HasMore);
        for (var i = 0; i < 3; i++)
            SendUdp(8000);
        for (var i = 0; i < 3; i++)
        {
            Assert.True(SpinWait.SpinUntil(() => ring.HasMore, TimeSpan.FromSeconds(30)));
            Assert.True(ring.TryRead(out _));
        }

        Assert.False(ring.HasMore);
        SendUdp(8000);
        Assert.True(SpinWait.SpinUntil(() => ring.HasMore, TimeSpan.FromSeconds(30)));
        ring.Stop();
        Assert.False(ring.HasMore);
    }

    [Fact]
    public void A_flood_is_read_without_allocating()
    {
        const int Sent = 100_000;
        using var ring = Gate.Enter(() => PacketRing.Open(Filter, [NetworkNamespace.Interface], RingSize.Default));
        long allocated = -1, read = 0, faults = 0, backwards = 0;
        var thread = new Thread(() =>
        {
            long last = 0;
            ring.TryRead(out _);
            var before = GC.GetAllocatedBytesForCurrentThread();
            while (ring.TryRead(out var packet))
            {
                if (PacketView.TryRead(packet.Bytes, packet.Link, out var view) != PacketFault.None || view.DestinationPort != 8000)
                    faults++;
                if (packet.Time < last)
                    backwards++;
                last = packet.Time;
                Interlocked.Increment(ref read);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        });
        thread.Start();

        SendUdp(8000);
        var start = Stopwatch.GetTimestamp();
        Client.Enter(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            var target = new IPEndPoint(IPAddress.Parse(NetworkNamespace.Left4), 8000).Serialize();
            var data = new byte[200];
            for (var i = 0; i < Sent; i++)
                socket.SendTo(data, SocketFlags.None, target);
        });
        var rate = Sent / Stopwatch.GetElapsedTime(start).TotalSeconds;
        SpinWait.SpinUntil(() => Interlocked.Read(ref read) + ring.Dropped >= Sent, TimeSpan.FromSeconds(3));
        ring.Stop();
        thread.Join();

        output.WriteLine($"{rate:F0} packets a second: read {read}, dropped {ring.Dropped}");
        Assert.Equal(0, allocated);
        Assert.Equal(0, faults);
        Assert.Equal(0, backwards);
        Assert.InRange(read + ring.Dropped, Sent * 0.9, Sent);
    }

    [Fact]
    public void What_finds_no_room_is_counted()
    {
        using var ring = Gate.Enter(() => PacketRing.Open(Filter, [], new RingSize(Environment.SystemPageSize, 2)));
        Client.Enter(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            for (var i = 0; i < 1000; i++)
                socket.SendTo(new byte[200], new IPEndPoint(IPAddress.Parse(NetworkNamespace.Left4), 8000));
        });
        var dropped = ring.Dropped;
        Assert.InRange(dropped, 900, 999);
        Assert.Equal(dropped, ring.Dropped);

        // A ring that was full goes on.
        for (var i = 0; i < 1000 - dropped; i++)
            Assert.True(ring.TryRead(out _));
        SendUdp(8001);
        Assert.True(ring.TryRead(out var packet));
        PacketView.TryRead(packet.Bytes, packet.Link, out var view);
        Assert.Equal(8001, view.DestinationPort);
        ring.Dispose();
        Assert.Equal(dropped, ring.Dropped);
    }

    [Fact]
    public void Without_the_privilege_it_says_so()
    {
        var failure = Gate.Enter(() =>
        {
            const int Nobody = 65534;
            Assert.Equal(0, SystemCall(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 147 : 117, Nobody, Nobody, Nobody));
            return Assert.Throws<CaptureException>(() => PacketRing.Open(Filter, [], RingSize.Default));
        });
        Assert.True(failure.MissingPrivilege);
        Assert.Contains("CAP_NET_RAW", failure.Hint, StringComparison.Ordinal);
    }

    /// <summary>setresuid of this thread alone; the function of the C library would change all.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint real, nint effective, nint saved);

    [Fact]
    public void What_cannot_be_is_said_when_it_is_opened()
    {
        Assert.Throws<ArgumentException>(() => PacketRing.Open(Filter, ["an-interface-with-a-long-name"], RingSize.Default));
        Assert.Throws<ArgumentOutOfRangeException>(() => PacketRing.Open(Filter, [], default));
        Assert.Throws<ArgumentOutOfRangeException>(() => PacketRing.Open(Filter, [], new(1000, 4)));
    }
}
