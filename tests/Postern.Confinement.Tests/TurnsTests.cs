using System.Globalization;

namespace Postern.Confinement.Tests;

/// <summary>Truth: the scheduler of the running kernel.</summary>
public sealed class TurnsTests
{
    [Fact]
    public void They_are_short_for_the_thread_and_those_that_it_starts_and_for_no_other()
    {
        var before = TimeSpan.Zero;
        var after = TimeSpan.Zero;
        var ofAnother = TimeSpan.Zero;
        var thread = new Thread(() =>
        {
            before = Turns.Turn;
            Turns.Shorten();
            after = Turns.Turn;
            var another = new Thread(() => ofAnother = Turns.Turn);
            another.Start();
            another.Join();
        });
        thread.Start();
        thread.Join();
        Assert.Equal(before, Turns.Turn);
        Assert.SkipUnless(KnowsThem, "before Linux 6.12 an ordinary thread has no turn of its own");
        Assert.Equal(TimeSpan.FromMicroseconds(100), after);
        Assert.Equal(after, ofAnother);
        Assert.True(before > after, $"{before} is no longer than {after}");
    }

    private static bool KnowsThem
    {
        get
        {
            var words = File.ReadAllText("/proc/sys/kernel/osrelease").Split('.', '-');
            return Version.Parse($"{words[0]}.{int.Parse(words[1], CultureInfo.InvariantCulture)}") >= new Version(6, 12);
        }
    }
}
