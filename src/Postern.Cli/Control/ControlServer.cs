using System.Collections.Immutable;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Cli.Gate;
using Postern.Cli.Gate.Watch;
using Postern.Reports;

namespace Postern.Cli.Control;

/// <summary>
/// The socket that operators talk to. The kernel is asked who is at the other end: root and the gate's own user may ask anything, the readers of the configuration how it
/// stands, and all others are closed before they take a place. One request a connection, of bounded size; every step of it in bounded time. Readers have places of their
/// own, so that however many of them are slow, root is served.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ControlServer : IDisposable
{
    private const int MaxRequest = 4096;
    private const int Backlog = 128;
    private static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PlacePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DecisionPatience = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan SendPatience = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan StrangersTold = TimeSpan.FromMinutes(1);

    private readonly Action<ControlCall> _ask;
    private readonly ControlFile _file;
    private readonly ILogger _log;
    private readonly WatchDesk? _watch;
    private readonly SharedAnswers _forReaders;
    private readonly ControlPlaces _changing = new(served: 8, waiting: 64);
    private readonly ControlPlaces _reading = new(served: 8, waiting: 24);
    private readonly CancellationTokenSource _stop = new();
    private ImmutableArray<ControlReader> _readers;
    private Socket _listener;
    private string? _lost;
    private long _strangers;
    private Peer? _lastStranger;
    private long _strangersTold;
    private TimeSpan? _toldAt;

    private ControlServer(ControlFile file, Socket listener, ImmutableArray<ControlReader> readers, Action<ControlCall> ask, ILogger log, WatchDesk? watch)
    {
        (_file, _listener, _readers, _ask, _log, _watch) = (file, listener, readers, ask, log, watch);
        _forReaders = new(AskAsync);
        BeginToAccept(listener);
    }

    /// <exception cref="CommandFailure">Another gate answers there, or the socket cannot be made.</exception>
    public static ControlServer Listen(string path, ImmutableArray<ControlReader> readers, Action<ControlCall> ask, ILogger log, WatchDesk? watch = null)
    {
        var file = new ControlFile(path, log);
        return new(file, file.Listen(Backlog, !readers.IsEmpty), readers, ask, log, watch);
    }

    /// <summary>
    /// On the warden's thread, now and then and after a reload: who may read now; whether the file still leads here, since somebody may have removed it; what strangers did.
    /// </summary>
    public void Tend(ImmutableArray<ControlReader> readers, TimeSpan now)
    {
        _readers = readers;
        _forReaders.Forget();
        TellOfStrangers(now);
        try
        {
            if (_file.IsThere)
            {
                _file.SetRights(!readers.IsEmpty);
            }
            else
            {
                _file.MakeWay();
                _listener.Dispose(); // first: the runtime removes whatever has its name then
                _listener = _file.Listen(Backlog, !readers.IsEmpty);
                BeginToAccept(_listener);
                GateLog.ControlRestored(_log, _file.Path);
            }

            _lost = null;
        }
        catch (Exception e) when (e is CommandFailure or IOException or UnauthorizedAccessException)
        {
            if (!string.Equals(_lost, e.Message, StringComparison.Ordinal))
                GateLog.ControlLost(_log, _file.Path, e.Message);
            _lost = e.Message;
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        if (_file.IsThere)
            _listener.Dispose(); // and its name; one that leads to somebody else is left alone
        _file.Dispose();
        _stop.Dispose();
    }

    /// <summary>On a thread of its own accord: whoever is in the queue already must not be served by the one who opens it.</summary>
    private void BeginToAccept(Socket listener) => _ = Task.Run(() => AcceptAsync(listener));

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            try
            {
                Admit(await listener.AcceptAsync(_stop.Token));
            }
            catch (SocketException) when (!_stop.IsCancellationRequested && ReferenceEquals(listener, _listener))
            {
                await Task.Delay(100); // out of descriptors, or a client that left at once
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            catch (Exception e) when (e is IOException or OutOfMemoryException)
            {
                await Task.Delay(100); // whoever it was goes without; others must not
            }
        }
    }

    private void Admit(Socket client)
    {
        var (peer, right) = RightOf(client);
        if (right == ControlRight.None)
        {
            client.Dispose();
            _lastStranger = peer ?? _lastStranger;
            Interlocked.Increment(ref _strangers);
            return;
        }

        _ = Task.Run(() => ServeAsync(client, right));
    }

    private (Peer? Peer, ControlRight Right) RightOf(Socket client)
    {
        try
        {
            var peer = Peer.Of(client);
            return (peer, peer.RightUnder(_readers));
        }
        catch (SocketException)
        {
            return (null, ControlRight.None);
        }
    }

    private async Task ServeAsync(Socket client, ControlRight right)
    {
        var places = right == ControlRight.Change ? _changing : _reading;
        try
        {
            using (client)
            {
                if (!await WithinAsync(PlacePatience, places.EnterAsync))
                {
                    await SendAsync(client, Refusing(new(null, "too many speak to the gate at once", "try again in a moment")));
                    return;
                }

                ControlReply? reply = null;
                try
                {
                    reply = await ReplyAsync(client, right);
                    if (reply is { Watcher: null })
                        await SendAsync(client, reply);
                }
                finally
                {
                    places.Leave();
                }

                if (reply is { Watcher: { } watcher })
                    await _watch!.ServeAsync(watcher, (line, time) => SendAsync(client, line, time), () => RightOf(client).Right != ControlRight.None, _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It is gone, too slow, or the gate is stopping: nobody is left to tell.
        }
    }

    /// <summary>Null: nothing was asked.</summary>
    private async Task<ControlReply?> ReplyAsync(Socket client, ControlRight right)
    {
        if (await WithinAsync(RequestPatience, time => LineAsync(client, time)) is not { } line)
            return null;
        if (!RequestReader.TryRead(line.Span, out var request, out var failure))
            return Refusing(failure!);
        if (request.Verb is ControlRequest.Watch)
            return Watch(request, right);
        if (right == ControlRight.Change)
            return await WithinAsync(DecisionPatience, time => AskAsync(request).WaitAsync(time));
        return RequestReader.OnlyReads(request)
            ? await WithinAsync(DecisionPatience, time => _forReaders.Get(request).WaitAsync(time))
            : Refusing(new(null, $"gate.control_readers lets you look, not {request.Verb}", "run this as root, or as the user that the gate runs as") { MissingRight = true });
    }

    /// <summary>Whoever watches has a place of another kind, and asks nothing of the warden's thread.</summary>
    private ControlReply Watch(ControlRequest request, ControlRight right)
    {
        var client = Address.TryParse(request.Address, out var address) ? address : (Address?)null;
        return _watch?.Join(client, right) is { } watcher
            ? new() { Watcher = watcher }
            : Refusing(new(null, "too many watch at once", "end another 'postern watch' first"));
    }

    private Task<ControlReply> AskAsync(ControlRequest request)
    {
        var call = new ControlCall(request);
        _ask(call);
        return call.Reply;
    }

    /// <summary>Null for whatever is not one line of that size at most.</summary>
    private static async Task<ReadOnlyMemory<byte>?> LineAsync(Socket client, CancellationToken cancellation)
    {
        var buffer = new byte[MaxRequest];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = await client.ReceiveAsync(buffer.AsMemory(length), cancellation);
            if (read == 0)
                return null;
            length += read;
            if (buffer.AsSpan(0, length).IndexOf((byte)'\n') is >= 0 and var end)
                return buffer.AsMemory(0, end);
        }

        return null;
    }

    private Task<bool> SendAsync(Socket client, ControlReply reply) => WithinAsync(SendPatience, async time =>
    {
        if (reply.Grants is { } grants)
            await grants.WriteAsync(lines => SendAsync(client, lines, time));
        await SendAsync(client, JsonSerializer.SerializeToUtf8Bytes(reply, ControlJson.Default.ControlReply), time);
        client.Shutdown(SocketShutdown.Both);
        return true;
    });

    private static async ValueTask SendAsync(Socket client, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await client.SendAsync(bytes, cancellation)..];
    }

    private async Task<T> WithinAsync<T>(TimeSpan patience, Func<CancellationToken, Task<T>> work)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        time.CancelAfter(patience);
        return await work(time.Token);
    }

    private static ControlReply Refusing(ControlFailure failure) => new() { Failure = failure };

    /// <summary>One line a minute, however many there were.</summary>
    private void TellOfStrangers(TimeSpan now)
    {
        if (Interlocked.Read(ref _strangers) is var strangers && (strangers == _strangersTold || now - _toldAt < StrangersTold))
            return;
        GateLog.ControlStrangers(_log, strangers - _strangersTold, _lastStranger?.Pid ?? 0, _lastStranger?.User ?? 0);
        (_strangersTold, _toldAt) = (strangers, now);
    }
}
