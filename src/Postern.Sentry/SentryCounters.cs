using System.Collections.Immutable;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Sentry;

/// <summary>
/// What became of every packet that reached the sentry. Written by the sentry's thread alone; whoever reads sees a number that was true a moment
/// ago. As numbers it crosses to the warden (<see cref="Tally"/>), where those of the sentries that were before are added.
/// <code>
///  0 reports · 1 attempts evicted · 2 dropped by the ring · 3 reports that found no room · 4 times that the ring was full · 5 greatest lag since the last sign of life · 6 greatest lag of all · 7 lines of a log that are not the kernel's · 8 to 23 by fault (0: none) · 24 to 31 by refusal, in the order of Refusals · 32 to 39 by refusal, in the order of FwknopRefusals · 40 to 47 by refusal, in the order of TokenRefusals
/// </code>
/// </summary>
public sealed class SentryCounters
{
    private const int ReportsAt = 0;
    private const int EvictedAt = 1;
    private const int DroppedAt = 2;
    private const int UnsentAt = 3;
    private const int TimesFullAt = 4;
    private const int LagAt = 5;
    private const int GreatestLagAt = 6;
    private const int ForgedLinesAt = 7;
    private const int FaultsAt = 8;
    private const int RefusalsAt = FaultsAt + 16;
    private const int FwknopRefusalsAt = RefusalsAt + 8;
    private const int TokenRefusalsAt = FwknopRefusalsAt + 8;

    private static readonly ImmutableArray<Refusal> SpaRefusals =
        [Refusal.WrongSize, Refusal.WrongPort, Refusal.Copy, Refusal.Junk, Refusal.OverBudget, Refusal.NotSealedToUs, Refusal.UnknownVersion, Refusal.BadRequest];

    private static readonly ImmutableArray<Refusal> OfFwknop =
        [Refusal.WrongSize, Refusal.Junk, Refusal.GnuPg, Refusal.Copy, Refusal.AddressNotAllowed, Refusal.OverBudget, Refusal.NotSealedToUs];

    private static readonly ImmutableArray<Refusal> OfTokens =
        [Refusal.WrongStep, Refusal.TooShort, Refusal.Garbled, Refusal.OverBudget, Refusal.BadToken, Refusal.Copy];

    private static readonly ImmutableArray<PacketFault> PacketFaults = [.. Enum.GetValues<PacketFault>()];

    private readonly long[] _numbers = new long[Tally.Count];
    private long _lag;

    /// <summary>Packets that could be read.</summary>
    public long Read => Dropped(PacketFault.None);

    public long Reports => Volatile.Read(ref _numbers[ReportsAt]);

    /// <summary>Attempts that newer ones pushed out.</summary>
    public long AttemptsEvicted => Volatile.Read(ref _numbers[EvictedAt]);

    /// <summary>Lines of a log that look like packets, and that the log does not call the kernel's.</summary>
    public long ForgedLines => Volatile.Read(ref _numbers[ForgedLinesAt]);

    /// <summary>Packets that the kernel had no room for, and lines of a log that were cut.</summary>
    public long DroppedByRing => Volatile.Read(ref _numbers[DroppedAt]);

    /// <summary>Reports that the way to the warden had no room for.</summary>
    public long ReportsUnsent => Volatile.Read(ref _numbers[UnsentAt]);

    /// <summary>How often the ring was full: many packets dropped at few times are bursts, at many an overload.</summary>
    public long TimesRingFull => Volatile.Read(ref _numbers[TimesFullAt]);

    /// <summary>How late, at worst, packets were read before the last sign of life: between their arrival and us lies nothing but the ring.</summary>
    public TimeSpan Lag => TimeSpan.FromTicks(Volatile.Read(ref _numbers[LagAt]) / TimeSpan.NanosecondsPerTick);

    /// <summary>The same, since the beginning.</summary>
    public TimeSpan GreatestLag => TimeSpan.FromTicks(Volatile.Read(ref _numbers[GreatestLagAt]) / TimeSpan.NanosecondsPerTick);

    /// <summary>Packets that were dropped because of what they are.</summary>
    public long Dropped(PacketFault fault) => Volatile.Read(ref _numbers[FaultsAt + (int)fault]);

    public ImmutableArray<(PacketFault Fault, long Packets)> Faults() =>
        [.. PacketFaults.Where(f => f != PacketFault.None).Select(f => (f, Dropped(f)))];

    /// <summary>Packets that came where SPA packets come, and were refused for this; and none for what only the warden refuses for.</summary>
    public long Refused(Refusal refusal) => SpaRefusals.IndexOf(refusal) is >= 0 and var place ? Volatile.Read(ref _numbers[RefusalsAt + place]) : 0;

    /// <summary>All for which the sentry can refuse an SPA packet, in the order in which it looks.</summary>
    public ImmutableArray<(Refusal Refusal, long Packets)> Refusals() => [.. SpaRefusals.Select(r => (r, Refused(r)))];

    /// <summary>All for which the sentry can refuse a packet of fwknop, in the order in which it looks.</summary>
    public ImmutableArray<(Refusal Refusal, long Packets)> FwknopRefusals() => [.. OfFwknop.Select(r => (r, RefusedFwknop(r)))];

    public long RefusedFwknop(Refusal refusal) => OfFwknop.IndexOf(refusal) is >= 0 and var place ? Volatile.Read(ref _numbers[FwknopRefusalsAt + place]) : 0;

    /// <summary>All for which the sentry can refuse a packet that may be of a token.</summary>
    public ImmutableArray<(Refusal Refusal, long Packets)> TokenRefusals() => [.. OfTokens.Select(r => (r, RefusedToken(r)))];

    public long RefusedToken(Refusal refusal) => OfTokens.IndexOf(refusal) is >= 0 and var place ? Volatile.Read(ref _numbers[TokenRefusalsAt + place]) : 0;

    public ReadOnlySpan<long> Numbers => _numbers;

    /// <summary>Adds what another has counted, later. Of how late it was, the last word counts, and the greatest.</summary>
    public void Add(ReadOnlySpan<long> numbers)
    {
        var (lag, greatest) = (numbers[LagAt], Math.Max(_numbers[GreatestLagAt], numbers[GreatestLagAt]));
        for (var i = 0; i < _numbers.Length; i++)
            Volatile.Write(ref _numbers[i], unchecked(_numbers[i] + numbers[i]) is >= 0 and var sum ? sum : long.MaxValue); // they may be an enemy's
        Volatile.Write(ref _numbers[LagAt], lag);
        Volatile.Write(ref _numbers[GreatestLagAt], greatest);
    }

    /// <summary>What is counted elsewhere, as it stands now; and a new beginning for <see cref="Lag"/>.</summary>
    public void Note(long evicted, long droppedByRing, long unsent, long timesRingFull)
    {
        Volatile.Write(ref _numbers[EvictedAt], evicted);
        Volatile.Write(ref _numbers[DroppedAt], droppedByRing);
        Volatile.Write(ref _numbers[UnsentAt], unsent);
        Volatile.Write(ref _numbers[TimesFullAt], timesRingFull);
        Volatile.Write(ref _numbers[LagAt], _lag);
        Volatile.Write(ref _numbers[GreatestLagAt], Math.Max(_numbers[GreatestLagAt], _lag));
        _lag = 0;
    }

    internal void NoteLag(long lag) => _lag = Math.Max(_lag, lag);

    /// <summary>The same of lines of a log.</summary>
    public void NoteForgedLines(long count) => Volatile.Write(ref _numbers[ForgedLinesAt], count);

    internal void Count(Refusal refusal) => Increment(RefusalsAt + SpaRefusals.IndexOf(refusal));

    internal void CountFwknop(Refusal refusal) => Increment(FwknopRefusalsAt + OfFwknop.IndexOf(refusal));

    internal void CountToken(Refusal refusal) => Increment(TokenRefusalsAt + OfTokens.IndexOf(refusal));

    internal void Count(PacketFault fault) => Increment(FaultsAt + (int)fault);

    internal void CountReport() => Increment(ReportsAt);

    private void Increment(int place) => Volatile.Write(ref _numbers[place], _numbers[place] + 1);
}
