using Postern.Knocks.Sequences;

namespace Postern.Knocks.Tests.Sequences;

/// <summary>A step as people write it.</summary>
public sealed class StepTests
{
    [Theory]
    [InlineData("icmp")]
    [InlineData("icmp/0")]
    [InlineData("icmp/65507")]
    [InlineData("tcp/7000")]
    [InlineData("udp/8000-8010")]
    public void Reads_and_writes_steps(string text)
    {
        Assert.True(KnockStep.TryParse(text, out var step));
        Assert.Equal(text, step.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("icmp/")]
    [InlineData("icmp/65508")]
    [InlineData("icmp/1-2")]
    [InlineData("icmp/120\0")] // found by fuzzing: the runtime's parsers pass over zeros behind a number
    [InlineData("udp/8000\0")]
    public void Refuses_what_is_no_step(string text) => Assert.False(KnockStep.TryParse(text, out _));
}
