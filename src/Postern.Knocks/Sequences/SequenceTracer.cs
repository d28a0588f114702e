using Postern.Knocks.Tracing;
using Postern.Packets;
using Postern.Reports.Watching;

namespace Postern.Knocks.Sequences;

/// <summary>
/// Says what a packet did to the attempts of its source, by how they stood before it and stand after it. The detector knows nothing of it, so that whatever is
/// told of a packet cannot change what becomes of it.
/// </summary>
internal sealed class SequenceTracer(DoorPlan[] doors, AttemptTable attempts, LoneAttempts? lone)
{
    /// <summary>What is longer ago belongs to another try, and made nobody late. Nanoseconds.</summary>
    private const long OneTry = 600L * 1_000_000_000;

    private readonly List<Before> _before = [];

    /// <param name="Candidate">The door, and which of its steps the packet could be; none: it ends an attempt there, if anything.</param>
    /// <param name="Objection">Why the door does not count the packet.</param>
    /// <param name="Made">Steps that counted before.</param>
    /// <param name="Late">How long ago the first of those is that count no more since the last packet; 0: none.</param>
    private readonly record struct Before(Candidate Candidate, Finding Objection, int Made, long Late);

    /// <param name="packet">What is about to be looked at.</param>
    /// <param name="candidates">The doors that name its port.</param>
    /// <param name="now">Nanoseconds.</param>
    /// <param name="notVoid">The first moment that no trap has made void.</param>
    public void Look(in PacketView packet, ReadOnlySpan<Candidate> candidates, long now, long notVoid)
    {
        _before.Clear();
        var counts = false;
        foreach (var candidate in candidates)
        {
            var objection = doors[candidate.Door].Objection(packet);
            counts |= objection == Finding.None;
            var (made, late) = objection == Finding.None ? Stand(packet.Source, candidate.Door, now, notVoid) : default;
            _before.Add(new(candidate, objection, made, late));
        }

        if (counts && lone is not null)
            LookAtOthers(packet.Source, candidates, now, notVoid);
    }

    /// <summary>A packet that some door names ends the attempts of those that are alone, whether or not they name it.</summary>
    private void LookAtOthers(UInt128 source, ReadOnlySpan<Candidate> candidates, long now, long notVoid)
    {
        for (var door = 0; door < doors.Length; door++)
        {
            if (!doors[door].Alone || IsAmong(candidates, door) || Stand(source, door, now, notVoid) is not (> 0 and var made, _))
                continue;
            _before.Add(new(new(door, Steps: 0), Finding.None, made, Late: 0));
        }
    }

    /// <param name="source">Of the packet, which has been looked at meanwhile.</param>
    /// <param name="opened">The doors that it completed.</param>
    /// <param name="now">Nanoseconds.</param>
    /// <param name="notVoid">As above.</param>
    /// <param name="trace">Who is told.</param>
    public void Tell(UInt128 source, ReadOnlySpan<int> opened, long now, long notVoid, ITrace trace)
    {
        foreach (ref readonly var before in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_before))
        {
            var door = before.Candidate.Door;
            var after = before.Objection != Finding.None ? 0 : opened.Contains(door) ? doors[door].Steps : Stand(source, door, now, notVoid).Made;
            var finding = before.Objection != Finding.None ? before.Objection : opened.Contains(door) ? Finding.Completed : FindingOf(before, after);
            if (finding == Finding.None)
                continue;
            trace.Note(new(KnockMethod.Sequence, door, finding)
            {
                Made = (byte)(finding == Finding.OutOfTurn ? before.Made : after),
                Of = (byte)doors[door].Steps,
                Late = finding == Finding.TooLate ? before.Late : 0,
            });
        }
    }

    private static Finding FindingOf(in Before before, int after) =>
        before.Candidate.Steps == 0 ? after == 0 ? Finding.OutOfTurn : Finding.None
        : before.Late > 0 ? Finding.TooLate
        : after > before.Made ? Finding.Step
        : after > 0 ? Finding.Again
        : before.Made > 0 ? Finding.OutOfTurn
        : Finding.NotBegun;

    /// <summary>How many steps count now, and how long ago the first is that counted when the attempt was touched last and does no more.</summary>
    private (int Made, long Late) Stand(UInt128 source, int door, long now, long notVoid)
    {
        var plan = doors[door];
        var oldest = Math.Max(now - plan.Within, notVoid);
        if (plan.Alone)
            return lone!.Standing(source, door) is { Made: > 0 } standing ? standing.Begun >= oldest ? (standing.Made, 0) : (0, LateBy(standing.Begun, now, notVoid)) : default;
        if (attempts.FindPast(source, door) is not (>= 0 and var row))
            return default;

        var times = attempts.Times(row)[..plan.Steps];
        var countedFrom = Math.Max(attempts.TouchedAt(row) - plan.Within, notVoid);
        var late = 0L;
        foreach (var time in times)
        {
            if (time < oldest && time >= countedFrom)
                late = Math.Max(late, LateBy(time, now, notVoid));
        }

        return (DoorPlan.Made(times, oldest), late);
    }

    private static long LateBy(long time, long now, long notVoid) => time >= notVoid && now - time <= OneTry ? now - time : 0;

    private static bool IsAmong(ReadOnlySpan<Candidate> candidates, int door)
    {
        foreach (var candidate in candidates)
        {
            if (candidate.Door == door)
                return true;
        }

        return false;
    }
}
