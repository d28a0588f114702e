using Postern.Knocks.Sequences;

namespace Postern.Knocks.Tests.Sequences;

/// <summary>Scans in the order of numbers: nmap -r, and most that people write themselves.</summary>
public sealed class TrapGapTests
{
    [Fact]
    public void Between_two_steps_of_a_sequence_there_is_always_a_trap()
    {
        var door = new KnockSequence("office", [new(StepKind.Tcp, 9000, 9000), new(StepKind.Tcp, 7000, 7000), new(StepKind.Udp, 8000, 8000), new(StepKind.Tcp, 7002, 7004), new(StepKind.Tcp, 7005, 7005)]);
        var chance = new Random(1);
        for (var i = 0; i < 1000; i++)
        {
            var traps = TrapPorts.For([door], (_, _) => false, chance.Next);
            Assert.True(traps.Contains(StepKind.Tcp, 7001));
            Assert.Contains(traps.Ports, t => t is { Kind: StepKind.Tcp, Port: > 7005 and < 9000 });
            Assert.Equal(192, traps.Ports.Length);
        }
    }

    [Fact]
    public void Many_sequences_leave_room_for_traps_elsewhere()
    {
        var doors = Enumerable.Range(0, 500).Select(i => new KnockSequence($"d{i}", [new(StepKind.Tcp, (ushort)(1000 + (i * 100)), (ushort)(1000 + (i * 100))), new(StepKind.Tcp, (ushort)(1050 + (i * 100)), (ushort)(1050 + (i * 100)))]));
        var traps = TrapPorts.For([.. doors], (_, _) => false, new Random(1).Next);
        Assert.Equal(192, traps.Ports.Length);
        Assert.Contains(traps.Ports, t => t is { Kind: StepKind.Tcp, Port: > 52_000 });
    }
}
