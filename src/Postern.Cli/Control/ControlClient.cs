using System.Net.Sockets;
using System.Text.Json;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Control;

/// <summary>Asks the running gate.</summary>
internal static class ControlClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <exception cref="CommandFailure">No gate runs there, we may not talk to it, or it refused.</exception>
    public static Task<ControlReply> AskAsync(string path, ControlRequest request, CancellationToken cancellation) =>
        AskAsync(path, request, _ => { }, cancellation);

    /// <param name="path">The gate's socket.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="line">Called with each line before the last.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="CommandFailure">As above; lines may have come before it.</exception>
    public static async Task<ControlReply> AskAsync(string path, ControlRequest request, Action<string> line, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await ConnectAsync(socket, path).WaitAsync(patience.Token);
            await using var stream = new NetworkStream(socket);
            await TellAsync(stream, request, patience.Token);
            var reply = JsonSerializer.Deserialize(await LastLineAsync(stream, line, patience.Token) ?? "null", ControlJson.Default.ControlReply);
            return reply switch
            {
                { Failure: { } failure } => throw Refused(failure),
                { Status: not null } or { Done: not null } => reply,
                _ => throw HungUp(path), // a list that was cut short ends in a grant
            };
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied)
        {
            throw new CommandFailure(ExitCode.MissingPrivilege, $"may not talk to the gate at {path}", "run this as root, or have gate.control_readers name a group of yours");
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new CommandFailure(ExitCode.NotDone, $"no gate answers at {path}", "start it ('postern gate'), or name its socket with --socket");
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw HungUp(path);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CommandFailure(ExitCode.NotDone, $"the gate at {path} does not answer", "look at its log: it may be stuck");
        }
    }

    /// <summary>Takes lines as they come, until it is told to end.</summary>
    /// <param name="path">The gate's socket.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="line">Called with each line.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="CommandFailure">As above; or the gate has ended.</exception>
    public static async Task WatchAsync(string path, ControlRequest request, Action<string> line, CancellationToken cancellation)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await ConnectAsync(socket, path).WaitAsync(Patience, cancellation);
            await using var stream = new NetworkStream(socket);
            await TellAsync(stream, request, cancellation);
            using var reader = new StreamReader(stream, leaveOpen: true);
            var isFirst = true;
            for (; await reader.ReadLineAsync(cancellation) is { } next; isFirst = false)
            {
                if (isFirst && next.StartsWith("{\"failure\"", StringComparison.Ordinal) && JsonSerializer.Deserialize(next, ControlJson.Default.ControlReply) is { Failure: { } failure })
                    throw Refused(failure);
                line(next);
            }

            throw isFirst ? HungUp(path) : new CommandFailure(ExitCode.NotDone, $"the gate at {path} has ended, or this did not read what it said", "'postern status' says whether a gate is there");
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied)
        {
            throw new CommandFailure(ExitCode.MissingPrivilege, $"may not talk to the gate at {path}", "run this as root, or have gate.control_readers name a group of yours");
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new CommandFailure(ExitCode.NotDone, $"no gate answers at {path}", "start it ('postern gate'), or name its socket with --socket");
        }
        catch (Exception e) when (e is JsonException or IOException or TimeoutException)
        {
            throw HungUp(path);
        }
    }

    /// <summary>Where many connect at once the kernel lets those wait, in turn, who wait in the call itself; others are turned away.</summary>
    private static Task ConnectAsync(Socket socket, string path)
    {
        socket.SendTimeout = (int)Patience.TotalMilliseconds;
        return Task.Run(() => socket.Connect(new UnixDomainSocketEndPoint(path)));
    }

    private static async Task TellAsync(NetworkStream stream, ControlRequest request, CancellationToken cancellation)
    {
        try
        {
            await stream.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), (byte)'\n'], cancellation);
        }
        catch (IOException)
        {
            // It hung up, and may have said why before.
        }
    }

    private static async Task<string?> LastLineAsync(NetworkStream stream, Action<string> earlier, CancellationToken cancellation)
    {
        using var reader = new StreamReader(stream, bufferSize: 64 << 10, leaveOpen: true);
        string? last = null;
        try
        {
            while (await reader.ReadLineAsync(cancellation) is { } next)
            {
                if (last is not null)
                    earlier(last);
                last = next;
            }
        }
        catch (IOException) when (last is not null)
        {
            // It hung up without reading what was asked; this is why.
        }

        return last;
    }

    private static CommandFailure Refused(ControlFailure failure) =>
        new(failure.MissingRight is true ? ExitCode.MissingPrivilege : ExitCode.NotDone, failure.Refusal is null ? failure.Message : $"{failure.Message} ({failure.Refusal})", failure.Hint);

    private static CommandFailure HungUp(string path) => Environment.IsPrivilegedProcess
        ? new(ExitCode.NotDone, $"the gate at {path} hung up", "is it of the same version? Its log may say more")
        : new(ExitCode.MissingPrivilege, $"the gate at {path} hung up: this user may not speak to it", "run this as root, or have gate.control_readers name a group of yours");
}
