using System.Diagnostics;
using Postern.Tests;

namespace Postern.EndToEnd.Tests;

/// <summary>The demo that the README promises: it runs, tells its story, and leaves nothing behind.</summary>
public sealed class DemoTests
{

    [Fact]
    public void Tells_the_story_and_cleans_up()
    {
        Needs.Root();
        var started = Stopwatch.GetTimestamp();
        using var demo = Start();
        var output = demo.StandardOutput.ReadToEndAsync();
        var error = demo.StandardError.ReadToEndAsync();
        Assert.True(demo.WaitForExit(60_000), "the demo did not end");
        Assert.True(demo.ExitCode == 0, output.Result + error.Result);
        Assert.Equal(2, output.Result.Split("the service behind the postern says hello").Length - 1);
        Assert.Equal(2, output.Result.Split("no answer").Length - 1);
        TestContext.Current.SendDiagnosticMessage($"the demo took {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s");
        Assert.Empty(Left(demo.Id));
    }

    [Fact]
    public void Cleans_up_when_it_is_interrupted()
    {
        Needs.Root();
        using var demo = Start();
        var output = demo.StandardOutput;
        while (output.ReadLine() is { } line && !line.Contains("2. Who knows"))
        {
            // up to the middle of the story
        }

        using var kill = Process.Start("kill", ["-TERM", $"{demo.Id}"]);
        Assert.True(demo.WaitForExit(20_000), "the demo did not end");
        Assert.Empty(Left(demo.Id));
    }

    private static Process Start()
    {
        var start = new ProcessStartInfo(Path.Combine(GateHouse.Root, "demo")) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["POSTERN_BUILT"] = "1";
        return Process.Start(start)!;
    }

    private static string[] Left(int pid) => Directory.Exists("/run/netns")
        ? [.. Directory.GetFiles("/run/netns").Where(n => n.EndsWith($"-{pid}"))]
        : [];
}
