using System.Collections.Immutable;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Postern.Cli.CommandLine;
using Postern.Cli.Gate.Household;
using Postern.Confinement;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Watching;
using Postern.Sentry;

namespace Postern.Cli.Gate.Watch;

/// <summary>
/// The sentry: reads packets, tells the warden, and can do nothing else. It has its orders from a pipe that it reads to the end, the capture sockets that
/// it reads from, a page that says whether somebody watches, and a channel that it may only send to; then it walls itself in.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class SentryProcess
{
    /// <summary>Descriptors that the runtime holds beside ours.</summary>
    private const int OpenFiles = 256;

    public static int Run()
    {
        Walls.LoadAhead(typeof(Sentry.Sentry).Assembly, typeof(Channel).Assembly); // while nobody has told us anything yet
        if (SentryEquipment.Await() is not { } equipment || ReadOrders(equipment.Orders) is not { } orders)
            return ExitCode.Usage;
        using var reports = Channel.Adopt(equipment.Reports);
        reports.SendOnly();
        using var page = SharedPage.Adopt(equipment.Watched, WatchPage.Size);
        using var source = Open(orders, equipment.Capture);
        var trace = new SightingTrace(page.Memory, orders.Options.Generation);
        var sentry = new Sentry.Sentry(orders.Options, trace: trace);
        Turns.Shorten();
        Walls.ForbidDumps();
        Walls.Limit(OpenFiles, fileBytes: 0);
        Walls.Enter(SystemCallProfile.Sentry, typeof(Sentry.Sentry).Assembly, typeof(Channel).Assembly);
        new Rounds(sentry, trace, source, reports, orders.Options.Generation).Walk();
        return ExitCode.Done;
    }

    private static SentryOrders? ReadOrders(Descriptor orders)
    {
        using var pipe = new FileStream(new SafeFileHandle(Release(orders), ownsHandle: true), FileAccess.Read, bufferSize: 0);
        using var bytes = new MemoryStream();
        pipe.CopyTo(bytes);
        var read = bytes.ToArray();
        var understood = read.Length <= SentryOrders.MaxSize ? SentryOrders.Read(read, Itself.Build) : null;
        Array.Clear(bytes.GetBuffer()); // keys
        Array.Clear(read);
        return understood;
    }

    private static IPacketSource Open(SentryOrders orders, ImmutableArray<Descriptor> from) => orders switch
    {
        { Ring: { } ring } => PacketRing.Adopt(Release(from[0]), orders.Interfaces, ring),
        { Source: SourceKind.Lines } => new LogSource(Release(from[0]), orders.Interfaces),
        { Source: SourceKind.Copies } => new NflogSource(Release(from[0])),
        _ => new UdpSocketSource([.. from.Select(socket => new Socket(new SafeSocketHandle(Release(socket), ownsHandle: true)))]),
    };

    /// <summary>It changes hands.</summary>
    private static int Release(Descriptor descriptor)
    {
        var number = descriptor.Number;
        descriptor.SetHandleAsInvalid();
        return number;
    }

    /// <summary>Packet after packet, and a sign of life at even times.</summary>
    private sealed class Rounds(Sentry.Sentry sentry, SightingTrace trace, IPacketSource source, Channel reports, uint generation)
    {
        private readonly byte[] _message = new byte[Report.SignedSize];
        private long _unsent;

        public void Walk()
        {
            var next = Uptime();
            while (!reports.IsCutOff)
            {
                sentry.WallOffset = GateClock.WallOffset();
                while (source.TryRead(out var packet, next))
                {
                    foreach (ref readonly var report in sentry.Watch(packet))
                        Tell(report);
                    foreach (ref readonly var sighting in trace.Take())
                        Tell(sighting);
                }

                GiveSignOfLife();
                next = Uptime() + (RunningSentry.Beat.Ticks * TimeSpan.NanosecondsPerTick);
            }
        }

        private void Tell(in Report report)
        {
            report.Write(_message);
            if (!reports.TrySend(_message.AsSpan(0, Report.SizeOf(report.Kind))))
                _unsent++;
        }

        /// <summary>Whoever watches may miss some: what is to be decided goes first.</summary>
        private void Tell(in Sighting sighting)
        {
            sighting.Write(_message);
            _ = reports.TrySend(_message.AsSpan(0, Sighting.Size));
        }

        private void GiveSignOfLife()
        {
            sentry.Counters.Note(sentry.AttemptsEvicted, source.Dropped, _unsent, source.TimesFull);
            sentry.Counters.NoteForgedLines((source as LogSource)?.Forged ?? 0);
            Tally.Write(_message, generation, sentry.Counters.Numbers);
            _ = reports.TrySend(_message.AsSpan(0, Tally.Size)); // where there is no room, the next one will do
        }

        private static long Uptime() => Stopwatch.GetElapsedTime(0).Ticks * TimeSpan.NanosecondsPerTick;
    }
}
