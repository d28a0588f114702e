using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.Json;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Control;

/// <summary>
/// The socket that operators talk to. Only root and the gate's own user may: the file is 0600 and the kernel is asked who is at the other
/// end. One request a connection, of bounded size, in bounded time, from so many at once; whoever is slow or talks nonsense is hung up on.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ControlServer : IDisposable
{
    private const int MaxRequest = 4096;
    private const int MaxConnections = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly Action<ControlCall> _ask;
    private readonly SemaphoreSlim _places = new(MaxConnections);
    private readonly CancellationTokenSource _stop = new();

    private Socket _listener;

    private ControlServer(string path, Socket listener, Action<ControlCall> ask)
    {
        _path = path;
        _listener = listener;
        _ask = ask;
        _ = AcceptAsync();
    }

    /// <exception cref="CommandFailure">Another gate answers there, or the socket cannot be made.</exception>
    public static ControlServer Listen(string path, Action<ControlCall> ask) => new(path, Bind(path), ask);

    /// <summary>Whether its file is still there: whoever clears a folder takes it away, and nobody could reach the gate any more.</summary>
    public bool IsThere => File.Exists(_path);

    /// <summary>Puts the file back. Who is being answered is not disturbed.</summary>
    /// <exception cref="CommandFailure">It cannot be made.</exception>
    public void Renew()
    {
        Volatile.Read(ref _listener).Dispose(); // first, since that deletes whatever has its name
        Volatile.Write(ref _listener, Bind(_path));
    }

    private static Socket Bind(string path)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            MakeFolder(path);
            RemoveStale(path);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(MaxConnections);
            return listener;
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            listener.Dispose();
            throw new CommandFailure(ExitCode.Usage, $"cannot make the control socket {path}: {e.Message}", "set gate.control_socket to a path that this user may create");
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        File.Delete(_path);
        _stop.Dispose();
    }

    private static void MakeFolder(string path)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder && !Directory.Exists(folder))
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void RemoveStale(string path)
    {
        if (!File.Exists(path))
            return;
        if (new FileInfo(path).Length > 0)
            throw new IOException("a file has that name, and it is no socket");
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException)
        {
            File.Delete(path); // left by a gate that was killed
            return;
        }

        throw new CommandFailure(ExitCode.Usage, $"another gate answers at {path}", "stop it first ('systemctl stop postern'), or give this one a gate.control_socket of its own");
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _places.WaitAsync(_stop.Token);
                var client = await Volatile.Read(ref _listener).AcceptAsync(_stop.Token);
                _ = ServeAsync(client);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException && !_stop.IsCancellationRequested)
            {
                _places.Release(); // out of descriptors, a client that left at once, or another listener has taken over
                await Task.Delay(100);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            using (client)
            using (var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
            {
                patience.CancelAfter(Patience);
                if (!IsTrusted(client) || await ReadAsync(client, patience.Token) is not { } request)
                    return;
                var call = new ControlCall(request);
                _ask(call);
                var reply = await call.Reply.WaitAsync(patience.Token);
                if (reply.Grants is { } grants)
                    await grants.WriteAsync(lines => SendAsync(client, lines, patience.Token));
                await SendAsync(client, JsonSerializer.SerializeToUtf8Bytes(reply, ControlJson.Default.ControlReply), patience.Token);
                client.Shutdown(SocketShutdown.Both);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // It is gone, too slow, or the gate is stopping: nobody is left to tell.
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>SO_PEERCRED (unix(7)): pid, uid, gid of whoever connected, each 32 bits, as the kernel saw it.</summary>
    private static bool IsTrusted(Socket client)
    {
        const int solSocket = 1, soPeerCred = 17;
        Span<byte> credentials = stackalloc byte[12];
        client.GetRawSocketOption(solSocket, soPeerCred, credentials);
        var uid = BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]);
        return uid == 0 || uid == OwnUser.Value;
    }

    /// <summary>Null for whatever is not one line with a request in it.</summary>
    private static async Task<ControlRequest?> ReadAsync(Socket client, CancellationToken cancellation)
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
                return Parse(buffer.AsSpan(0, end));
        }

        return null;
    }

    private static ControlRequest? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, ControlJson.Default.ControlRequest) is { Verb: not null } request ? request : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async ValueTask SendAsync(Socket client, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await client.SendAsync(bytes, cancellation)..];
    }
}
