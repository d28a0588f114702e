using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Postern.Client;

/// <summary>Knocking at one address: send, look, and send again, until the service is as it should be or the time is up.</summary>
internal sealed class KnockSession(Knock knock, IPAddress target, Action<KnockSending>? sending)
{
    private readonly ImmutableArray<IPortWatch> _ports =
    [
        .. knock.Ports.Select(IPortWatch (port) => knock.UntilClosed ? new ClosedProbe(new(target, port)) : new PortProbe(new(target, port))),
    ];

    private long _start;
    private long _sent;
    private int _rounds;

    public async Task<KnockResult> RunAsync(CancellationToken cancellation)
    {
        try
        {
            _start = Stopwatch.GetTimestamp();
            var rounds = KnockSchedule.Rounds(knock).ToImmutableArray();
            foreach (var round in rounds)
            {
                await SendAsync(round, cancellation);
                var next = _rounds < rounds.Length ? rounds[_rounds].Start : knock.Timeout;
                if (_ports.Length > 0 && await IsDoneBeforeAsync(next, cancellation))
                    return await DoneAsync();
            }

            return _ports.Length == 0 ? Result(KnockOutcome.Sent, _sent) : Result(KnockOutcome.NotDone, Stopwatch.GetTimestamp());
        }
        finally
        {
            foreach (var port in _ports)
                port.Dispose();
        }
    }

    private async Task SendAsync(KnockRound round, CancellationToken cancellation)
    {
        var packets = Knocker.Write(knock, round);
        sending?.Invoke(new(target, round, packets));
        _rounds++;
        foreach (var packet in packets)
        {
            if (packet.Wait > TimeSpan.Zero)
                await PreciseDelay.WaitAsync(packet.Wait, cancellation);
            cancellation.ThrowIfCancellationRequested();
            PacketSender.Send(target, packet);
            _sent = Stopwatch.GetTimestamp();
        }
    }

    private async Task<bool> IsDoneBeforeAsync(TimeSpan deadline, CancellationToken cancellation)
    {
        var window = deadline - Stopwatch.GetElapsedTime(_start);
        await Task.WhenAll(_ports.Select(port => port.WatchAsync(window, cancellation)));
        return _ports.All(port => port.IsDone);
    }

    private async Task<KnockResult> DoneAsync()
    {
        var result = Result(KnockOutcome.Done, _ports.Max(port => port.DoneAt));
        await Task.WhenAll(_ports.Select(port => port.CloseAsync()));
        return result;
    }

    private KnockResult Result(KnockOutcome outcome, long end) => new(
        outcome, target, _rounds, Stopwatch.GetElapsedTime(_start, end), Stopwatch.GetElapsedTime(_sent, end), Answer());

    private PortAnswer Answer() => _ports.FirstOrDefault(port => !port.IsDone)?.LastAnswer switch
    {
        null or SocketError.TimedOut => PortAnswer.None,
        SocketError.Success => PortAnswer.Connected,
        SocketError.ConnectionRefused or SocketError.ConnectionReset => PortAnswer.Refused,
        _ => PortAnswer.Unreachable,
    };
}
