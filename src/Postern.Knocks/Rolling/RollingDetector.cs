using System.Collections.Immutable;
using Postern.Keys;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Knocks.Rolling;

/// <summary>A knock whose sequence follows from a secret and the time.</summary>
/// <param name="Plan">How.</param>
/// <param name="Secret">It stays the caller's, and must live as long as the detector.</param>
/// <param name="Within">From the first to the last packet.</param>
public sealed record RollingDoor(RollingPlan Plan, TokenSecret Secret, TimeSpan Within);

/// <summary>A completed sequence: whose door, of which time step, and the address that it is bound to, if to any.</summary>
public readonly record struct RollingFound(int Door, long Step, Address Bound);

/// <summary>What became of a packet that completed nothing.</summary>
public enum RollingOutcome
{
    /// <summary>It is no knock by any of these doors.</summary>
    None,

    /// <summary>A step of some sequence.</summary>
    Step,

    /// <summary>To a port of a pool, and no step of any live sequence.</summary>
    Miss,

    /// <summary>Its source misses too much: nothing that it does counts.</summary>
    Scanning,

    /// <summary>More sources at once than sequences are made for.</summary>
    OverBudget,
}

/// <summary>
/// Watches for rolling sequences: those of the present time step, of the one before and of the one after, in any order. A function of (packet, now, clock) and of what it remembers, which is bounded.
/// <para>
/// Where a sequence is the same for everybody, ports lead to steps by a table that is made anew with each time step, so that a packet costs one look. Where it is bound to an address, a packet to
/// its pool costs three MACs, of which there are so many a second.
/// </para>
/// <para>
/// A scan of the whole pool would send every step. So a source that hits ports of a pool that are no steps has a small allowance of such misses, for decoys and for a clock that is off. Whoever
/// uses it up is not heard until it is refilled, and what he did before is void.
/// </para>
/// </summary>
public sealed class RollingDetector
{
    /// <summary>Steps before, at, and after the present one.</summary>
    public const int LiveSteps = 3;

    /// <summary>Twenty decoys in each of three rounds, and a few more.</summary>
    public const int MissesAtOnce = 64;

    public const int MissesPerSecond = 4;

    private const int TableBytes = 4 << 20;
    private const int Ports = ushort.MaxValue + 1;
    private const int DrawsPerSecond = 150_000;
    private const int DrawsAtOnce = 1_500;

    // A row has a time for each step, and behind them the number of the time step; a row of misses what is below.
    private const int StepAt = RollingPlan.MaxLength;
    private const int TimesPerRow = RollingPlan.MaxLength + 1;
    private const int MissesDoor = -1;
    private const int LevelAt = 0;
    private const int SeenAt = 1;
    private const int VoidAt = 2;
    private const long MissCost = 1_000_000_000 / MissesPerSecond;

    private readonly ImmutableArray<RollingDoor> _doors;
    private readonly int[] _bound;
    private readonly bool[] _inPool = new bool[2 * Ports];
    private readonly int[] _first = new int[2 * Ports];
    private readonly Entry[] _entries;
    private readonly AttemptTable _attempts;
    private readonly WorkBudget _draws = new(DrawsPerSecond, DrawsAtOnce);
    private readonly RollingFound[] _found;
    private readonly long _longestWithin;
    private int _entryCount;
    private long _from = long.MaxValue;
    private long _until;

    /// <summary>A packet to this port may be this step of this door's sequence of this time step.</summary>
    private record struct Entry(int Key, int Door, long Step, int Place, int Length, int Next);

    public RollingDetector(ImmutableArray<RollingDoor> doors, int tableBytes = TableBytes)
    {
        _doors = doors;
        _bound = [.. doors.Index().Where(d => d.Item.Plan.IsBound).Select(d => d.Index)];
        _entries = new Entry[(doors.Length * LiveSteps * RollingPlan.MaxLength) + 1];
        _found = new RollingFound[doors.Length * LiveSteps]; // one port may be the last step of each
        _attempts = new(tableBytes, TimesPerRow, marksPerRow: 0);
        _longestWithin = doors.Max(d => d.Within).Ticks * TimeSpan.NanosecondsPerTick;
        foreach (var run in doors.SelectMany(d => d.Plan.Pool))
            _inPool.AsSpan(KeyOf(run.Kind, run.First), run.Width).Fill(true);
        Renew(0); // loads what a MAC needs, before the first packet
    }

    public long Evicted => _attempts.Evicted;

    /// <summary>The sequences that this packet completes. The answer lives until the next call.</summary>
    /// <param name="packet">A packet that was addressed to this host.</param>
    /// <param name="now">Nanoseconds; only differences matter.</param>
    /// <param name="seconds">Since 1970, by the gate's clock.</param>
    /// <param name="outcome">Where it completes none, why.</param>
    public ReadOnlySpan<RollingFound> Observe(in PacketView packet, long now, long seconds, out RollingOutcome outcome)
    {
        outcome = RollingOutcome.None;
        if (!KnockStep.TryFrom(packet, out var kind, out var port) || kind == StepKind.Echo || !_inPool[KeyOf(kind, port)] || !TcpFlagCondition.Connect.HoldsOrIsNotTcp(packet))
            return [];
        if (seconds < _from || seconds >= _until)
            Renew(seconds);
        var since = SinceWhen(packet.Source, now);
        if (since > now)
        {
            outcome = RollingOutcome.Scanning;
            return [];
        }

        var found = 0;
        outcome = RollingOutcome.Miss;
        for (var at = _first[KeyOf(kind, port)]; at != 0; at = _entries[at].Next)
        {
            ref readonly var entry = ref _entries[at];
            outcome = RollingOutcome.Step;
            if (Make(packet.Source, entry.Door, entry.Step, entry.Place, entry.Length, now, since))
                _found[found++] = new(entry.Door, entry.Step, Address.None);
        }

        foreach (var door in _bound)
            found = MakeBound(packet, door, new(kind, port, port), now, since, seconds, found, ref outcome);
        if (outcome == RollingOutcome.Miss)
            NoteMiss(packet.Source, now);
        return _found.AsSpan(0, found);
    }

    private static int KeyOf(StepKind kind, ushort port) => (kind == StepKind.Udp ? Ports : 0) + port;

    /// <summary>Until the clock leaves the present step of any door, either way.</summary>
    private void Renew(long seconds)
    {
        for (var i = 1; i <= _entryCount; i++)
            _first[_entries[i].Key] = 0;
        (_entryCount, _from, _until) = (0, 0, long.MaxValue);
        Span<KnockStep> steps = stackalloc KnockStep[RollingPlan.MaxLength];
        foreach (var (door, (plan, secret, _)) in _doors.Index())
        {
            var present = plan.StepAt(seconds);
            (_from, _until) = (Math.Max(_from, plan.BeginOf(present)), Math.Min(_until, plan.BeginOf(present + 1)));
            for (var step = Math.Max(0, present - 1); !plan.IsBound && step <= present + 1; step++)
            {
                var length = plan.Draw(secret, step, Address.None, steps);
                for (var place = 0; place < length; place++)
                    Add(steps[place], door, step, place, length);
            }
        }
    }

    private void Add(KnockStep step, int door, long number, int place, int length)
    {
        var key = KeyOf(step.Kind, step.First);
        _entries[++_entryCount] = new(key, door, number, place, length, _first[key]);
        _first[key] = _entryCount;
    }

    private int MakeBound(in PacketView packet, int door, KnockStep port, long now, long since, long seconds, int found, ref RollingOutcome outcome)
    {
        var (plan, secret, _) = _doors[door];
        if (!plan.Holds(port.Kind, port.First))
            return found;
        if (!_draws.TrySpend(now, LiveSteps))
        {
            outcome = outcome == RollingOutcome.Miss ? RollingOutcome.OverBudget : outcome;
            return found;
        }

        Span<KnockStep> steps = stackalloc KnockStep[RollingPlan.MaxLength];
        var (present, address, isFound) = (plan.StepAt(seconds), new Address(packet.Source), false);
        for (var step = Math.Max(0, present - 1); step <= present + 1; step++)
        {
            var length = plan.Draw(secret, step, address, steps);
            var place = steps[..length].IndexOf(port);
            if (place < 0)
                continue;
            outcome = RollingOutcome.Step;
            if (!Make(packet.Source, door, step, place, length, now, since) || isFound)
                continue;
            isFound = true;
            _found[found++] = new(door, step, address);
        }

        return found;
    }

    /// <summary>Whether it is the last that was missing.</summary>
    private bool Make(UInt128 source, int door, long step, int place, int length, long now, long since)
    {
        var row = _attempts.FindOrClaim(source, (door * (LiveSteps + 1)) + (int)(step % (LiveSteps + 1)), now);
        var times = _attempts.Times(row);
        if (times[StepAt] != step)
        {
            times.Fill(AttemptTable.Never); // of a time step that is long over
            times[StepAt] = step;
        }

        var within = _doors[door].Within.Ticks * TimeSpan.NanosecondsPerTick;
        times[place] = now;
        var (made, oldest) = (0, Math.Max(now - within, since));
        foreach (var time in times[..length])
            made += time >= oldest ? 1 : 0;
        if (made == length)
            _attempts.Release(row);
        else
            _attempts.Touch(row, now, now + within, made);
        return made == length;
    }

    /// <summary>From when on what this source does counts; beyond now, while it has used up its misses.</summary>
    private long SinceWhen(UInt128 source, long now)
    {
        var row = _attempts.Find(source, MissesDoor, now);
        if (row < 0)
            return AttemptTable.Never + 1;
        var times = _attempts.Times(row);
        if (times[VoidAt] == AttemptTable.Never)
            return AttemptTable.Never + 1;
        return LevelOf(times, now) > (MissesAtOnce - 1) * MissCost ? long.MaxValue : times[VoidAt] + 1;
    }

    /// <summary>What is not forgiven yet: each miss costs a quarter of a second.</summary>
    private static long LevelOf(ReadOnlySpan<long> times, long now) => times[SeenAt] == AttemptTable.Never ? 0 : Math.Max(0, times[LevelAt] - (now - times[SeenAt]));

    private void NoteMiss(UInt128 source, long now)
    {
        var row = _attempts.FindOrClaim(source, MissesDoor, now);
        var times = _attempts.Times(row);
        var level = Math.Min(LevelOf(times, now) + MissCost, MissesAtOnce * MissCost);
        (times[LevelAt], times[SeenAt]) = (level, now);
        if (level > (MissesAtOnce - 1) * MissCost)
            times[VoidAt] = now;
        _attempts.Touch(row, now, now + Math.Max(level, _longestWithin), progress: times[VoidAt] == AttemptTable.Never ? 1 : 2);
    }
}
