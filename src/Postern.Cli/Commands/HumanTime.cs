using System.Globalization;

namespace Postern.Cli.Commands;

/// <summary>A stretch of time as a person says it: the two largest units and no more.</summary>
internal static class HumanTime
{
    public static string Of(TimeSpan time)
    {
        var text = time switch
        {
            { TotalSeconds: < 10 } => $"{Math.Max(0, time.TotalSeconds).ToString("0.0", CultureInfo.InvariantCulture)}s",
            { TotalMinutes: < 1 } => $"{time.Seconds}s",
            { TotalHours: < 1 } => $"{time.Minutes}m {time.Seconds}s",
            { TotalDays: < 1 } => $"{time.Hours}h {time.Minutes}m",
            _ => string.Create(CultureInfo.InvariantCulture, $"{time.Days}d {time.Hours}h"),
        };
        return text;
    }
}
