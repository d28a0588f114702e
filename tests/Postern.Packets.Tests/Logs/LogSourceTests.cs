using System.IO.Pipes;
using System.Text;

namespace Postern.Packets.Tests.Logs;

/// <summary>Lines from a pipe, as the reader of a log hands them on.</summary>
public sealed class LogSourceTests
{
    /// <summary>A step that came in elsewhere is none, as with packet sockets.</summary>
    [Theory]
    [InlineData(2, "eth0", "lan")]
    [InlineData(1, "eth0")]
    [InlineData(0, "eth")]
    [InlineData(3)]
    public void Only_packets_of_the_interfaces_that_are_wanted_are_told(int told, params string[] wanted)
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        var handle = pipe.ClientSafePipeHandle;
        using var source = new LogSource((int)handle.DangerousGetHandle(), [.. wanted]);
        handle.SetHandleAsInvalid(); // it is the source's now
        foreach (var name in new[] { "eth0", "lan", "eth01" })
            pipe.Write(Encoding.ASCII.GetBytes($"Nov 22 11:23:43 gate kernel: knock: IN={name} OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.7 DST=192.0.2.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=57270 DF PROTO=TCP SPT=40542 DPT=7000 WINDOW=65495 RES=0x00 SYN URGP=0 \n"));
        for (var i = 0; i < told; i++)
            Assert.True(source.TryRead(out _, In(TimeSpan.FromSeconds(20))));
        Assert.False(source.TryRead(out _, In(TimeSpan.FromMilliseconds(200))));
        Assert.Equal(0, source.Dropped + source.Forged);
    }

    private static long In(TimeSpan time) => (Environment.TickCount64 * 1_000_000) + (time.Ticks * TimeSpan.NanosecondsPerTick);
}
