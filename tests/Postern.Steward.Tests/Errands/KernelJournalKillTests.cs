using System.Diagnostics;
using System.Globalization;
using Postern.Steward.Errands;

namespace Postern.Steward.Tests.Errands;

/// <summary>kill -9, for real, of a process that writes the journal. What it said stands, stands; what it said is done, is done.</summary>
public sealed class KernelJournalKillTests : IDisposable
{
    private const int Slack = 512; // so small that it is written anew every few records
    private const int Killed = 128 + 9;

    private JournalFolder _folder = new();
    private readonly HashSet<ulong> _standing = [];
    private readonly HashSet<ulong> _ending = [];
    private readonly HashSet<ulong> _extended = [];
    private readonly HashSet<ulong> _undoing = [];
    private readonly HashSet<ulong> _done = [];
    private ulong _next = 1;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Before_every_step_that_touches_the_disk()
    {
        var steps = new HashSet<string>();
        for (var step = 0; ; step++)
        {
            var (exit, died) = RunWriter(count: 12, step);
            Check();
            steps.Add(died);
            _folder.Dispose();
            _folder = new();
            Array.ForEach([_standing, _ending, _extended, _undoing, _done], s => s.Clear());
            if (exit == 0)
                break;
            Assert.Equal(Killed, exit);
            Assert.InRange(step, 0, 500);
        }

        Assert.Equal(Enum.GetNames<JournalStep>().Except([nameof(JournalStep.CutBack)]).Append("").Order(StringComparer.Ordinal), steps.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void At_any_time_fifty_times()
    {
        var chance = new Random(20261122);
        var killed = 0;
        for (var turn = 0; turn < 50; turn++)
        {
            var (exit, _) = RunWriter(count: 3000, step: -1, TimeSpan.FromMilliseconds(chance.NextDouble() * 25));
            killed += exit == Killed ? 1 : 0;
            Check();
        }

        Assert.InRange(killed, 25, 50);
    }

    private (int Exit, string Died) RunWriter(int count, int step, TimeSpan? after = null)
    {
        var died = "";
        using var writer = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!,
            [Path.Combine(AppContext.BaseDirectory, "Postern.Steward.JournalWriter.dll"), _folder.Path, Text(_next), Text((ulong)count), Text(Slack), step.ToString(CultureInfo.InvariantCulture)])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        while (writer.StandardOutput.ReadLine() is { } line)
        {
            if (line == "open" && after is { } time)
                _ = Task.Delay(time).ContinueWith(_ => writer.Kill(), TaskScheduler.Default);
            else if (line.Split(' ') is [var word, var what])
                died = word == "dies" ? what : Note(word, ulong.Parse(what, CultureInfo.InvariantCulture));
        }

        Assert.True(writer.WaitForExit(TimeSpan.FromSeconds(30)));
        _next += 10_000; // beyond whatever this one did without saying so
        return (writer.ExitCode, died);
    }

    private string Note(string word, ulong number)
    {
        var set = word switch { "stands" => _standing, "extended" => _extended, "undoing" => _undoing, "ending" => _ending, "done" => _done, _ => throw new FormatException(word) };
        set.Add(number);
        return "";
    }

    private void Check()
    {
        using var journal = _folder.Open(slack: Slack);
        Assert.Null(journal.DamagedCopy);
        var there = journal.Standing.ToDictionary(e => e.Number);
        foreach (var number in _standing.Except(_ending))
            Assert.True(there.ContainsKey(number), $"{number} was said to stand and is not known");
        foreach (var number in _done)
            Assert.False(there.ContainsKey(number), $"{number} was said to be done and stands");
        foreach (var number in _extended.Intersect(there.Keys))
            Assert.Equal(TimeSpan.FromSeconds(200), there[number].Until);
        foreach (var number in _undoing.Intersect(there.Keys))
            Assert.True(there[number].IsOverdue);
    }

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
