using Postern.Knocks.Sequences;
using static Postern.Knocks.Tests.Sequences.Knocking;

namespace Postern.Knocks.Tests.Sequences;

/// <summary>A port scan sends every packet of every sequence. It must not open a door.</summary>
public sealed class TrapTests
{
    private static readonly KnockSequence Example = Door("tcp/7000,tcp/8000,tcp/9000", StepOrder.Any);

    private static readonly TrapPorts Traps = TrapPorts.For(Doors(Example), (_, _) => false);

    [Fact]
    public void A_scan_up_or_down_opens_nothing()
    {
        var ports = Enumerable.Range(1, 65_535).ToArray();
        Assert.Equal(0, Scan(ports));
        Assert.Equal(0, Scan([.. ports.Reverse()]));
        Assert.Equal(1, Scan(ports, TrapPorts.None)); // the traps are what stops it
    }

    [Fact]
    public void A_scan_in_random_order_opens_about_once_in_a_thousand()
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
        detector.Knock(Alice, "tcp/23", 1);
        detector.Knock(Alice, "tcp/8000", 2);
        detector.Knock(Bob, "tcp/8000", 2);
        Assert.Empty(detector.Knock(Alice, "tcp/9000", 3));
        Assert.Single(detector.Knock(Bob, "tcp/9000", 3));
        Assert.Single(detector.Knock(Alice, "tcp/7000", 4));
    }

    [Fact]
    public void No_trap_lies_on_a_step_or_on_a_port_in_use()
    {
        var traps = TrapPorts.For(Doors(Door("tcp/23,tcp/3389,udp/5000-5100")), (kind, port) => kind == StepKind.Tcp && port == 445);
        Assert.False(traps.Contains(StepKind.Tcp, 23));
        Assert.False(traps.Contains(StepKind.Tcp, 3389));
        Assert.False(traps.Contains(StepKind.Tcp, 445));
        Assert.True(traps.Contains(StepKind.Udp, 445));
        Assert.False(traps.Contains(StepKind.Udp, 5051));
        Assert.True(traps.Contains(StepKind.Tcp, (23 + 3389) / 2));
        Assert.False(traps.Contains(StepKind.Echo, 23));
    }

    private static int Scan(int[] ports, TrapPorts? traps = null)
    {
        var detector = new SequenceDetector(Doors(Example), traps ?? Traps, tableBytes: 4096);
        return ports.Select((port, i) => detector.Knock(Alice, $"tcp/{port}", i / 100.0).Length).Sum();
    }
}
