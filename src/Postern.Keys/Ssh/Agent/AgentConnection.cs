using System.Buffers.Binary;
using System.IO.Pipes;
using System.Net.Sockets;
using System.Security.Principal;

namespace Postern.Keys.Ssh.Agent;

/// <summary>
/// Questions and answers, one at a time, each as <c>uint32 length | byte kind | …</c> (draft-ietf-sshm-ssh-agent §3; OpenSSH PROTOCOL.agent).
/// After a fault it is closed: nobody knows which answer would come next.
/// </summary>
internal sealed class AgentConnection : IDisposable
{
    // As OpenSSH's own client bounds it.
    private const int MaxAnswer = 256 * 1024;

    private const string PipePrefix = @"\\.\pipe\";

    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(5);

    private readonly Stream _stream;
    private readonly Lock _lock = new();

    internal AgentConnection(Stream stream) => _stream = stream;

    /// <param name="path">Of a Unix socket, or on Windows of a named pipe: <c>\\.\pipe\…</c></param>
    public static AgentConnection Open(string path)
    {
        try
        {
            return new(path.StartsWith(PipePrefix, StringComparison.Ordinal) ? OpenPipe(path[PipePrefix.Length..]) : OpenSocket(path));
        }
        catch (Exception e) when (e is SocketException or IOException or TimeoutException or UnauthorizedAccessException or ArgumentException or OperationCanceledException)
        {
            throw new SshKeyException($"the SSH agent at {path} does not answer: {e.Message}", "is it running, and is SSH_AUTH_SOCK its own? start one: eval \"$(ssh-agent)\" && ssh-add", e);
        }
    }

    /// <summary>The answer, its kind first.</summary>
    /// <param name="question">Its kind first.</param>
    /// <param name="patience">Null where somebody may have to be asked first.</param>
    public byte[] Ask(ReadOnlySpan<byte> question, TimeSpan? patience)
    {
        var framed = new byte[sizeof(uint) + question.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed, question.Length);
        question.CopyTo(framed.AsSpan(sizeof(uint)));
        lock (_lock)
        {
            try
            {
                using var limit = new CancellationTokenSource(patience ?? Timeout.InfiniteTimeSpan);
                return AskAsync(framed, limit.Token).GetAwaiter().GetResult();
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException or InvalidDataException)
            {
                _stream.Dispose();
                var what = e is OperationCanceledException ? "does not answer" : e is InvalidDataException ? "answers with nonsense" : "has gone away";
                throw new SshKeyException($"the SSH agent {what}", "start it again and give it the key: ssh-add", e);
            }
        }
    }

    public void Dispose() => _stream.Dispose();

    private async Task<byte[]> AskAsync(byte[] framed, CancellationToken limit)
    {
        await _stream.WriteAsync(framed, limit);
        await _stream.FlushAsync(limit);
        var head = new byte[sizeof(uint)];
        await _stream.ReadExactlyAsync(head, limit);
        var length = BinaryPrimitives.ReadUInt32BigEndian(head);
        if (length is 0 or > MaxAnswer)
            throw new InvalidDataException($"an answer of {length} bytes");
        var answer = new byte[length];
        await _stream.ReadExactlyAsync(answer, limit);
        return answer;
    }

    private static NetworkStream OpenSocket(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            using var limit = new CancellationTokenSource(ConnectPatience);
            socket.ConnectAsync(new UnixDomainSocketEndPoint(path), limit.Token).AsTask().GetAwaiter().GetResult();
            return new(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static NamedPipeClientStream OpenPipe(string name)
    {
        // The agent may see who asks and nothing more.
        var pipe = new NamedPipeClientStream(".", name, PipeDirection.InOut, PipeOptions.Asynchronous, TokenImpersonationLevel.Identification);
        try
        {
            pipe.Connect(ConnectPatience);
            return pipe;
        }
        catch
        {
            pipe.Dispose();
            throw;
        }
    }
}
