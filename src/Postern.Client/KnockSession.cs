using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Postern.Reports.Spa;

namespace Postern.Client;

/// <summary>Knocking at one address: send, look, and send again, until the service is as it should be, the gate says no, or the time is up.</summary>
internal sealed class KnockSession(Knock knock, IPAddress target, Action<KnockSending>? sending) : IAsyncDisposable
{
    private readonly ImmutableArray<IPortWatch> _ports = [.. knock.Ports.Select(port => Watch(knock, new(target, port)))];
    private readonly ReceiptBox _receipts = new();

    private long _start;
    private long _sent;
    private int _rounds;

    public async Task<KnockResult> RunAsync(CancellationToken cancellation)
    {
        var rounds = KnockSchedule.Rounds(knock).ToImmutableArray();
        foreach (var round in rounds)
        {
            using var copies = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var sent = await SendAsync(round, copies.Token);
            var next = _rounds < rounds.Length ? rounds[_rounds].Start : knock.Timeout;
            if (knock.IsSeen && await IsDecidedBeforeAsync(next, cancellation))
            {
                await copies.CancelAsync();
                await sent;
                return await DecidedAsync();
            }

            await sent;
        }

        return knock.IsSeen ? Result(KnockOutcome.NotDone, Stopwatch.GetTimestamp()) : Result(KnockOutcome.Sent, _sent);
    }

    public async ValueTask DisposeAsync()
    {
        await _receipts.DisposeAsync();
        foreach (var port in _ports)
            port.Dispose();
    }

    private static IPortWatch Watch(Knock knock, IPEndPoint endpoint) =>
        knock.Watch is { } own ? own(endpoint) : knock.UntilClosed ? new ClosedProbe(endpoint) : new PortProbe(endpoint);

    /// <summary>Sends all that must have left before anything can be seen. The task that it gives sends the copies.</summary>
    private async Task<Task> SendAsync(KnockRound round, CancellationToken cancellation)
    {
        var letter = await knock.Method.WriteAsync(target, round, cancellation);
        if (_rounds++ == 0)
            _start = Stopwatch.GetTimestamp(); // whoever had to touch a key first has lost no time
        sending?.Invoke(new(target, round, letter.Messages));
        var sender = new PacketSender(target, letter);
        _receipts.Take(sender, letter);
        var copies = letter.Messages.Index().FirstOrDefault(m => m.Item.IsCopy, (letter.Messages.Length, default)).Index;
        foreach (var message in letter.Messages[..copies])
        {
            await SendAsync(sender, message, cancellation);
            _sent = Stopwatch.GetTimestamp();
        }

        return SendCopiesAsync(sender, letter.Messages[copies..], cancellation);
    }

    private static async Task SendAsync(PacketSender sender, KnockMessage message, CancellationToken cancellation)
    {
        if (message.Packet.Wait > TimeSpan.Zero)
            await PreciseDelay.WaitAsync(message.Packet.Wait, cancellation);
        cancellation.ThrowIfCancellationRequested();
        sender.Send(message);
    }

    private static async Task SendCopiesAsync(PacketSender sender, ImmutableArray<KnockMessage> copies, CancellationToken cancellation)
    {
        try
        {
            foreach (var copy in copies)
                await SendAsync(sender, copy, cancellation);
        }
        catch (Exception e) when (e is KnockException or OperationCanceledException or ObjectDisposedException)
        {
            // The first one has left; its copies are only for the case that it is lost.
        }
    }

    /// <summary>True once every port is as it should be, or the gate has said what it did.</summary>
    private async Task<bool> IsDecidedBeforeAsync(TimeSpan deadline, CancellationToken cancellation)
    {
        var window = deadline - Stopwatch.GetElapsedTime(_start);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ports = _ports.IsEmpty ? Task.Delay(window > TimeSpan.Zero ? window : TimeSpan.Zero, watching.Token) : Task.WhenAll(_ports.Select(port => port.WatchAsync(window, watching.Token)));
        await Task.WhenAny(ports, _ports.IsEmpty ? _receipts.Any : _receipts.Refusal);
        if (!ports.IsCompleted)
        {
            await watching.CancelAsync();
            await ports.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            cancellation.ThrowIfCancellationRequested();
            return true;
        }

        await ports;
        return !_ports.IsEmpty && _ports.All(port => port.IsDone);
    }

    private async Task<KnockResult> DecidedAsync()
    {
        if (!_ports.IsEmpty && _ports.All(port => port.IsDone))
        {
            var result = Result(KnockOutcome.Done, _ports.Max(port => port.DoneAt));
            await Task.WhenAll(_ports.Select(port => port.CloseAsync()));
            return result;
        }

        return Result(_receipts.Last?.Outcome == ReceiptOutcome.Refused ? KnockOutcome.Refused : KnockOutcome.Done, Stopwatch.GetTimestamp());
    }

    private KnockResult Result(KnockOutcome outcome, long end) => new(
        outcome, target, _rounds, Stopwatch.GetElapsedTime(_start, end), Stopwatch.GetElapsedTime(_sent, end), Answer())
    {
        Receipt = _receipts.Last,
    };

    private PortAnswer Answer() => _ports.FirstOrDefault(port => !port.IsDone)?.LastAnswer switch
    {
        null or SocketError.TimedOut => PortAnswer.None,
        SocketError.Success => PortAnswer.Connected,
        SocketError.ConnectionRefused or SocketError.ConnectionReset => PortAnswer.Refused,
        _ => PortAnswer.Unreachable,
    };
}
