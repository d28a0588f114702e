using Postern.Confinement;

namespace Postern.Cli.Gate;

/// <summary>
/// Writes whole lines to a descriptor, in order, and never keeps waiting whoever has something to say: at once where the kernel takes a line without waiting, as a pipe or the
/// journal's socket does while somebody reads, and otherwise by a thread, behind what waits already. When too much waits, lines are dropped and counted: whoever does not read the log does not stop the gate.
/// </summary>
/// <param name="descriptor">Not closed here.</param>
internal sealed class LogOutlet(int descriptor) : IDisposable
{
    internal const int MostWaiting = 2048;

    /// <summary>PIPE_BUF: what is longer could be taken in part.</summary>
    private const int LongestAtOnce = 4096;

    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(1.5);

    private readonly Lock _turn = new();
    private readonly Queue<byte[]> _waiting = [];
    private readonly SemaphoreSlim _more = new(0);
    private Thread? _writer;
    private bool _waitsAlways;
    private volatile bool _ended;
    private long _dropped;

    internal bool HasWriter => _writer is not null;

    /// <param name="line">With its end.</param>
    public void Write(ReadOnlySpan<byte> line)
    {
        lock (_turn)
        {
            if (_waiting.Count == 0 && TryAtOnce(ref line))
                return;
            _writer ??= Begin();
            if (_waiting.Count == MostWaiting)
            {
                _dropped++;
                return;
            }

            _waiting.Enqueue(line.ToArray());
        }

        _more.Release();
    }

    /// <summary>Lines that were dropped since the last time, once there is room to say so.</summary>
    public long TakeDropped()
    {
        if (Volatile.Read(ref _dropped) == 0)
            return 0;
        lock (_turn)
            return _waiting.Count < MostWaiting / 2 ? Interlocked.Exchange(ref _dropped, 0) : 0;
    }

    /// <summary>Gives what waits a moment to be written.</summary>
    public void Dispose()
    {
        _ended = true;
        _more.Release();
        _writer?.Join(LastPatience);
    }

    /// <summary>Leaves of the line what was not taken.</summary>
    private bool TryAtOnce(ref ReadOnlySpan<byte> line)
    {
        if (_waitsAlways || line.Length > LongestAtOnce)
            return false;
        var written = Writing.TryAtOnce(descriptor, line);
        _waitsAlways = written is null;
        line = line[(written ?? 0)..];
        return line.IsEmpty;
    }

    /// <summary>Null where no thread can be had: what was to be said waits for the next line to try again.</summary>
    private Thread? Begin()
    {
        try
        {
            var writer = new Thread(WriteWhatWaits) { Name = "log", IsBackground = true };
            writer.Start();
            return writer;
        }
        catch (Exception e) when (e is ThreadStartException or OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>A line stays in the queue until it is written, so that none overtakes it.</summary>
    private void WriteWhatWaits()
    {
        while (true)
        {
            byte[]? line;
            lock (_turn)
                _ = _waiting.TryPeek(out line);
            if (line is null)
            {
                if (_ended)
                    return;
                _more.Wait();
                continue;
            }

            _ = Writing.TryAll(descriptor, line); // where it cannot be written there is nobody to tell
            lock (_turn)
                _waiting.Dequeue();
        }
    }
}
