using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using Postern.Packets;
using Postern.Tests;

namespace Postern.Packets.Tests;

/// <summary>A ring in a namespace, and a thread that reads it and keeps what it read.</summary>
internal sealed class RingReader : IDisposable
{
    private readonly BlockingCollection<Seen> _seen = [];
    private readonly Thread _thread;

    internal sealed record Seen(byte[] Bytes, long Time, long ReadAt)
    {
        public string What
        {
            get
            {
                Assert.Equal(PacketFault.None, PacketView.TryRead(Bytes, LinkType.Raw, out var packet));
                var port = packet.Protocol is IpProtocol.Tcp or IpProtocol.Udp ? packet.DestinationPort : packet.PayloadLength;
                return $"{packet.Protocol.ToString().ToLowerInvariant()}/{port}";
            }
        }
    }

    public RingReader(NetworkNamespace space, CaptureFilter filter, params ImmutableArray<string> interfaces)
    {
        Ring = space.Enter(() => PacketRing.Open(filter, interfaces, RingSize.Default));
        _thread = new Thread(Read) { IsBackground = true };
        _thread.Start();
    }

    public PacketRing Ring { get; }

    /// <summary>Of the reading thread, when it has begun.</summary>
    public int ThreadId { get; private set; }

    private void Read()
    {
        ThreadId = int.Parse(File.ReadLines("/proc/thread-self/status").First(line => line.StartsWith("Pid:", StringComparison.Ordinal))[4..]);
        while (Ring.TryRead(out var packet))
        {
            Assert.Equal(LinkType.Raw, packet.Link);
            _seen.Add(new(packet.Bytes.ToArray(), packet.Time, Stopwatch.GetTimestamp()));
        }

        _seen.CompleteAdding();
    }

    /// <summary>The next packet, or null if none comes.</summary>
    public Seen? Next(int milliseconds = 3000) => _seen.TryTake(out var seen, milliseconds) ? seen : null;

    public void ExpectNext(string what) => Assert.Equal(what, Next()?.What);

    public void ExpectNothing() => Assert.Null(Next(50)?.What);

    /// <summary>How long the thread took to end once told to.</summary>
    public TimeSpan Stop()
    {
        var start = Stopwatch.GetTimestamp();
        Ring.Stop();
        Assert.True(_thread.Join(TimeSpan.FromSeconds(10)), "the reader did not stop");
        return Stopwatch.GetElapsedTime(start);
    }

    public void Dispose()
    {
        Stop();
        Ring.Dispose();
        _seen.Dispose();
    }
}
