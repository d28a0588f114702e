using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Sentry;

namespace Postern.Benchmarks;

/// <summary>
/// What a packet costs from its bytes to "nothing to report", which is what a flood is made of; the live ring adds what
/// <see cref="CapturedPacket"/> costs. The packet with no knock in it is the baseline: it is read and looked up, and that is all.
/// </summary>
[MemoryDiagnoser]
[Config(typeof(InThisProcess))]
public class DetectionBenchmarks
{
    private const int Count = 1 << 16;

    private readonly byte[][] _syns = new byte[Count][];
    private Sentry.Sentry _sentry = null!;
    private long _now;
    private int _next;

    [Params(1, 100, 10_000)]
    public int Doors { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        var doors = Enumerable.Range(0, Doors).Select(i => new KnockSequence($"door{i}", i == 0
            ? [new(StepKind.Tcp, 7000, 7000), new(StepKind.Udp, 8000, 8000), new(StepKind.Tcp, 9000, 9000)]
            : [.. Enumerable.Range(0, 3).Select(_ => random.Next(10_000, 65_536)).Select(p => new KnockStep(StepKind.Udp, (ushort)p, (ushort)p))])).ToArray();
        _sentry = new(new SentryOptions(1, [.. doors]) { Traps = TrapPorts.For([.. doors], (_, port) => port != 23, _ => 22) });
        for (var i = 0; i < Count; i++)
            _syns[i] = Syn((uint)random.NextInt64(uint.MaxValue), 0);
    }

    [Benchmark(Baseline = true, Description = "a port of no door")]
    public int Nothing() => Watch(9);

    [Benchmark(Description = "first knock, each from a new false address")]
    public int FirstKnock() => Watch(7000);

    [Benchmark(Description = "a trap, each from a new false address")]
    public int Trap() => Watch(23);

    private int Watch(ushort port)
    {
        var packet = _syns[_next++ & (Count - 1)];
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), port);
        _now += 3_333; // 300 000 a second
        return _sentry.Watch(new CapturedPacket { Bytes = packet, Link = LinkType.Raw, Time = _now }).Length;
    }

    internal static byte[] Syn(uint source, ushort port)
    {
        var packet = new byte[40];
        packet[0] = 0x45;
        packet[3] = 40;
        packet[9] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), source);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), port);
        packet[32] = 0x50;
        packet[33] = 0x02;
        return packet;
    }
}
