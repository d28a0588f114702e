using FsCheck;
using FsCheck.Fluent;
using Postern.Cli.Configuration;

namespace Postern.Cli.Tests.Configuration;

public sealed class DurationTests
{
    [Theory]
    [InlineData("30s", 30_000)]
    [InlineData("10m", 600_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("500ms", 500)]
    [InlineData("2d", 172_800_000)]
    [InlineData("1.5s", 1500)]
    [InlineData("0.25ms", 0.25)]
    [InlineData("1m0s", 60_000)]
    [InlineData("1d2h3m4s5ms", 93_784_005)]
    public void Reads_times_as_people_write_them(string text, double milliseconds)
    {
        Assert.Equal(DurationFault.None, Duration.Parse(text, out var time));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), time);
    }

    [Theory]
    [InlineData("", DurationFault.Malformed)]
    [InlineData("s", DurationFault.Malformed)]
    [InlineData("1.2.3s", DurationFault.Malformed)]
    [InlineData(".5s", DurationFault.Malformed)]
    [InlineData("5 s", DurationFault.Malformed)]
    [InlineData("1ms1s", DurationFault.Malformed)]
    [InlineData("1s ", DurationFault.Malformed)]
    [InlineData("+1s", DurationFault.Malformed)]
    [InlineData("1e3s", DurationFault.Malformed)]
    [InlineData("٣s", DurationFault.Malformed)]
    [InlineData("1", DurationFault.NoUnit)]
    [InlineData("-1", DurationFault.Negative)]
    [InlineData("0ms", DurationFault.Zero)]
    [InlineData("9999999999999999d", DurationFault.TooLong)]
    [InlineData("00000000000000001s", DurationFault.TooLong)]
    [InlineData("10675200d", DurationFault.TooLong)]
    [InlineData("0.00001ms", DurationFault.TooFine)]
    public void Refuses_what_is_no_time(string text, object fault) => Assert.Equal((DurationFault)fault, Duration.Parse(text, out _));

    [Fact]
    public void Every_time_prints_as_text_that_reads_back_to_the_same() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(ArbMap.Default.GeneratorFor<DoNotSize<long>>().ToArbitrary(), ticks =>
        {
            var time = new TimeSpan(Math.Max(1, ticks.Item & long.MaxValue));
            Assert.Equal(DurationFault.None, Duration.Parse(Duration.Format(time), out var read));
            Assert.Equal(time, read);
        }));
}
