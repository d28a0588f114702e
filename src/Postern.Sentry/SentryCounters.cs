using System.Collections.Immutable;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Sentry;

/// <summary>What became of every packet that reached the sentry. Written by the sentry's thread alone; whoever reads sees a number that was true a moment ago.</summary>
public sealed class SentryCounters
{
    private readonly long[] _byFault = new long[Enum.GetValues<PacketFault>().Length];
    private readonly long[] _byRefusal = new long[Enum.GetValues<Refusal>().Length];
    private long _reports;

    /// <summary>Packets that could be read.</summary>
    public long Read => Volatile.Read(ref _byFault[(int)PacketFault.None]);

    public long Reports => Volatile.Read(ref _reports);

    /// <summary>Packets that were dropped because of what they are.</summary>
    public long Dropped(PacketFault fault) => Volatile.Read(ref _byFault[(int)fault]);

    public ImmutableArray<(PacketFault Fault, long Packets)> Faults() =>
        [.. Enum.GetValues<PacketFault>().Where(f => f != PacketFault.None).Select(f => (f, Dropped(f)))];

    /// <summary>Packets that came where SPA packets come, and were refused for this; and none for what only the warden refuses for.</summary>
    public long Refused(Refusal refusal) => Volatile.Read(ref _byRefusal[(int)refusal]);

    /// <summary>All for which the sentry can refuse an SPA packet, in the order in which it looks.</summary>
    public ImmutableArray<(Refusal Refusal, long Packets)> Refusals() => [.. SpaRefusals.Select(r => (r, Refused(r)))];

    private static readonly ImmutableArray<Refusal> SpaRefusals =
        [Refusal.WrongSize, Refusal.Copy, Refusal.Junk, Refusal.OverBudget, Refusal.NotSealedToUs, Refusal.UnknownVersion, Refusal.BadRequest];

    internal void Count(Refusal refusal) => Volatile.Write(ref _byRefusal[(int)refusal], _byRefusal[(int)refusal] + 1);

    internal void Count(PacketFault fault) => Volatile.Write(ref _byFault[(int)fault], _byFault[(int)fault] + 1);

    internal void CountReport() => Volatile.Write(ref _reports, _reports + 1);
}
