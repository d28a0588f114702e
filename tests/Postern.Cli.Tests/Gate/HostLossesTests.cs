using Postern.Cli.Gate;

namespace Postern.Cli.Tests.Gate;

/// <summary>proc(5), softnet_stat: a line for each processor, the second number is what was dropped.</summary>
public sealed class HostLossesTests
{
    [Fact]
    public void All_processors_are_added() =>
        Assert.Equal(0x1f + 2, HostLosses.Sum("000a5c1e 0000001f 00000003 00000000\n00000001 00000002 00000000 00000000\n"));

    [Theory]
    [InlineData("0000001f\n")]
    [InlineData("00000001 dropped 00000000\n")]
    public void What_cannot_be_read_is_not_said(string text) => Assert.Null(HostLosses.Sum(text));

    [Fact]
    public void The_kernel_says_it() => Assert.SkipWhen(new HostLosses().Count() is null, "needs /proc/net/softnet_stat");
}
