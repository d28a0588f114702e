namespace Postern.Keys.Tests;

public sealed class ChanceTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(96)]
    public void Every_number_below_the_limit_comes_and_no_other(int limit)
    {
        var drawn = new int[limit];
        for (var i = 0; i < 1000 * limit; i++)
            drawn[Chance.Below(limit)]++;
        Assert.All(drawn, times => Assert.InRange(times, 750, 1250)); // eight standard deviations
    }

    [Fact]
    public void The_largest_limit_is_no_special_case() => Assert.InRange(Chance.Below(int.MaxValue), 0, int.MaxValue - 1);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void There_is_nothing_below_nothing(int limit) => Assert.Throws<ArgumentOutOfRangeException>(() => Chance.Below(limit));
}
