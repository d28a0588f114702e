using System.Threading.Channels;
using Postern.Cli.Control;
using Postern.Reports;

namespace Postern.Cli.Gate.Watch;

/// <summary>Somebody who watches, and the lines that he has not been sent yet.</summary>
/// <param name="client">Who alone he is told of; null: everybody.</param>
/// <param name="right">As whom he came.</param>
internal sealed class Watcher(Address? client, ControlRight right)
{
    /// <summary>Lines; the longest is some hundreds of bytes.</summary>
    public const int Room = 1024;

    private readonly Channel<byte[]> _lines = System.Threading.Channels.Channel.CreateBounded<byte[]>(new BoundedChannelOptions(Room) { SingleReader = true });
    private long _missed;

    public Address? Client => client;

    public ControlRight Right => right;

    /// <summary>Lines that there was no room for.</summary>
    public long Missed => Interlocked.Read(ref _missed);

    public void Put(byte[] line)
    {
        if (!_lines.Writer.TryWrite(line))
            Interlocked.Increment(ref _missed);
    }

    public Task WaitAsync() => _lines.Reader.WaitToReadAsync().AsTask();

    public byte[] TakeAll()
    {
        using var all = new MemoryStream();
        while (_lines.Reader.TryRead(out var line))
            all.Write(line);
        return all.ToArray();
    }
}
