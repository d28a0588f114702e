using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Postern.Client.Connecting;

/// <summary>
/// Connects from one local port, and keeps the connection. Attempts cannot overlap as <see cref="PortProbe"/>'s do, for there is one pair of ports; and one that
/// replaces another whose answer is under way makes that answer worthless and costs a round trip more (RFC 9293 §3.10.7.3). So the first comes when the gate has had time to
/// open, and each is given longer than the one before: what the kernel would do, which repeats its SYN after a second, only sooner.
/// </summary>
internal sealed class FixedPortProbe(IPEndPoint endpoint, LocalPort port) : IPortWatch
{
    // Tuning. A gate needs 1 to 10 ms from the packet to the grant, most of them to write its ledger. Few ways are longer than the second attempt waits for.
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan[] Patience = KnockSchedule.Milliseconds(385, 600, 1_500, 3_000);
    private static readonly TimeSpan[] AfterRefusal = KnockSchedule.Milliseconds(5, 10, 20, 50, 100, 250, 500);

    private ConnectAttempt? _underWay;
    private TaskCompletionSource<SocketError> _answer = new();
    private long _started;
    private int _unanswered;
    private int _refused;
    private Socket? _connection;

    public bool IsDone => _connection is not null;

    public long DoneAt { get; private set; }

    public SocketError LastAnswer { get; private set; } = SocketError.TimedOut;

    /// <summary>The connection, once; the caller owns it. Null where there is none.</summary>
    public Socket? Take() => Interlocked.Exchange(ref _connection, null);

    public async Task WatchAsync(TimeSpan window, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        await PreciseDelay.WaitAsync(First < window ? First : window > TimeSpan.Zero ? window : TimeSpan.Zero, cancellation);
        while (!IsDone && window - Stopwatch.GetElapsedTime(start) is var left && left > TimeSpan.Zero)
        {
            if (_underWay is null)
                Start();
            await WaitAsync(Min(left, PatienceLeft()), cancellation);
        }
    }

    public Task CloseAsync() => Task.CompletedTask;

    public void Dispose() => _underWay?.Dispose();

    private void Start()
    {
        var answer = new TaskCompletionSource<SocketError>(TaskCreationOptions.RunContinuationsAsynchronously);
        _answer = answer;
        _started = Stopwatch.GetTimestamp();
        _underWay = new ConnectAttempt(endpoint, port.Open(), (_, error) => answer.TrySetResult(error));
        _underWay.Start();
    }

    /// <summary>Until the attempt is answered, or has waited long enough to be replaced.</summary>
    private async Task WaitAsync(TimeSpan time, CancellationToken cancellation)
    {
        if (time > TimeSpan.Zero && !_answer.Task.IsCompleted)
            await Task.WhenAny(_answer.Task, Task.Delay(time, cancellation));
        cancellation.ThrowIfCancellationRequested();
        if (_answer.Task.IsCompleted)
            await TakeAnswerAsync(await _answer.Task, cancellation);
        else if (PatienceLeft() <= TimeSpan.Zero)
            GiveUp();
    }

    private async Task TakeAnswerAsync(SocketError answer, CancellationToken cancellation)
    {
        LastAnswer = answer;
        if (answer == SocketError.Success)
        {
            DoneAt = Stopwatch.GetTimestamp();
            _connection = _underWay!.Release();
            _underWay = null;
            return;
        }

        _underWay!.Dispose();
        _underWay = null;
        await Task.Delay(AfterRefusal[Math.Min(_refused++, AfterRefusal.Length - 1)], cancellation);
    }

    private void GiveUp()
    {
        _underWay!.Dispose();
        _underWay = null;
        _unanswered++;
    }

    private TimeSpan PatienceLeft() => Patience[Math.Min(_unanswered, Patience.Length - 1)] - Stopwatch.GetElapsedTime(_started);

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
