using System.Globalization;

namespace Postern.Cli.CommandLine;

/// <summary>A measured time for people to read, to three figures or fewer: <c>4.2 ms</c>, <c>1.21 s</c>, <c>15 s</c>.</summary>
internal static class TimeText
{
    public static string Of(TimeSpan time) => time switch
    {
        _ when time < TimeSpan.FromMilliseconds(9.95) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.#} ms"),
        _ when time < TimeSpan.FromMilliseconds(999.5) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms"),
        _ when time < TimeSpan.FromSeconds(9.995) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.##} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s"),
    };
}
