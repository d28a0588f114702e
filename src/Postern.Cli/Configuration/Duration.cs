using System.Buffers;
using System.Globalization;

namespace Postern.Cli.Configuration;

internal enum DurationFault
{
    None,
    Malformed,
    NoUnit,
    Negative,
    Zero,
    TooLong,

    /// <summary>Finer than the 100 ns that a <see cref="TimeSpan"/> counts in.</summary>
    TooFine,
}

/// <summary>A time as people write it: <c>30s</c>, <c>10m</c>, <c>1h30m</c>, <c>500ms</c>, <c>2d</c>, <c>1.5s</c>; large units first, each once.</summary>
internal static class Duration
{
    /// <summary>Digits of one number: more than any time that fits has, few enough for exact decimal arithmetic.</summary>
    private const int MaxDigits = 16;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    private static readonly (string Unit, long Ticks)[] Units =
    [
        ("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond), ("ms", TimeSpan.TicksPerMillisecond),
    ];

    private static readonly (string Word, string Unit)[] Words =
    [
        ("milliseconds", "ms"), ("millisecond", "ms"), ("msecs", "ms"), ("msec", "ms"),
        ("seconds", "s"), ("second", "s"), ("secs", "s"), ("sec", "s"),
        ("minutes", "m"), ("minute", "m"), ("mins", "m"), ("min", "m"),
        ("hours", "h"), ("hour", "h"), ("hrs", "h"), ("hr", "h"), ("days", "d"), ("day", "d"),
    ];

    public static DurationFault Parse(ReadOnlySpan<char> text, out TimeSpan value)
    {
        value = default;
        if (text.StartsWith('-'))
            return DurationFault.Negative;
        if (text.IsEmpty)
            return DurationFault.Malformed;
        var total = 0m;
        for (var units = Units.AsSpan(); !text.IsEmpty;)
        {
            if (ParsePart(ref text, ref units, out var ticks) is var fault and not DurationFault.None)
                return fault;
            total += ticks;
        }

        if (total > TimeSpan.MaxValue.Ticks)
            return DurationFault.TooLong;
        if (total != decimal.Truncate(total))
            return DurationFault.TooFine;
        value = new((long)total);
        return total == 0 ? DurationFault.Zero : DurationFault.None;
    }

    private static DurationFault ParsePart(ref ReadOnlySpan<char> text, ref Span<(string Unit, long Ticks)> units, out decimal ticks)
    {
        ticks = 0;
        var digits = text.IndexOfAnyExcept(Digits);
        if (digits < 0)
            return DurationFault.NoUnit;
        if (digits == 0 || text[0] == '.' || text[digits - 1] == '.')
            return DurationFault.Malformed;
        if (digits > MaxDigits)
            return DurationFault.TooLong;
        if (!decimal.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return DurationFault.Malformed;

        text = text[digits..];
        var letters = text.IndexOfAnyExceptInRange('a', 'z');
        var word = letters < 0 ? text : text[..letters];
        text = text[word.Length..];
        for (var i = 0; i < units.Length; i++)
        {
            if (!word.SequenceEqual(units[i].Unit))
                continue;
            ticks = number * units[i].Ticks;
            units = units[(i + 1)..];
            return DurationFault.None;
        }

        return DurationFault.Malformed;
    }

    /// <summary>The text that <see cref="Parse"/> reads back to the same time; a fraction of a millisecond is kept.</summary>
    public static string Format(TimeSpan value)
    {
        var text = "";
        var rest = value.Ticks;
        foreach (var (unit, ticks) in Units.AsSpan(..^1))
        {
            if (rest / ticks is var count and not 0)
                text += string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");
            rest %= ticks;
        }

        return rest == 0 && text.Length > 0 ? text : text + (rest / (decimal)TimeSpan.TicksPerMillisecond).ToString("0.####", CultureInfo.InvariantCulture) + "ms";
    }

    /// <summary>What was most likely meant by a text that is no duration: <c>30 seconds</c>, <c>1H 30M</c>. Null where there is no telling.</summary>
    public static string? Mend(string text)
    {
        var mended = text.ToLowerInvariant().Replace(" ", "", StringComparison.Ordinal);
        foreach (var (word, unit) in Words)
            mended = mended.Replace(word, unit, StringComparison.Ordinal);
        return Parse(mended, out _) == DurationFault.None ? mended : null;
    }
}
