using System.Diagnostics;
using System.Globalization;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests.Ledger;

/// <summary>
/// kill -9, for real, of a process that remembers. Whatever it acknowledged before is there afterwards; the one that was under way may be
/// there or not; and the file is such that the next process goes on with it.
/// </summary>
public sealed class KernelKillTests : IDisposable
{
    private const int Slack = 2; // so small that it is written anew every few records
    private const int Killed = 128 + 9;

    private LedgerFolder _folder = new();
    private readonly Dictionary<(int Key, uint Device), ulong> _acknowledged = [];
    private ulong _time = LedgerFolder.StartTime;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Before_every_step_that_touches_the_disk()
    {
        var steps = new HashSet<string>();
        for (var step = 0; ; step++)
        {
            var (exit, died) = RunWriter(count: 20, step);
            Check();
            steps.Add(died);
            BeginAnew();
            if (exit == 0)
                break;
            Assert.Equal(Killed, exit);
            Assert.InRange(step, 0, 500);
        }

        // It has died at each of them, but for the two that only a failing disk leads to.
        var expected = Enum.GetNames<LedgerStep>().Except([nameof(LedgerStep.CutBack), nameof(LedgerStep.FlushCutBack)]);
        Assert.Equal(expected.Append("").Order(StringComparer.Ordinal), steps.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void At_any_time_two_hundred_times()
    {
        var chance = new Random(20261120);
        var killed = 0;
        for (var turn = 0; turn < 200; turn++)
        {
            var (exit, _) = RunWriter(count: 2000, step: -1, TimeSpan.FromMilliseconds(chance.NextDouble() * 25));
            killed += exit == Killed ? 1 : 0;
            Check();
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"killed at work {killed} times of 200");
        Assert.InRange(killed, 100, 200);
    }

    private void BeginAnew()
    {
        _folder.Dispose();
        _folder = new();
        _acknowledged.Clear();
    }

    /// <summary>Runs the writer from where the last one was, and notes what it acknowledged.</summary>
    /// <param name="count">Requests, if it lives.</param>
    /// <param name="step">Before which it kills itself; -1: it does not.</param>
    /// <param name="after">When it is killed, from its first word on.</param>
    private (int Exit, string Died) RunWriter(int count, int step, TimeSpan? after = null)
    {
        var died = "";
        using var writer = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!,
            [Path.Combine(AppContext.BaseDirectory, "Postern.Warden.LedgerWriter.dll"), _folder.Path, Text(_time), Text((ulong)count), Text(Slack), step.ToString(CultureInfo.InvariantCulture)])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        while (writer.StandardOutput.ReadLine() is { } line)
        {
            if (line.StartsWith("dies ", StringComparison.Ordinal))
                died = line[5..];
            else if (line == "open" && after is { } time)
                _ = Task.Delay(time).ContinueWith(_ => writer.Kill(), TaskScheduler.Default);
            else if (line.Split(' ') is [var key, var device, var acknowledged])
                Note(int.Parse(key, CultureInfo.InvariantCulture) - 1, uint.Parse(device, CultureInfo.InvariantCulture), ulong.Parse(acknowledged, CultureInfo.InvariantCulture));
        }

        Assert.True(writer.WaitForExit(TimeSpan.FromSeconds(30)));
        _time += 10_000; // beyond whatever this one did without saying so
        return (writer.ExitCode, died);
    }

    private void Note(int key, uint device, ulong time) => _acknowledged[(key, device)] = time;

    /// <summary>In a process that lives: everything acknowledged would be refused; and it goes on.</summary>
    private void Check()
    {
        using var ledger = LedgerFile.Open(_folder.Path, LedgerFolder.Start, TimeSpan.Zero, _ => { }, Slack);
        foreach (var ((key, device), time) in _acknowledged)
            Assert.True(ledger.LastOf(LedgerFolder.Key(key), device, LedgerFolder.Start) >= time, $"key {key} device {device}: {time} was acknowledged and is not known");
        Assert.True(ledger.TryRemember(LedgerFolder.Key(9), 0, _time++));
        Note(9, 0, _time - 1);
    }

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
