using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Postern.Cli.CommandLine;
using Postern.Cli.Gate.Household;
using Postern.Confinement;
using Postern.Packets;
using Postern.Reports;
using Postern.Sentry;

namespace Postern.Cli.Gate.Watch;

/// <summary>
/// The sentry: reads packets, tells the warden, and can do nothing else. It has its orders from a pipe that it reads to the end, the capture sockets that
/// it reads from, and a channel that it may only send to; then it walls itself in.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class SentryProcess
{
    public const int OrdersAt = 3;
    public const int ReportsAt = 4;
    public const int CaptureAt = 5;

    /// <summary>Descriptors that the runtime holds beside ours.</summary>
    private const int OpenFiles = 256;

    public static int Run(int captureSockets)
    {
        if (ReadOrders() is not { } orders)
            return ExitCode.Usage;
        using var reports = Channel.Adopt(Descriptor.Adopt(ReportsAt));
        reports.SendOnly();
        using var source = Open(orders, captureSockets);
        var sentry = new Sentry.Sentry(orders.Options);
        Walls.ForbidDumps();
        Walls.Limit(OpenFiles, fileBytes: 0);
        Walls.Enter(SystemCallProfile.Sentry, typeof(Sentry.Sentry).Assembly, typeof(Channel).Assembly);
        new Rounds(sentry, source, reports, orders.Options.Generation).Walk();
        return ExitCode.Done;
    }

    private static SentryOrders? ReadOrders()
    {
        using var pipe = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(OrdersAt, ownsHandle: true), FileAccess.Read, bufferSize: 0);
        using var bytes = new MemoryStream();
        pipe.CopyTo(bytes);
        var read = bytes.ToArray();
        var orders = read.Length <= SentryOrders.MaxSize ? SentryOrders.Read(read, Itself.Build) : null;
        Array.Clear(bytes.GetBuffer()); // keys
        Array.Clear(read);
        return orders;
    }

    private static IPacketSource Open(SentryOrders orders, int count) => orders.Ring is { } ring
        ? PacketRing.Adopt(CaptureAt, orders.Interfaces, ring)
        : new UdpSocketSource([.. Enumerable.Range(CaptureAt, count).Select(number => new Socket(new SafeSocketHandle(number, ownsHandle: true)))]);

    /// <summary>Packet after packet, and a sign of life at even times.</summary>
    private sealed class Rounds(Sentry.Sentry sentry, IPacketSource source, Channel reports, uint generation)
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

        private void GiveSignOfLife()
        {
            sentry.Counters.Note(sentry.AttemptsEvicted, source.Dropped, _unsent);
            Tally.Write(_message, generation, sentry.Counters.Numbers);
            _ = reports.TrySend(_message.AsSpan(0, Tally.Size)); // where there is no room, the next one will do
        }

        private static long Uptime() => Stopwatch.GetElapsedTime(0).Ticks * TimeSpan.NanosecondsPerTick;
    }
}
