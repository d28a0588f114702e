using System.Collections.Immutable;
using System.Numerics;
using Postern.Packets;
using Postern.Reports.Watching;

namespace Postern.Knocks.Sequences;

/// <summary>What the detector needs of one sequence, worked out once.</summary>
internal sealed class DoorPlan
{
    private readonly IpFamily _family;
    private readonly ImmutableArray<UInt128> _to;

    public DoorPlan(KnockSequence door)
    {
        var steps = door.Steps;
        ArgumentOutOfRangeException.ThrowIfZero(steps.Length, nameof(door));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps.Length, SequenceDetector.MaxSteps, nameof(door));
        ArgumentOutOfRangeException.ThrowIfLessThan(door.Within, TimeSpan.Zero, nameof(door));
        if (door.FirstAmbiguity() is var (one, other))
            throw new ArgumentException($"in any order, {one} and {other} must be equal or apart", nameof(door));
        Steps = steps.Length;
        Order = door.Order;
        TcpFlags = door.TcpFlags;
        Within = door.Within.Ticks * TimeSpan.NanosecondsPerTick;
        Alone = door.Alone;
        if (Alone && Order == StepOrder.Any)
            throw new ArgumentException("in any order nothing is out of turn", nameof(door));
        _family = door.Family;
        _to = [.. door.To.Select(a => a.Value).Order()];
        Overlapping = Alone ? 0 : OverlapOf(steps); // there a duplicate is a wrong packet, and nothing need tell it from a repeat
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BitOperations.PopCount(Overlapping), SequenceDetector.MaxOverlappingSteps, nameof(door));
    }

    public int Steps { get; }

    public StepOrder Order { get; }

    public TcpFlagCondition TcpFlags { get; }

    /// <summary>Nanoseconds.</summary>
    public long Within { get; }

    public bool Alone { get; }

    public ReadOnlySpan<UInt128> To => _to.AsSpan();

    /// <summary>The steps that share a packet with another step of this door.</summary>
    public uint Overlapping { get; }

    /// <summary>Whether a packet to one of its ports is anything to this door.</summary>
    public bool Accepts(in PacketView packet) => TcpFlags.HoldsOrIsNotTcp(packet) && IsForDestination(packet.Destination) && IsOfFamily(packet.Source);

    /// <summary>Why such a packet is nothing to this door; none: it counts.</summary>
    public Finding Objection(in PacketView packet) =>
        Accepts(packet) ? Finding.None
        : !TcpFlags.HoldsOrIsNotTcp(packet) ? Finding.WrongFlags
        : !IsForDestination(packet.Destination) ? Finding.WrongDestination
        : Finding.WrongFamily;

    public bool IsForDestination(UInt128 destination) => _to.IsEmpty || _to.Contains(destination);

    private bool IsOfFamily(UInt128 source) => _family == IpFamily.Both || (source >> 32 == 0xffff) == (_family == IpFamily.V4);

    public bool CanBeginWith(uint steps) => Order == StepOrder.Any || (steps & 1) != 0;

    public bool IsAmbiguous(uint steps) => (steps & Overlapping) != 0;

    /// <summary>How many steps have been made since <paramref name="oldest"/>.</summary>
    public static int Made(ReadOnlySpan<long> times, long oldest)
    {
        var made = 0;
        foreach (var time in times)
            made += time >= oldest ? 1 : 0;
        return made;
    }

    /// <summary>
    /// Of the steps that the packet could be, the one made longest ago. Steps of a door that is open to any order are equal or apart
    /// (<see cref="KnockSequence.FirstAmbiguity"/>), so the ones that match are interchangeable and keep their latest packets.
    /// </summary>
    public static int StepToMake(ReadOnlySpan<long> times, uint steps)
    {
        var chosen = BitOperations.Log2(steps);
        for (var left = steps; left != 0; left &= left - 1)
        {
            var step = BitOperations.TrailingZeroCount(left);
            if (times[step] < times[chosen])
                chosen = step;
        }

        return chosen;
    }

    private static uint OverlapOf(ImmutableArray<KnockStep> steps)
    {
        var overlapping = 0u;
        for (var i = 0; i < steps.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (steps[i].Overlaps(steps[j]))
                    overlapping |= (1u << i) | (1u << j);
            }
        }

        return overlapping;
    }
}
