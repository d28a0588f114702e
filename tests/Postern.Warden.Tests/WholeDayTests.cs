namespace Postern.Warden.Tests;

public sealed class WholeDayTests
{
    private static readonly DateTimeOffset Monday = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void From_midnight_to_midnight_is_the_whole_day()
    {
        Assert.True(WeeklyHours.TryParse("Mon 00:00-24:00", out var hours));
        Assert.True(hours.Contains(Monday));
        Assert.True(hours.Contains(Monday.AddHours(24).AddTicks(-1)));
        Assert.False(hours.Contains(Monday.AddTicks(-1)));
        Assert.False(hours.Contains(Monday.AddHours(24)));
        Assert.Equal("Mon 00:00-24:00", hours.ToString());
    }

    [Theory]
    [InlineData("00:00-00:00")]
    [InlineData("24:00-24:00")]
    [InlineData("24:00-08:00")]
    [InlineData("08:00-08:00")]
    public void An_empty_stretch_and_a_start_after_the_end_of_the_day_are_refused(string text) =>
        Assert.False(WeeklyHours.TryParse(text, out _));
}
