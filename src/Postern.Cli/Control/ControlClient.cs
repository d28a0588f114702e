using System.Net.Sockets;
using System.Text.Json;
using Postern.Cli.CommandLine;

namespace Postern.Cli.Control;

/// <summary>Asks the running gate.</summary>
internal static class ControlClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

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
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), patience.Token);
            await using var stream = new NetworkStream(socket);
            await JsonSerializer.SerializeAsync(stream, request, ControlJson.Default.ControlRequest, patience.Token);
            await stream.WriteAsync("\n"u8.ToArray(), patience.Token);
            var reply = JsonSerializer.Deserialize(await LastLineAsync(stream, line, patience.Token) ?? "null", ControlJson.Default.ControlReply);
            return reply?.Failure is { } failure ? throw Refused(failure) : reply ?? throw HungUp(path);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied)
        {
            throw new CommandFailure(ExitCode.MissingPrivilege, $"may not talk to the gate at {path}", "run this as root, or as the user that the gate runs as");
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

    private static async Task<string?> LastLineAsync(NetworkStream stream, Action<string> earlier, CancellationToken cancellation)
    {
        using var reader = new StreamReader(stream, bufferSize: 64 << 10, leaveOpen: true);
        string? last = null;
        while (await reader.ReadLineAsync(cancellation) is { } next)
        {
            if (last is not null)
                earlier(last);
            last = next;
        }

        return last;
    }

    private static CommandFailure Refused(ControlFailure failure) =>
        new(ExitCode.NotDone, failure.Refusal is null ? failure.Message : $"{failure.Message} ({failure.Refusal})", failure.Hint);

    private static CommandFailure HungUp(string path) =>
        new(ExitCode.NotDone, $"the gate at {path} hung up", "only root and the gate's own user may ask it; is it of the same version?");
}
