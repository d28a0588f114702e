using Postern.Fuzz.Engine;
using Postern.Keys;
using Postern.Packets;
using Postern.Reports;
using Postern.Sentry;

namespace Postern.Fuzz.Targets;

/// <summary>Tokens in the headers of a SYN and in the data of a ping, in whole packets of either version of IP.</summary>
internal static class CountedTargets
{
    private static readonly Sentry.Sentry Watcher = new(new(1, []) { Tokens = new([new SynWatch(KeyOf(1), [new(1, 65_535)]), new IcmpWatch(KeyOf(2)) { IsBound = true }], 1) })
    {
        WallOffset = 1_700_000_000_000_000_000,
    };

    public static void Packet(ReadOnlySpan<byte> input)
    {
        var packet = input.ToArray();
        Spent.Begin();
        var reports = Watcher.Watch(new() { Bytes = packet, Link = LinkType.Raw, Time = 0 });
        Spent.End();
        Span<byte> message = stackalloc byte[Report.SizeOf(ReportKind.Token)];
        foreach (var report in reports)
        {
            report.Write(message);
            Oracle.That(Report.TryRead(message, out var read) && read.Kind == ReportKind.Token && read.Door == (read.TcpPort == 0 ? 1 : 0), "a report that the warden would not take");
        }
    }

    private static TokenSecret KeyOf(byte first) => TokenSecret.From([first, .. new byte[31]]);
}
