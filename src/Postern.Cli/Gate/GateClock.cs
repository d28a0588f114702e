using System.Diagnostics;
using Postern.Reports;

namespace Postern.Cli.Gate;

/// <summary>The one place where the gate asks what time it is.</summary>
internal static class GateClock
{
    public static Moment Now() => new(Uptime(), DateTimeOffset.Now);

    /// <summary>Where nobody asks what time of the day it is: that takes the rules of a time zone.</summary>
    public static TimeSpan Uptime() => Stopwatch.GetElapsedTime(0);

    /// <summary>From the uptime of a packet to nanoseconds since 1970.</summary>
    public static long WallOffset() => (DateTimeOffset.UtcNow.Ticks - DateTimeOffset.UnixEpoch.Ticks - Uptime().Ticks) * TimeSpan.NanosecondsPerTick;
}
