using Postern.Warden;

namespace Postern.Warden.Tests;

public sealed class WeeklyHoursTests
{
    [Theory]
    [InlineData("Mon-Fri 07:00-20:00", "Mon-Fri 07:00-20:00")]
    [InlineData("sat 22:00-04:00", "Sat 22:00-04:00")]
    [InlineData("08:00-18:00", "Mon-Sun 08:00-18:00")]
    [InlineData("Fri-Mon 18:00-24:00", "Fri-Mon 18:00-24:00")]
    public void Reads_and_writes_the_same(string text, string written)
    {
        Assert.True(WeeklyHours.TryParse(text, out var hours));
        Assert.Equal(written, hours.ToString());
        Assert.True(WeeklyHours.TryParse(written, out var again));
        Assert.Equal(hours, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Mon")]
    [InlineData("Mon-Fri")]
    [InlineData("Mon-Fri 7-20")]
    [InlineData("Mon-Fri 07:00-25:00")]
    [InlineData("Mon-Fri 07:00-07:00")]
    [InlineData("Monday 07:00-08:00")]
    [InlineData("07:00")]
    public void Refuses_what_is_none(string text) => Assert.False(WeeklyHours.TryParse(text, out _));

    [Fact]
    public void A_night_belongs_to_the_day_on_which_it_begins()
    {
        Assert.True(WeeklyHours.TryParse("Sat 22:00-04:00", out var night));
        var saturday = new DateTimeOffset(2026, 11, 21, 0, 0, 0, TimeSpan.Zero);
        Assert.False(night.Contains(saturday.AddHours(3)));
        Assert.True(night.Contains(saturday.AddHours(22)));
        Assert.True(night.Contains(saturday.AddHours(27.99)));
        Assert.False(night.Contains(saturday.AddHours(28)));
    }
}
