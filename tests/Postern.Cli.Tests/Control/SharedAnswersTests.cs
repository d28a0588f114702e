using Postern.Cli.Control;

namespace Postern.Cli.Tests.Control;

/// <summary>However often readers ask, the warden is asked seldom.</summary>
public sealed class SharedAnswersTests
{
    [Fact]
    public async Task An_answer_that_is_awaited_is_not_asked_for_again()
    {
        var (asked, answer) = (0, new TaskCompletionSource<ControlReply>());
        var shared = new SharedAnswers(_ =>
        {
            asked++;
            return answer.Task;
        });
        var all = Enumerable.Range(0, 1000).Select(_ => shared.Get(new(ControlRequest.Grants))).ToArray();
        await Task.Delay(400, TestContext.Current.CancellationToken);
        shared.Forget();
        _ = shared.Get(new(ControlRequest.Grants));
        Assert.Equal(1, asked);
        _ = shared.Get(new(ControlRequest.Status));
        Assert.Equal(2, asked);

        answer.SetResult(new() { Done = "listed" });
        Assert.All(await Task.WhenAll(all), r => Assert.Equal("listed", r.Done));
        _ = shared.Get(new(ControlRequest.Grants)); // older than a reader is given
        Assert.Equal(3, asked);
    }
}
