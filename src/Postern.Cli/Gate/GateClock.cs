using System.Diagnostics;
using Postern.Reports;

namespace Postern.Cli.Gate;

/// <summary>The one place where the gate asks what time it is.</summary>
internal static class GateClock
{
    public static Moment Now() => new(Stopwatch.GetElapsedTime(0), DateTimeOffset.Now);

    /// <summary>From the uptime of a packet to nanoseconds since 1970.</summary>
    public static long WallOffset() => (DateTimeOffset.UtcNow.Ticks - DateTimeOffset.UnixEpoch.Ticks - Stopwatch.GetElapsedTime(0).Ticks) * TimeSpan.NanosecondsPerTick;
}
