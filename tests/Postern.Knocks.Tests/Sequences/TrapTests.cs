using Postern.Knocks.Sequences;
using static Postern.Knocks.Tests.Sequences.Knocking;

namespace Postern.Knocks.Tests.Sequences;

/// <summary>A port scan sends every packet of every sequence. It must not open a door.</summary>
public sealed class TrapTests
{
    private static readonly KnockSequence Example = Door("tcp/7000,tcp/8000,tcp/9000", StepOrder.Any);

    private static readonly TrapPorts Traps = TrapPorts.For(Doors(Example), (_, _) => false, new Random(3).Next);

    private static readonly string Trap = $"tcp/{Traps.Ports.First(t => t.Kind == StepKind.Tcp).Port}";

    [Fact]
    public void A_scan_up_or_down_opens_nothing()
    {
        var ports = Enumerable.Range(1, 65_535).ToArray();
        Assert.Equal(0, Scan(ports));
        Assert.Equal(0, Scan([.. ports.Reverse()]));
        Assert.Equal(1, Scan(ports, TrapPorts.None)); // the traps are what stops it
    }

    [Fact]
    public void A_scan_in_random_order_opens_about_once_in_sixteen_hundred()
    {
        var random = new Random(11);
        var ports = Traps.Ports.Select(t => (int)t.Port).Concat([7000, 8000, 9000]).ToArray(); // all others do nothing
        var opened = Enumerable.Range(0, 20_000).Count(_ =>
        {
            random.Shuffle(ports);
            return Scan(ports) > 0;
        });
        Assert.InRange(opened / 20_000.0, 0, 0.003);
    }

    [Fact]
    public void A_client_knocks_through_right_after_a_trap_and_others_are_not_touched()
    {
        var detector = new SequenceDetector(Doors(Example), Traps);
        detector.Knock(Alice, "tcp/7000", 0);
        detector.Knock(Bob, "tcp/7000", 0);
        detector.Knock(Alice, Trap, 1);
        detector.Knock(Alice, "tcp/8000", 2);
        detector.Knock(Bob, "tcp/8000", 2);
        Assert.Empty(detector.Knock(Alice, "tcp/9000", 3));
        Assert.Single(detector.Knock(Bob, "tcp/9000", 3));
        Assert.Single(detector.Knock(Alice, "tcp/7000", 4));
    }

    [Fact]
    public void A_scan_with_other_flags_meets_the_traps_of_doors_that_count_them()
    {
        var door = Door("tcp/7000,tcp/8000,tcp/9000", StepOrder.Any, flags: "any");
        foreach (var (traps, opened) in new[] { (Traps, 0), (TrapPorts.None, 1) })
        {
            var detector = new SequenceDetector(Doors(door), traps);
            Assert.Equal(opened, Enumerable.Range(1, 65_535).Sum(port => detector.Knock(Alice, $"tcp/{port}", port / 100.0, Packets.TcpFlags.Ack).Length));
        }
    }

    [Fact]
    public void A_scanner_who_takes_even_ports_first_and_TCP_before_UDP_opens_nothing()
    {
        var opened = 0;
        for (var seed = 0; seed < 200; seed++)
        {
            var door = Door("tcp/7000,udp/8000,tcp/9000", StepOrder.Any);
            var traps = TrapPorts.For(Doors(door), (_, _) => false, new Random(seed).Next);
            var detector = new SequenceDetector(Doors(door), traps, tableBytes: 4096);
            var order = Enumerable.Range(1, 65_535).OrderBy(p => p % 2).ThenBy(p => p % 1000 == 0 ? 1 : 0).ToArray();
            var time = 0.0;
            foreach (var step in order.Select(p => new KnockStep(StepKind.Tcp, (ushort)p, (ushort)p)).Concat(order.Select(p => new KnockStep(StepKind.Udp, (ushort)p, (ushort)p))))
                opened += detector.Observe(Packet(Alice, step, mark: 1), (long)(time += 5000)).Length;
        }

        Assert.InRange(opened, 0, 1);
    }

    [Fact]
    public void No_trap_lies_on_a_step_or_on_a_port_in_use()
    {
        var traps = TrapPorts.For(Doors(Door("tcp/1-30000,udp/5000-5100")), (kind, port) => kind == StepKind.Tcp && port > 40_000, new Random(5).Next);
        Assert.All(traps.Ports.Where(t => t.Kind == StepKind.Tcp), t => Assert.InRange(t.Port, 30_001, 40_000));
        Assert.All(traps.Ports.Where(t => t.Kind == StepKind.Udp), t => Assert.False(t.Port is >= 5000 and <= 5100));
        Assert.Equal((96, 96), (traps.Ports.Count(t => t.Kind == StepKind.Tcp), traps.Ports.Count(t => t.Kind == StepKind.Udp)));
        Assert.False(traps.Contains(StepKind.Echo, traps.Ports[0].Port));
        Assert.NotEqual(traps.Ports, TrapPorts.For(Doors(Door("tcp/1")), (_, _) => false, new Random(6).Next).Ports);
    }

    private static int Scan(int[] ports, TrapPorts? traps = null)
    {
        var detector = new SequenceDetector(Doors(Example), traps ?? Traps, tableBytes: 4096);
        return ports.Select((port, i) => detector.Knock(Alice, $"tcp/{port}", i / 100.0).Length).Sum();
    }
}
