using System.Net.Sockets;

namespace Postern.Client.Connecting;

/// <summary>
/// Carries bytes between two streams and a connection until both ways have ended. Each way is one thread that reads, then writes, and so takes nothing that it cannot pass on.
/// The end of one way is passed on and leaves the other open: whoever says no more may still be told something.
/// </summary>
public static class Relay
{
    /// <summary>Tuning: several times what a pipe holds, so that a socket that has more gives it at once.</summary>
    private const int BufferSize = 256 * 1024;

    /// <param name="connection">Stays the caller's.</param>
    /// <param name="input">What is to be sent.</param>
    /// <param name="output">Where to what is received goes.</param>
    /// <param name="endOutput">Passes on the end of what is received: once, after the last byte.</param>
    /// <param name="endWithConnection">Once the other side has ended, do not wait for the end of <paramref name="input"/>: somebody types there.</param>
    /// <returns>False where the connection, or who reads the output, went away before its end. A thread may be left that waits for <paramref name="input"/>.</returns>
    public static async Task<bool> RunAsync(Socket connection, Stream input, Stream output, Action endOutput, bool endWithConnection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        connection.NoDelay = true;
        connection.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, optionValue: true);
        var sending = OnThread("postern send", () => Carry(input.Read, bytes => SendAll(connection, bytes), () => connection.Shutdown(SocketShutdown.Send)));
        var receiving = OnThread("postern receive", () => Carry(bytes => connection.Receive(bytes), output.Write, endOutput));
        if (await Task.WhenAny(sending, receiving) == receiving && (endWithConnection || await receiving == End.Broken))
            return await receiving == End.Reached;

        // What could not be sent says nothing of what is still to be received.
        await Task.WhenAll(sending, receiving);
        return await receiving == End.Reached && await sending == End.Reached;
    }

    private enum End
    {
        /// <summary>All was passed on, and then the end of it.</summary>
        Reached,

        /// <summary>The other side is gone.</summary>
        Broken,
    }

    private delegate int Reader(Span<byte> buffer);

    private delegate void Writer(ReadOnlySpan<byte> bytes);

    private static End Carry(Reader read, Writer write, Action end)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
        try
        {
            while (read(buffer) is var length && length > 0)
                write(buffer.AsSpan(0, length));
            end();
            return End.Reached;
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or UnauthorizedAccessException)
        {
            EndQuietly(end);
            return End.Broken;
        }
    }

    private static void EndQuietly(Action end)
    {
        try
        {
            end();
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // It had ended of itself.
        }
    }

    private static void SendAll(Socket connection, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[connection.Send(bytes)..];
    }

    private static Task<End> OnThread(string name, Func<End> carry)
    {
        var done = new TaskCompletionSource<End>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => done.SetResult(carry())) { IsBackground = true, Name = name }.Start();
        return done.Task;
    }
}
