using System.Net;
using System.Net.Sockets;
using Postern.Packets.Filters;
using Postern.Packets.Ring;
using Postern.Tests;

namespace Postern.Packets.Tests;

/// <summary>One opens, one prepares, one reads, and another reads on: what the kernel makes of a packet socket that changes hands.</summary>
public sealed unsafe class KernelCaptureSocketTests : IDisposable
{
    private static readonly CaptureFilter Filter = new() { UdpPorts = [new(8000, 8009)] };
    private static readonly RingSize Size = new(Math.Max(4096, Environment.SystemPageSize), 16);

    private readonly NetworkNamespace _gate;
    private readonly NetworkNamespace _client;
    private readonly int _socket;

    public KernelCaptureSocketTests()
    {
        (_gate, _client) = NetworkNamespace.Pair();
        _client.Run("ping", "-q", "-i", "0.05", "-c", "1", "-w", "10", NetworkNamespace.Left4);
        _socket = _gate.Enter(() => CaptureSocket.Open(Size));
    }

    [Fact]
    public void It_hears_nothing_before_it_is_prepared_and_only_what_the_filter_lets_through_after()
    {
        Send(8000);
        CaptureSocket.Prepare(_socket, Filter);
        Send(9000);
        Send(8001);
        using var ring = Adopt();
        Assert.Equal(8001, Port(ring));
        Assert.False(ring.TryRead(out _, Soon()));
    }

    [Fact]
    public void Nobody_who_holds_it_can_change_the_filter_or_take_it_away()
    {
        CaptureSocket.Prepare(_socket, Filter);
        var refused = Assert.Throws<CaptureException>(() => RingSocket.Attach(_socket, BpfProgram.From(new() { Echo = true })));
        Assert.Contains("Operation not permitted", refused.Message, StringComparison.Ordinal);
        const int DetachFilter = 27; // SO_DETACH_FILTER
        var zero = 0;
        Assert.Equal(-1, Libc.SetOption(_socket, Libc.SolSocket, DetachFilter, &zero, sizeof(int)));
        Assert.Equal(-1, Libc.SetOption(_socket, Libc.SolSocket, Libc.SoLockFilter, &zero, sizeof(int)));
    }

    [Fact]
    public void Whoever_reads_on_loses_nothing_that_came_between()
    {
        CaptureSocket.Prepare(_socket, Filter);
        for (var round = 0; round < 50; round++)
        {
            using var ring = Adopt();
            for (var i = 0; i < round % 5; i++)
            {
                Send(8000 + i);
                Assert.Equal(8000 + i, Port(ring));
            }

            Assert.False(ring.TryRead(out _, 0)); // the block is given back
            ring.Dispose();
            Send(8009); // while nobody looks
            using var next = Adopt();
            Assert.Equal(8009, Port(next));
            Assert.False(next.TryRead(out _, 0));
        }
    }

    [Fact]
    public void What_a_reader_before_wrote_into_the_ring_makes_the_next_one_neither_deaf_nor_busy()
    {
        CaptureSocket.Prepare(_socket, Filter);
        var chance = new Random(1);
        for (var round = 0; round < 30; round++)
        {
            var ring = RingSocket.Map(_socket, Size);
            chance.NextBytes(new Span<byte>(ring, Size.Bytes));
            for (var block = 0; block < Size.Blocks && round % 2 == 0; block++)
                *(uint*)(ring + (block * Size.BlockBytes) + 8) = 0; // all said to be the kernel's
            _ = Libc.Unmap(ring, (nuint)Size.Bytes);

            using var next = Adopt();
            while (next.TryRead(out _, Soon()))
            {
                // what there is of nonsense
            }

            // The kernel fills a block that it believes to be its own, and hands it over; the reader finds it wherever that is.
            var found = false;
            for (var tries = 0; tries < 2 * Size.Blocks && !found; tries++)
            {
                Send(8003);
                while (!found && next.TryRead(out var packet, Soon()))
                    found = PacketView.TryRead(packet.Bytes, packet.Link, out var view) == PacketFault.None && view.DestinationPort == 8003;
            }

            Assert.True(found, $"round {round}");
        }
    }

    [Fact]
    public void A_deadline_ends_a_wait_and_one_that_has_passed_does_not_wait()
    {
        CaptureSocket.Prepare(_socket, Filter);
        using var ring = Adopt();
        var before = Now();
        Assert.False(ring.TryRead(out _, before + 30_000_000));
        Assert.True(Now() - before >= 30_000_000);
        Assert.False(ring.TryRead(out _, 0));
        Send(8002);
        Assert.Equal(8002, Port(ring));
    }

    [Fact]
    public void A_ring_of_another_size_is_refused()
    {
        CaptureSocket.Prepare(_socket, Filter);
        var copy = Duplicate(_socket);
        Assert.Throws<CaptureException>(() => PacketRing.Adopt(copy, [], Size with { Blocks = 17 }));
    }

    public void Dispose()
    {
        _ = Libc.Close(_socket);
        _gate.Dispose();
        _client.Dispose();
    }

    /// <summary>As another process would have it: a descriptor of its own.</summary>
    private PacketRing Adopt() => PacketRing.Adopt(Duplicate(_socket), [], Size);

    private static int Port(PacketRing ring)
    {
        Assert.True(ring.TryRead(out var packet, Now() + 5_000_000_000));
        Assert.Equal(PacketFault.None, PacketView.TryRead(packet.Bytes, packet.Link, out var view));
        return view.DestinationPort;
    }

    private static long Soon() => Now() + 20_000_000;

    private static long Now() => Libc.Nanoseconds(Libc.ClockMonotonic);

    private void Send(int port) => _client.Enter(() =>
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        return socket.SendTo("knock"u8, new IPEndPoint(IPAddress.Parse(NetworkNamespace.Left4), port));
    });

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "dup")]
    private static extern int Duplicate(int fd);
}
