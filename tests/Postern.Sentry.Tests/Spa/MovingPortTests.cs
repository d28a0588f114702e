using Postern.Knocks.Spa;
using Postern.Packets.Tests;
using Postern.Reports;
using static Postern.Sentry.Tests.SpaCraft;

namespace Postern.Sentry.Tests.Spa;

/// <summary>Where the port for single packets moves: the ports of now are good, and no other.</summary>
public sealed class MovingPortTests : IDisposable
{
    private const long Second = 1_000_000_000;
    private const long Wall = 1_700_000_000;

    private static readonly MovingPort Udp = new(new(Transport.Udp, 10_000, 19_999), 60);
    private static readonly MovingPort Tcp = new(new(Transport.Tcp, 30_000, 30_999), 30);

    private readonly SpaCraft _craft = new();
    private readonly Sentry _sentry;
    private ulong _time;

    public MovingPortTests()
    {
        // As orders bring it to the sentry's process.
        var options = _craft.SentryOptions with { Spa = _craft.Options with { MovingPorts = [Udp, Tcp] } };
        var read = SentryOrders.Read(new SentryOrders(options).Write("b"), "b")!.Options;
        Assert.Equal([Udp, Tcp], read.Spa!.MovingPorts);
        _sentry = new(read) { WallOffset = Wall * Second };
    }

    public void Dispose() => _craft.Dispose();

    private ushort PortOf(MovingPort moving, long seconds) => moving.PortAt(_craft.Outer, seconds);

    private byte[] Datagram(ushort port, bool v6 = false) =>
        v6 ? Craft.IPv6(17, Craft.Udp(port, payload: _craft.Packet(time: ++_time))) : Craft.IPv4(17, Craft.Udp(port, payload: _craft.Packet(time: ++_time)));

    private int Watch(byte[] packet, long seconds = 0) => _sentry.Watch(Captured(packet, seconds * Second)).Length;

    [Fact]
    public void The_port_of_now_and_its_neighbours_are_good()
    {
        foreach (var steps in (int[])[-1, 0, 1])
        {
            Assert.Equal(1, Watch(Datagram(PortOf(Udp, Wall + (60 * steps)))));
            Assert.Equal(1, Watch(Datagram(PortOf(Udp, Wall + (60 * steps)), v6: true)));
            Assert.Equal(1, Watch(Craft.IPv4(6, Craft.Tcp(PortOf(Tcp, Wall + (30 * steps)), payload: _craft.Packet(time: ++_time)))));
        }

        Assert.Equal(0, _sentry.Counters.Refused(Refusal.WrongPort));
    }

    [Fact]
    public void Any_other_port_of_the_pool_is_refused_by_name_before_a_seal_is_tried()
    {
        foreach (var away in (int[])[-3600, -120, 120, 3600])
            Assert.Equal(0, Watch(Datagram(PortOf(Udp, Wall + away))));
        Assert.Equal(0, Watch(Craft.IPv4(6, Craft.Tcp(PortOf(Tcp, Wall + 60), payload: _craft.Packet(time: ++_time)))));
        Assert.Equal(5, _sentry.Counters.Refused(Refusal.WrongPort));

        // Noise is not looked at either, and what was refused here is known to nobody: the same bytes to the right port are opened.
        Assert.Equal(0, Watch(Craft.IPv4(17, Craft.Udp(PortOf(Udp, Wall + 3600), payload: _craft.Bytes(320)))));
        var packet = _craft.Packet(time: ++_time);
        Assert.Equal(0, Watch(Craft.IPv4(17, Craft.Udp(PortOf(Udp, Wall - 3600), payload: packet))));
        Assert.Equal(1, Watch(Craft.IPv4(17, Craft.Udp(PortOf(Udp, Wall), payload: packet))));
        Assert.Equal(7, _sentry.Counters.Refused(Refusal.WrongPort));
        Assert.Equal(0, _sentry.Counters.Refused(Refusal.Junk));
        Assert.Equal(0, _sentry.Counters.Refused(Refusal.Copy));
    }

    [Fact]
    public void It_moves_with_the_clock_whichever_way_that_goes()
    {
        var port = PortOf(Udp, Wall);
        Assert.Equal(1, Watch(Datagram(port)));
        Assert.Equal(1, Watch(Datagram(port), seconds: 60));
        Assert.Equal(0, Watch(Datagram(port), seconds: 180));
        Assert.Equal(1, Watch(Datagram(PortOf(Udp, Wall + 180)), seconds: 180));
        _sentry.WallOffset -= 180 * Second; // the gate's clock was put right
        Assert.Equal(1, Watch(Datagram(port), seconds: 181));
        _sentry.WallOffset = -(1 << 40) * Second; // a machine without a clock
        Assert.Equal(0, Watch(Datagram(port), seconds: 181));
        Assert.Equal(1, Watch(Datagram(PortOf(Udp, 0)), seconds: 181));
    }

    [Fact]
    public void Ports_that_stand_still_do_and_one_pool_is_not_the_other()
    {
        Assert.Equal(1, Watch(Datagram(Port)));
        Assert.Equal(1, Watch(Craft.IPv4(1, Craft.Icmp(8, payload: _craft.Packet(time: ++_time)))));
        Assert.Equal(0, Watch(Datagram(PortOf(Tcp, Wall)))); // no pool of UDP has it
        Assert.Equal(0, Watch(Craft.IPv4(6, Craft.Tcp(PortOf(Udp, Wall), payload: _craft.Packet(time: ++_time)))));
        Assert.All(_sentry.Counters.Refusals(), r => Assert.Equal(0, r.Packets));
    }

    [Fact]
    public void Another_gates_clients_knock_elsewhere()
    {
        using var other = new SpaCraft(2);
        Assert.NotEqual(PortOf(Udp, Wall), Udp.PortAt(other.Outer, Wall));
    }

    [Fact]
    public void The_kernel_lets_through_the_pool_for_its_sizes_only()
    {
        var filter = (_craft.SentryOptions with { Spa = _craft.Options with { MovingPorts = [Udp, Tcp] } }).Filter();
        Assert.Equal([new(Port, Port), new(10_000, 19_999)], filter.SizedUdpPorts);
        Assert.Equal([new(TcpPort, TcpPort), new(30_000, 30_999)], filter.SizedTcpPorts);
        Assert.Empty(filter.UdpPorts);
        Assert.Empty(filter.TcpPorts);
    }
}
