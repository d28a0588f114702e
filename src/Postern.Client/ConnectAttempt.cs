using System.Net;
using System.Net.Sockets;

namespace Postern.Client;

/// <summary>
/// One connection on its way. Starting it sends exactly one SYN; disposing it at once keeps the
/// kernel from ever repeating that SYN. Failing is the usual case here, so nothing throws.
/// </summary>
internal sealed class ConnectAttempt : IDisposable
{
    private static readonly LingerOption Abandon = new(enable: true, seconds: 0);

    private readonly Socket _socket;
    private readonly SocketAsyncEventArgs _arguments;
    private readonly Action<ConnectAttempt, SocketError> _ended;

    /// <summary><paramref name="ended"/> is called once, on any thread, with what came of it; <see cref="SocketError.OperationAborted"/> after Dispose.</summary>
    public ConnectAttempt(EndPoint endpoint, Action<ConnectAttempt, SocketError> ended)
        : this(endpoint, new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp), ended) { }

    /// <summary>From a socket that may be bound; it is owned from here on.</summary>
    public ConnectAttempt(EndPoint endpoint, Socket socket, Action<ConnectAttempt, SocketError> ended)
    {
        _ended = ended;
        _socket = socket;
        _arguments = new SocketAsyncEventArgs { RemoteEndPoint = endpoint };
        _arguments.Completed += (_, arguments) => _ended(this, arguments.SocketError);
    }

    /// <summary>A TCP knock: the SYN leaves, and the socket is gone before anything can follow it. Returns what the own system said at once.</summary>
    public static SocketError Knock(EndPoint endpoint)
    {
        using var attempt = new ConnectAttempt(endpoint, static (_, _) => { });
        var error = attempt._socket.ConnectAsync(attempt._arguments) ? SocketError.Success : attempt._arguments.SocketError;
        attempt._socket.LingerState = Abandon; // where somebody has already answered: a reset, and not a goodbye in four packets
        return error;
    }

    public void Start()
    {
        if (!_socket.ConnectAsync(_arguments))
            _ended(this, _arguments.SocketError);
    }

    /// <summary>The connection that stands is another's from now on.</summary>
    public Socket Release()
    {
        _arguments.Dispose();
        return _socket;
    }

    /// <summary>
    /// Ends an established connection as a polite client does: our FIN leaves at once; what the service still sends (a banner) is read until
    /// it closes too, because closing on unread data would send a reset, which servers log as an error.
    /// </summary>
    public async Task CloseAsync(TimeSpan patience)
    {
        var buffer = new byte[512];
        using var limit = new CancellationTokenSource(patience);
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
            while (await _socket.ReceiveAsync(buffer, limit.Token) > 0) { }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other side was quicker, or never says goodbye: closed either way.
        }

        Dispose();
    }

    public void Dispose()
    {
        _socket.Dispose();
        _arguments.Dispose();
    }
}
