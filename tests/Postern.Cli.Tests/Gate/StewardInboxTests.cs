using Postern.Cli.Gate.Household;

namespace Postern.Cli.Tests.Gate;

public sealed class StewardInboxTests
{
    private readonly StewardInbox _inbox = new();

    [Fact]
    public void What_came_first_goes_first()
    {
        _inbox.Add(new(StewardEventKind.Reload));
        _inbox.Add(new(StewardEventKind.Stop));
        Assert.Equal(2, _inbox.Count);
        Assert.Equal(StewardEventKind.Reload, Take(Timeout.Infinite));
        Assert.Equal(StewardEventKind.Stop, Take(0));
        Assert.Equal(0, _inbox.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public void Nothing_comes_and_the_wait_ends(int milliseconds) => Assert.Null(Take(milliseconds));

    [Theory]
    [InlineData(Timeout.Infinite)]
    [InlineData(60_000)]
    public void Whoever_waits_is_woken(int milliseconds)
    {
        var later = new Thread(() =>
        {
            Thread.Sleep(50);
            _inbox.Add(new(StewardEventKind.Stop));
        });
        later.Start();
        Assert.Equal(StewardEventKind.Stop, Take(milliseconds));
        later.Join();
    }

    private StewardEventKind? Take(int milliseconds) => _inbox.TryTake(out var item, milliseconds) ? item.Kind : null;
}
