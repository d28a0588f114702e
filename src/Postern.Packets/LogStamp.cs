using System.Collections.Immutable;

namespace Postern.Packets;

/// <summary>When a line of a log was written, as it says itself: on a calendar, which may lack the year and the zone, in uptime, or both.</summary>
public readonly record struct LogStamp
{
    internal const long NoUptime = -1;
    internal const long NanosecondsPerSecond = 1_000_000_000;

    private const long NanosecondsPerTick = 100;
    private const int NoMonth = 0;
    private const int NoYear = 0;

    private static readonly ImmutableArray<string> Months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    private static readonly ImmutableArray<string> Days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

    private int Year { get; init; }

    private int Month { get; init; }

    private int Day { get; init; }

    private long OfDay { get; init; }

    /// <summary>Minutes before UTC; null: it does not say.</summary>
    private int? Zone { get; init; }

    internal static LogStamp None => new() { Uptime = NoUptime };

    /// <summary>Nanoseconds since the kernel that wrote the line began; −1: it does not say.</summary>
    public long Uptime { get; internal init; }

    /// <summary>Whether it names a day.</summary>
    public bool HasDate => Month != NoMonth;

    /// <summary>
    /// Nanoseconds since the Unix epoch; 0 without a date. What it does not say is as when it was read: the zone, and the year, which is the last one in which it was not
    /// to come yet.
    /// </summary>
    public long ToEpoch(DateTimeOffset readAt)
    {
        if (!HasDate)
            return 0;
        var year = Year != NoYear ? Year : readAt.Year;
        while (Year == NoYear && year > 1 && (Day > DateTime.DaysInMonth(year, Month) || new DateTime(year, Month, Day, 0, 0, 0, DateTimeKind.Unspecified) > readAt.DateTime.AddDays(1)))
            year--;
        if (year < 1970 || Day > DateTime.DaysInMonth(year, Month))
            return 0;
        var zone = Zone is { } minutes ? TimeSpan.FromMinutes(minutes) : readAt.Offset;
        var days = (new DateTime(year, Month, Day, 0, 0, 0, DateTimeKind.Unspecified) - DateTime.UnixEpoch).Ticks;
        return ((days - zone.Ticks) * NanosecondsPerTick) + OfDay;
    }

    internal static bool TryRead(ref ReadOnlySpan<byte> text, out LogStamp stamp) => TryReadIso(ref text, out stamp) || TryReadSyslog(ref text, out stamp);

    /// <summary><c>2026-11-22T11:23:43[.123456][Z|+00:00|+0000]</c></summary>
    private static bool TryReadIso(ref ReadOnlySpan<byte> text, out LogStamp stamp)
    {
        stamp = None;
        var rest = text;
        if (!TryDigits(ref rest, 4, 4, out var year) || !TryByte(ref rest, '-') || !TryDigits(ref rest, 2, 2, out var month) || !TryByte(ref rest, '-')
            || !TryDigits(ref rest, 2, 2, out var day) || !TryByte(ref rest, 'T') || !TryTime(ref rest, out var ofDay))
            return false;
        var fraction = 0L;
        if (((TryByte(ref rest, '.') || TryByte(ref rest, ',')) && !TryFraction(ref rest, out fraction)) || !TryZone(ref rest, out var zone))
            return false;
        return TryMake(year, month, day, ofDay + fraction, zone, rest, ref text, out stamp);
    }

    /// <summary><c>[Sun ]Nov 22 11:23:43[ 2026]</c>, a day below ten with a space before it.</summary>
    private static bool TryReadSyslog(ref ReadOnlySpan<byte> text, out LogStamp stamp)
    {
        stamp = None;
        var rest = text;
        if (TryName(ref rest, Days, out _) && !TryByte(ref rest, ' '))
            return false;
        if (!TryName(ref rest, Months, out var month) || !TryByte(ref rest, ' '))
            return false;
        _ = TryByte(ref rest, ' ');
        if (!TryDigits(ref rest, 1, 2, out var day) || !TryByte(ref rest, ' ') || !TryTime(ref rest, out var ofDay))
            return false;
        var year = (long)NoYear;
        var after = rest;
        if (TryByte(ref after, ' ') && TryDigits(ref after, 4, 4, out var named) && after.StartsWith(" "u8) && named >= 1970)
        {
            year = named;
            rest = after;
        }

        return TryMake(year, month, day, ofDay, zone: null, rest, ref text, out stamp);
    }

    private static bool TryMake(long year, long month, long day, long ofDay, int? zone, ReadOnlySpan<byte> rest, ref ReadOnlySpan<byte> text, out LogStamp stamp)
    {
        stamp = None;
        if ((year != NoYear && year < 1970) || month is < 1 or > 12 || day is < 1 or > 31)
            return false;
        stamp = new() { Year = (int)year, Month = (int)month, Day = (int)day, OfDay = ofDay, Zone = zone, Uptime = NoUptime };
        text = rest;
        return true;
    }

    private static bool TryTime(ref ReadOnlySpan<byte> rest, out long ofDay)
    {
        ofDay = 0;
        if (!TryDigits(ref rest, 2, 2, out var hours) || !TryByte(ref rest, ':') || !TryDigits(ref rest, 2, 2, out var minutes) || !TryByte(ref rest, ':') || !TryDigits(ref rest, 2, 2, out var seconds))
            return false;
        ofDay = ((((hours * 60) + minutes) * 60) + seconds) * NanosecondsPerSecond;
        return hours < 24 && minutes < 60 && seconds <= 60;
    }

    private static bool TryZone(ref ReadOnlySpan<byte> rest, out int? zone)
    {
        zone = null;
        if (TryByte(ref rest, 'Z'))
            zone = 0;
        var sign = TryByte(ref rest, '+') ? 1 : TryByte(ref rest, '-') ? -1 : 0;
        if (sign == 0)
            return true;
        if (!TryDigits(ref rest, 2, 2, out var hours))
            return false;
        _ = TryByte(ref rest, ':');
        if (!TryDigits(ref rest, 2, 2, out var minutes))
            return false;
        zone = sign * (int)((hours * 60) + minutes);
        return hours <= 14 && minutes < 60;
    }

    /// <summary>Digits behind a point, as nanoseconds.</summary>
    internal static bool TryFraction(ref ReadOnlySpan<byte> rest, out long nanoseconds)
    {
        var before = rest.Length;
        if (!TryDigits(ref rest, 1, 9, out nanoseconds))
            return false;
        for (var digits = before - rest.Length; digits < 9; digits++)
            nanoseconds *= 10;
        return true;
    }

    internal static bool TryDigits(ref ReadOnlySpan<byte> rest, int min, int max, out long number)
    {
        (number, var count) = (0, 0);
        while (count < max && count < rest.Length && rest[count] is >= (byte)'0' and <= (byte)'9' and var digit)
        {
            number = (number * 10) + digit - '0';
            count++;
        }

        rest = rest[count..];
        return count >= min;
    }

    private static bool TryByte(ref ReadOnlySpan<byte> rest, char wanted)
    {
        if (rest.IsEmpty || rest[0] != wanted)
            return false;
        rest = rest[1..];
        return true;
    }

    /// <summary>Counted from one.</summary>
    private static bool TryName(ref ReadOnlySpan<byte> rest, ImmutableArray<string> names, out long number)
    {
        number = 0;
        if (rest.Length < 3)
            return false;
        for (var i = 0; i < names.Length; i++)
        {
            if (rest[0] != names[i][0] || rest[1] != names[i][1] || rest[2] != names[i][2])
                continue;
            number = i + 1;
            rest = rest[3..];
            return true;
        }

        return false;
    }
}
