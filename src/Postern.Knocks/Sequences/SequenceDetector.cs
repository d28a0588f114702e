using System.Collections.Immutable;
using System.Numerics;
using Postern.Knocks.Tracing;
using Postern.Packets;
using Postern.Reports.Watching;

namespace Postern.Knocks.Sequences;

/// <summary>
/// Watches packets for knock sequences. A function of (packet, now) and of what it remembers, which is bounded.
/// <para>
/// Each attempt (one source at one door) is one time per step. With <see cref="StepOrder.Any"/> it is when the step was last made; the
/// door opens when all are recent enough. With <see cref="StepOrder.Strict"/> it is the latest time at which a run of steps that has
/// come this far can have begun; the door opens when the run that reaches the last step began recently enough. Both ways a duplicate
/// changes nothing for the worse, trying again needs no pause, and every source and every door is on its own. Only the doors of
/// <see cref="KnockSequence.Alone"/> are otherwise: see <see cref="LoneAttempts"/>.
/// </para>
/// </summary>
public sealed class SequenceDetector
{
    /// <summary>The most steps that a sequence may have: one bit each.</summary>
    public const int MaxSteps = 32;

    /// <summary>The most steps of one sequence that may overlap others of it: as many packets are remembered to tell a repeat from a duplicate.</summary>
    public const int MaxOverlappingSteps = 8;

    /// <summary>The most pairs of flags and destinations that doors of <see cref="KnockSequence.Alone"/> may have.</summary>
    public const int MaxManners = LoneAttempts.MaxCompanies;

    public const int DefaultTableBytes = 8 << 20;

    private readonly DoorPlan[] _doors;
    private readonly StepIndex _index;
    private readonly AttemptTable _attempts;
    private readonly TrapPorts _traps;
    private readonly TcpFlagCondition[] _conditions;
    private readonly LoneAttempts? _lone;
    private readonly SequenceTracer _tracer;
    private readonly int[] _opened;

    public SequenceDetector(ImmutableArray<KnockSequence> doors, TrapPorts traps, int tableBytes = DefaultTableBytes)
    {
        _doors = [.. doors.Select(door => new DoorPlan(door))];
        _index = new(doors);
        _traps = traps;
        _conditions = [.. doors.Select(d => d.TcpFlags).Distinct()];
        _opened = new int[doors.Length];
        _attempts = new(
            doors.IsEmpty ? 0 : tableBytes,
            stepsPerRow: Math.Max(_doors.Any(d => d.Alone) ? LoneAttempts.TimesPerRow : 1, _doors.Where(d => !d.Alone).Select(d => d.Steps).DefaultIfEmpty().Max()),
            marksPerRow: _doors.Any(d => d.Overlapping != 0) ? MaxOverlappingSteps : 0);
        _lone = _doors.Any(d => d.Alone) ? new(_attempts, _doors) : null;
        _tracer = new(_doors, _attempts, _lone);
    }

    /// <summary>Attempts that can be remembered at once; it never changes.</summary>
    public int Capacity => _attempts.Capacity;

    /// <summary>Attempts that were pushed out by newer ones before their time.</summary>
    public long Evicted => _attempts.Evicted;

    /// <summary>Takes all the memory that it will ever need, some 8 MB; without it, it does so as strangers come. At any time.</summary>
    public void TakeMemory() => _attempts.TakeMemory();

    /// <summary>The doors whose sequence this packet completes. The answer lives until the next call.</summary>
    /// <param name="packet">A packet that was addressed to this host.</param>
    /// <param name="now">Nanoseconds; only differences matter.</param>
    public ReadOnlySpan<int> Observe(in PacketView packet, long now)
    {
        if (!KnockStep.TryFrom(packet, out var kind, out var value))
            return [];
        if (_traps.Contains(kind, value) && CountsAtSomeDoor(packet))
            Spoil(packet.Source, now);

        var opened = 0;
        var candidates = _index.Find(kind, value);
        if (IsNamed(candidates, packet))
        {
            _lone?.Begin(packet, now, AfterLastTrap(packet.Source, now));
            foreach (var candidate in candidates)
            {
                var door = _doors[candidate.Door];
                if (door.Accepts(packet) && (door.Alone ? _lone!.Advance(candidate) : Advance(door, candidate, packet, now)))
                    _opened[opened++] = candidate.Door;
            }

            _lone?.End();
        }

        return _opened.AsSpan(0, opened);
    }

    /// <summary>The same, and says what each door made of it that names the packet's port.</summary>
    public ReadOnlySpan<int> Observe(in PacketView packet, long now, ITrace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        if (!KnockStep.TryFrom(packet, out var kind, out var value))
            return [];
        if (_traps.Contains(kind, value) && CountsAtSomeDoor(packet))
            trace.Note(new(KnockMethod.Sequence, Door: -1, Finding.Trap));

        var notVoid = AfterLastTrap(packet.Source, now);
        _tracer.Look(packet, _index.Find(kind, value), now, notVoid);
        var opened = Observe(packet, now);
        _tracer.Tell(packet.Source, opened, now, notVoid, trace);
        return opened;
    }

    /// <summary>Some door would count the packet: what none counts is not there for any of them.</summary>
    private bool IsNamed(ReadOnlySpan<Candidate> candidates, in PacketView packet)
    {
        foreach (var candidate in candidates)
        {
            if (_doors[candidate.Door].Accepts(packet))
                return true;
        }

        return false;
    }

    /// <summary>Whatever a door would count as a knock counts as a trap: else a scan with those flags would meet none.</summary>
    private bool CountsAtSomeDoor(in PacketView packet)
    {
        foreach (var condition in _conditions)
        {
            if (condition.HoldsOrIsNotTcp(packet))
                return true;
        }

        return false;
    }

    private bool Advance(DoorPlan door, Candidate candidate, in PacketView packet, long now)
    {
        // A packet that can begin nothing must not take a place in the table from one that can.
        var row = door.CanBeginWith(candidate.Steps)
            ? _attempts.FindOrClaim(packet.Source, candidate.Door, now)
            : _attempts.Find(packet.Source, candidate.Door, now);
        if (row < 0 || (door.IsAmbiguous(candidate.Steps) && !_attempts.TryMark(row, packet.Distinction)))
            return false;

        var times = _attempts.Times(row)[..door.Steps];
        var oldest = Math.Max(now - door.Within, AfterLastTrap(packet.Source, now));
        var opens = door.Order == StepOrder.Any
            ? MakeInAnyOrder(times, candidate.Steps, now, oldest)
            : MakeInOrder(times, candidate.Steps, now, oldest);
        if (opens)
            _attempts.Release(row);
        else
            _attempts.Touch(row, now, now + door.Within, DoorPlan.Made(times, oldest));
        return opens;
    }

    private static bool MakeInAnyOrder(Span<long> times, uint steps, long now, long oldest)
    {
        times[DoorPlan.StepToMake(times, steps)] = now;
        return DoorPlan.Made(times, oldest) == times.Length;
    }

    /// <summary>A step that is neither due nor a duplicate undoes the attempt.</summary>
    private static bool MakeInOrder(Span<long> times, uint steps, long now, long oldest)
    {
        var inPlace = false;
        for (var left = steps; left != 0;)
        {
            // From the last step that this packet could be to the first, so that it is not counted twice where a step repeats.
            var step = BitOperations.Log2(left);
            left &= ~(1u << step);
            var begun = step == 0 ? now : times[step - 1];
            inPlace |= begun >= oldest || times[step] >= oldest;
            if (begun >= oldest)
                times[step] = Math.Max(times[step], begun);
        }

        if (!inPlace)
            times.Fill(AttemptTable.Never);
        return times[^1] >= oldest;
    }

    /// <summary>A trap counts as a wrong knock at every door: what this source did before it is void.</summary>
    private void Spoil(UInt128 source, long now)
    {
        var row = _attempts.FindOrClaim(source, TrapPorts.Door, now);
        _attempts.Times(row)[0] = now;
        _attempts.Touch(row, now, now + _traps.Memory, progress: 2);
    }

    /// <summary>The first moment that is not void for this source.</summary>
    private long AfterLastTrap(UInt128 source, long now) =>
        _traps.Any && _attempts.Find(source, TrapPorts.Door, now) is >= 0 and var row ? _attempts.Times(row)[0] + 1 : AttemptTable.Never + 1;
}
