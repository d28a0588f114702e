using System.Globalization;

namespace Postern.EndToEnd.Tests.Kills;

/// <summary>
/// kill -9, at any moment, of any of the gate's processes, under load. <c>scripts/thousand-kills</c> runs the same for longer and says how many, with
/// which seed, at how many gates at once, and where the figures go.
/// </summary>
public sealed class KillTests
{
    [Fact]
    public void Whoever_is_killed_whenever_every_promise_is_kept()
    {
        Postern.Tests.Needs.Program("nft");
        var (rounds, seed, gates) = (Number("POSTERN_KILLS", 25), Number("POSTERN_KILLS_SEED", Random.Shared.Next(100_000)), Number("POSTERN_KILLS_GATES", 1));
        var all = new KillFigures();
        var runs = Enumerable.Range(0, gates).Select(i => Task.Factory.StartNew(() => RunOne((rounds + gates - 1 - i) / gates, seed + i), TaskCreationOptions.LongRunning)).ToArray();
        foreach (var run in runs)
            all.Add(run.Result);

        var report = $"{all}\n{string.Join("", all.Faults.Select(f => $"* {f}\n"))}";
        if (Environment.GetEnvironmentVariable("POSTERN_KILLS_REPORT") is { Length: > 0 } file)
            File.WriteAllText(file, report);
        Assert.True(all.Faults.Count == 0, $"seed {seed}\n{report}");
        Assert.True(all.Accepted > 0 && all.OnceEach > 0 && all.OpenWhileDead > 0 && all.ClosedAfterEnd > 0, $"too little was tried\n{report}");
    }

    private static KillFigures RunOne(int rounds, int seed)
    {
        using var run = new KillRun(seed);
        return run.Run(rounds, TimeSpan.FromSeconds(Number("POSTERN_KILLS_SECONDS", 30)));
    }

    private static int Number(string name, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : usual;
}
