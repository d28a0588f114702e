using System.Globalization;

namespace Postern.Warden;

/// <summary>
/// A stretch of time that comes back every week, in the gate's local time: <c>Mon-Fri 07:00-20:00</c>, <c>Sat 22:00-04:00</c> (into the
/// next morning), <c>08:00-18:00</c> (every day). The end is the first moment outside.
/// </summary>
public readonly record struct WeeklyHours(DayOfWeek FirstDay, DayOfWeek LastDay, TimeOnly From, TimeOnly To)
{
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    public bool Contains(DateTimeOffset local)
    {
        var time = TimeOnly.FromTimeSpan(local.TimeOfDay);
        if (From < To)
            return HasDay(local.DayOfWeek) && time >= From && time < To;
        return (HasDay(local.DayOfWeek) && time >= From) || (HasDay(DayBefore(local.DayOfWeek)) && time < To);
    }

    private bool HasDay(DayOfWeek day) => FirstDay <= LastDay ? day >= FirstDay && day <= LastDay : day >= FirstDay || day <= LastDay;

    private static DayOfWeek DayBefore(DayOfWeek day) => (DayOfWeek)(((int)day + 6) % 7);

    public static bool TryParse(ReadOnlySpan<char> text, out WeeklyHours hours)
    {
        hours = new(DayOfWeek.Monday, DayOfWeek.Sunday, default, default);
        text = text.Trim();
        var space = text.LastIndexOf(' ');
        if (space >= 0)
        {
            var days = text[..space].Trim();
            var dash = days.IndexOf('-');
            if (!TryParseDay(dash < 0 ? days : days[..dash], out var first) || !TryParseDay(dash < 0 ? days : days[(dash + 1)..], out var last))
                return false;
            hours = hours with { FirstDay = first, LastDay = last };
        }

        var times = text[(space + 1)..];
        var middle = times.IndexOf('-');
        if (middle < 0 || !TryParseTime(times[..middle], out var from) || !TryParseEnd(times[(middle + 1)..], out var to, out var isNextMidnight))
            return false;
        hours = hours with { From = from, To = to };
        return from != to || isNextMidnight; // 00:00-24:00 is the whole day, 00:00-00:00 nothing
    }

    private static bool TryParseDay(ReadOnlySpan<char> text, out DayOfWeek day)
    {
        day = default;
        for (var i = 0; i < Days.Length; i++)
        {
            if (text.Equals(Days[i], StringComparison.OrdinalIgnoreCase))
            {
                day = (DayOfWeek)i;
                return true;
            }
        }

        return false;
    }

    private static bool TryParseEnd(ReadOnlySpan<char> text, out TimeOnly time, out bool isNextMidnight)
    {
        time = default;
        isNextMidnight = text is "24:00";
        return isNextMidnight || TryParseTime(text, out time);
    }

    private static bool TryParseTime(ReadOnlySpan<char> text, out TimeOnly time) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);

    public override string ToString()
    {
        var days = FirstDay == LastDay ? Name(FirstDay) : $"{Name(FirstDay)}-{Name(LastDay)}";
        return string.Create(CultureInfo.InvariantCulture, $"{days} {From:HH:mm}-{(To == default ? "24:00" : To.ToString("HH:mm", CultureInfo.InvariantCulture))}");
    }

    private static string Name(DayOfWeek day) => char.ToUpperInvariant(Days[(int)day][0]) + Days[(int)day][1..];
}
