using System.Collections.Immutable;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Postern.Cli.CommandLine;
using Postern.Cli.Gate.Household;
using Postern.Confinement;
using Postern.Knocks.Stacks;
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
        _ = (StackSignatures.All, Itself.Build);
        if (SentryEquipment.Await() is not { } equipment || ReadOrders(equipment.Orders) is not { } orders)
            return ExitCode.Usage;
        using var reports = Channel.Adopt(equipment.Reports);
        reports.SendOnly();
        using var page = SharedPage.Adopt(equipment.Watched, WatchPage.Size);
        using var source = Open(orders, equipment.Capture);
        var trace = new SightingTrace(page.Memory, orders.Options.Generation);
        var sentry = new Sentry.Sentry(orders.Options, trace: trace);
        if (orders.Options is not { Fwknop: null, Tokens: null })
            RandomNumberGenerator.Fill(stackalloc byte[1]); // OpenSSL: the first use loads it
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
        private static readonly long Beat = RunningSentry.Beat.Ticks * TimeSpan.NanosecondsPerTick;

        /// <summary>Packets that are looked at, at most, before a report goes out that came of one.</summary>
        private const int MostBehind = 16;

        private readonly byte[] _message = new byte[Report.SignedSize];
        private readonly byte[] _together = new byte[Report.Size * Report.MostTogether];
        private int _count;
        private int _behind;
        private long _unsent;

        public void Walk()
        {
            GiveSignOfLife(); // it stands: what came meanwhile waits in the ring
            var next = Uptime() + Beat;
            var hasItsMemory = false;
            while (!reports.IsCutOff)
            {
                sentry.WallOffset = GateClock.WallOffset();
                while (TryRead(out var packet, next))
                {
                    foreach (ref readonly var report in sentry.Watch(packet))
                        Tell(report);
                    foreach (ref readonly var sighting in trace.Take())
                        Tell(sighting);
                    if (_count > 0 && (++_behind == MostBehind || !source.HasMore))
                        SendTogether();
                }

                GiveSignOfLife();
                next = Uptime() + Beat;
                if (!hasItsMemory)
                    sentry.TakeMemory(); // not while the gate starts, and two processors have three processes to serve
                hasItsMemory = true;
            }
        }

        /// <summary>Reports wait for packets that are there, and no longer: what the ring has more of may be of an interface that is none of ours.</summary>
        private bool TryRead(out CapturedPacket packet, long deadline)
        {
            if (_count > 0)
            {
                if (source.TryRead(out packet, Math.Min(deadline, Uptime() + TimeSpan.NanosecondsPerTick * TimeSpan.TicksPerMillisecond)))
                    return true;
                SendTogether();
            }

            return source.TryRead(out packet, deadline);
        }

        /// <summary>
        /// Sequences that were completed by packets which came together go out together: each message may take the processor from us, for one who then finds that there is more.
        /// </summary>
        private void Tell(in Report report)
        {
            if (report.Kind == ReportKind.SequenceCompleted)
            {
                if (_count == Report.MostTogether)
                    SendTogether();
                report.Write(_together.AsSpan(_count++ * Report.Size));
                return;
            }

            SendTogether(); // first what came first
            report.Write(_message);
            if (!reports.TrySend(_message.AsSpan(0, Report.SizeOf(report.Kind))))
                _unsent++;
        }

        private void SendTogether()
        {
            if (_count > 0 && !reports.TrySend(_together.AsSpan(0, _count * Report.Size)))
                _unsent += _count;
            (_count, _behind) = (0, 0);
        }

        /// <summary>Whoever watches may miss some.</summary>
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
