using System.Net;
using System.Net.Sockets;
using Postern.Reports.Spa;

namespace Postern.Client;

/// <summary>Holds the sockets that letters were sent from, for as long as an answer may come to them, and takes what the gate says.</summary>
internal sealed class ReceiptBox : IAsyncDisposable
{
    /// <summary>Larger than any receipt, so that one that is too long is seen to be.</summary>
    private const int BufferSize = 1500;

    private readonly List<IDisposable> _held = [];
    private readonly List<Task> _listening = [];
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _any = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _refusal = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The gate has answered.</summary>
    public Task Any => _any.Task;

    /// <summary>The gate has answered no.</summary>
    public Task Refusal => _refusal.Task;

    public Receipt? Last { get; private set; }

    public void Take(PacketSender sender, KnockLetter letter)
    {
        _held.Add(sender);
        _held.Add(letter);
        if (letter.Answer is { } answer && sender.Datagrams is { } socket)
            _listening.Add(ListenAsync(socket, sender.RemoteEndPoint, answer));
    }

    private async Task ListenAsync(Socket socket, EndPoint gate, Func<ReadOnlyMemory<byte>, Receipt?> answer)
    {
        var buffer = new byte[BufferSize];
        try
        {
            while (true)
            {
                var come = await socket.ReceiveFromAsync(buffer, gate, _end.Token);
                if (!come.RemoteEndPoint.Equals(gate) || answer(buffer.AsMemory(0, come.ReceivedBytes)) is not { } receipt)
                    continue;
                Last = receipt;
                if (receipt.Outcome == ReceiptOutcome.Refused)
                    _refusal.TrySetResult();
                _any.TrySetResult();
                return; // one answer to one request, and no more
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Nobody waits for it any longer.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_listening); // none is in the middle of reading with a key that goes now
        foreach (var held in _held)
            held.Dispose();
        _end.Dispose();
    }
}
