using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Postern.Client;

/// <summary>Watches for one TCP port to open, by overlapping attempts to connect. The first that succeeds wins; all others are closed.</summary>
internal sealed class PortProbe(IPEndPoint endpoint) : IPortWatch
{
    // Tuning. An attempt that nobody answers is given up; a service may take a moment to close its end.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Goodbye = TimeSpan.FromMilliseconds(100);

    private readonly TaskCompletionSource<(ConnectAttempt Winner, long Time)> _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<ConnectAttempt, long> _underWay = new();

    public bool IsDone => _open.Task.IsCompleted;

    public long DoneAt => _open.Task.Result.Time;

    public SocketError LastAnswer { get; private set; } = SocketError.TimedOut;

    /// <summary>Tries by <see cref="ProbeSchedule"/>, counted from now: the knock has just left.</summary>
    public async Task WatchAsync(TimeSpan window, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        for (var attempt = 0; ProbeSchedule.At(attempt) is var at && at < window; attempt++)
        {
            if (await IsOpenWithinAsync(at - Stopwatch.GetElapsedTime(start), cancellation))
                return;
            GiveUp(Patience);
            StartOne();
        }

        await IsOpenWithinAsync(window - Stopwatch.GetElapsedTime(start), cancellation);
    }

    public async Task CloseAsync()
    {
        GiveUp(TimeSpan.Zero);
        if (IsDone)
            await (await _open.Task).Winner.CloseAsync(Goodbye);
    }

    public void Dispose()
    {
        GiveUp(TimeSpan.Zero);
        if (IsDone)
            _open.Task.Result.Winner.Dispose();
    }

    private async Task<bool> IsOpenWithinAsync(TimeSpan time, CancellationToken cancellation)
    {
        if (!IsDone && time > TimeSpan.Zero)
            await Task.WhenAny(_open.Task, PreciseDelay.WaitAsync(time, cancellation));
        cancellation.ThrowIfCancellationRequested();
        return IsDone;
    }

    private void StartOne()
    {
        // Known before it starts: it may end within Start.
        var attempt = new ConnectAttempt(endpoint, Ended);
        _underWay[attempt] = Stopwatch.GetTimestamp();
        attempt.Start();
    }

    /// <summary>Whoever takes an attempt out of the list, and only he, disposes of it.</summary>
    private void Ended(ConnectAttempt attempt, SocketError error)
    {
        var now = Stopwatch.GetTimestamp();
        if (!_underWay.TryRemove(attempt, out _))
            return;
        if (error == SocketError.Success && _open.TrySetResult((attempt, now)))
            return;
        if (error != SocketError.Success)
            LastAnswer = error;
        attempt.Dispose();
    }

    private void GiveUp(TimeSpan olderThan)
    {
        foreach (var (attempt, started) in _underWay)
        {
            if (Stopwatch.GetElapsedTime(started) >= olderThan && _underWay.TryRemove(attempt, out _))
                attempt.Dispose();
        }
    }
}
