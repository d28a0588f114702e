using System.Collections.Immutable;
using Postern.Packets;

namespace Postern.Sentry;

/// <summary>What became of every packet that reached the sentry. Written by the sentry's thread alone; whoever reads sees a number that was true a moment ago.</summary>
public sealed class SentryCounters
{
    private readonly long[] _byFault = new long[Enum.GetValues<PacketFault>().Length];
    private long _reports;

    /// <summary>Packets that could be read.</summary>
    public long Read => Volatile.Read(ref _byFault[(int)PacketFault.None]);

    public long Reports => Volatile.Read(ref _reports);

    /// <summary>Packets that were dropped because of what they are.</summary>
    public long Dropped(PacketFault fault) => Volatile.Read(ref _byFault[(int)fault]);

    public ImmutableArray<(PacketFault Fault, long Packets)> Faults() =>
        [.. Enum.GetValues<PacketFault>().Where(f => f != PacketFault.None).Select(f => (f, Dropped(f)))];

    internal void Count(PacketFault fault) => Volatile.Write(ref _byFault[(int)fault], _byFault[(int)fault] + 1);

    internal void CountReport() => Volatile.Write(ref _reports, _reports + 1);
}
