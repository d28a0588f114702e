namespace Postern.Warden;

/// <summary>The clock of requests: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds.</summary>
internal static class UnixTime
{
    public const ulong Second = 1_000_000_000;

    private const ulong NanosecondsPerTick = 100;

    /// <summary>A gate whose clock stands before 1970 is at its start.</summary>
    public static ulong Of(DateTimeOffset moment) => (ulong)Math.Max(0, moment.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) * NanosecondsPerTick;

    public static ulong Of(TimeSpan length) => (ulong)length.Ticks * NanosecondsPerTick;

    /// <summary>Whatever both are: 64 bits of nanoseconds are fewer ticks than a time span holds.</summary>
    public static TimeSpan Difference(ulong time, ulong other) =>
        time >= other ? new((long)((time - other) / NanosecondsPerTick)) : -new TimeSpan((long)((other - time) / NanosecondsPerTick));
}
