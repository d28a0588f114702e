using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Postern.Client;

/// <summary>
/// Watches for one TCP port to close. Connections are tried one after another: as long as one stands, the port is open. It is closed when one is
/// refused, or is answered by nobody for so long that the kernel has repeated its SYN (RFC 6298 §2.1: after a second), so that a lost packet is not taken for a closed port.
/// </summary>
internal sealed class ClosedProbe(IPEndPoint endpoint) : IPortWatch
{
    // Tuning.
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(1_500);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Goodbye = TimeSpan.FromMilliseconds(100);

    public bool IsDone { get; private set; }

    public long DoneAt { get; private set; }

    public SocketError LastAnswer { get; private set; } = SocketError.TimedOut;

    public async Task WatchAsync(TimeSpan window, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        while (!IsDone && window - Stopwatch.GetElapsedTime(start) is var left && left > TimeSpan.Zero)
        {
            await Task.Delay(left < Pause ? left : Pause, cancellation);
            await TryOnceAsync(cancellation);
        }
    }

    /// <summary>Runs to its end even where that is a little after the window: half an answer says nothing.</summary>
    private async Task TryOnceAsync(CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        var answer = new TaskCompletionSource<SocketError>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var attempt = new ConnectAttempt(endpoint, (_, error) => answer.TrySetResult(error));
        attempt.Start();
        await Task.WhenAny(answer.Task, Task.Delay(Silence, cancellation));
        cancellation.ThrowIfCancellationRequested();

        LastAnswer = answer.Task.IsCompleted ? await answer.Task : SocketError.TimedOut;
        IsDone = LastAnswer != SocketError.Success;
        DoneAt = began;
        if (!IsDone)
            await attempt.CloseAsync(Goodbye);
    }

    public Task CloseAsync() => Task.CompletedTask;

    public void Dispose() { }
}
