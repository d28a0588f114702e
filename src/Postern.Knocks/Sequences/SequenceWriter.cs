using System.Collections.Immutable;

namespace Postern.Knocks.Sequences;

/// <summary>One packet that a client sends: what it is, the port or the echo size chosen for it, and how long to wait after the packet before it.</summary>
public readonly record struct KnockPacket(StepKind Kind, ushort Value, TimeSpan Wait)
{
    /// <summary><c>tcp/7000</c>, <c>udp/8004</c>, <c>icmp/120</c>: as the step that asks for exactly this packet.</summary>
    public override string ToString() => new KnockStep(Kind, Value, Value).ToString();
}

/// <summary>Turns a sequence into the packets that fulfil it: the other side of the tracker that reads them.</summary>
public static class SequenceWriter
{
    /// <summary>What <c>ping</c> sends when it is not told a size, so that <c>icmp</c> looks like any other ping.</summary>
    private const ushort UsualEchoSize = 56;

    /// <summary>The packets of one knock, in the order of its steps.</summary>
    /// <param name="steps">The sequence as the gate knows it.</param>
    /// <param name="gap">From one packet to the next.</param>
    /// <param name="choose">Picks a number from 0 to one less than its argument: which port of a run is knocked at.</param>
    public static ImmutableArray<KnockPacket> Write(ReadOnlySpan<KnockStep> steps, TimeSpan gap, Func<int, int> choose)
    {
        ArgumentNullException.ThrowIfNull(choose);
        var packets = ImmutableArray.CreateBuilder<KnockPacket>(steps.Length);
        foreach (var step in steps)
            packets.Add(new(step.Kind, ValueFor(step, choose), packets.Count == 0 ? TimeSpan.Zero : gap));
        return packets.MoveToImmutable();
    }

    /// <summary>From the first packet to the last.</summary>
    public static TimeSpan Duration(int steps, TimeSpan gap) => gap * Math.Max(0, steps - 1);

    private static ushort ValueFor(KnockStep step, Func<int, int> choose) => step.Kind == StepKind.Echo
        ? Math.Clamp(UsualEchoSize, step.First, step.Last)
        : (ushort)(step.First + (step.Width == 1 ? 0 : choose(step.Width)));
}
