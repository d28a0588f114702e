using System.Globalization;

namespace Postern.Cli.CommandLine;

/// <summary>Times as people write them: <c>20ms</c>, <c>15s</c>, <c>10m</c>, <c>2h</c>. The unit must be there: a bare number is somebody's guess.</summary>
internal static class Duration
{
    private static readonly (string Unit, TimeSpan Time)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1)),
    ];

    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public static bool TryParse(string text, out TimeSpan time)
    {
        time = default;
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        var unit = Array.Find(Units, u => u.Unit.Equals(text[digits..], StringComparison.Ordinal));
        if (unit.Unit is null || !int.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return false;
        if (count > Longest / unit.Time)
            return false;
        time = unit.Time * count;
        return true;
    }

    /// <summary>For people to read, to three figures or fewer: <c>4 ms</c>, <c>1.21 s</c>, <c>15 s</c>.</summary>
    public static string Write(TimeSpan time) => time switch
    {
        _ when time < TimeSpan.FromMilliseconds(9.95) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.#} ms"),
        _ when time < TimeSpan.FromMilliseconds(999.5) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms"),
        _ when time < TimeSpan.FromSeconds(9.995) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.##} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s"),
    };
}
