using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Packets;
using Postern.Reports.Spa;
using Postern.Sentry;

namespace Postern.Benchmarks;

/// <summary>
/// What each kind of SPA packet costs the sentry, from its bytes to the report or the refusal. The packet to another port is the baseline: what
/// everything that is not SPA costs where SPA is on.
/// </summary>
[MemoryDiagnoser]
[Config(typeof(InThisProcess))]
public class SpaSentryBenchmarks
{
    private const ushort Port = 62_201;
    private const int Count = 1 << 12;

    private readonly Random _random = new(1);
    private readonly byte[][] _junk = new byte[Count][];
    private readonly byte[][] _nonsense = new byte[Count][];
    private readonly byte[][] _fresh = new byte[Count][];
    private OuterKey _outer = null!;
    private BoxKeyPair _gate = null!;
    private byte[] _elsewhere = null!;
    private byte[] _wrongSize = null!;
    private byte[] _copy = null!;
    private Sentry.Sentry _sentry = null!;
    private Sentry.Sentry _bounded = null!;
    private Sentry.Sentry _opening = null!;
    private SentryOptions _limitless = null!;
    private long _now;
    private int _next;

    [Params(320, 1200)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _outer = GateSecret.Generate().DeriveOuterKey();
        _gate = BoxKeyPair.Generate();
        var spa = new SpaWatchOptions(_outer, _gate, new(1, 2)) { UdpPorts = [new(Port, Port)], TcpPorts = [new(443, 443)], Echo = true };
        var all = new OpeningRate(1_000_000, 1_000_000);
        _limitless = new(1, []) { Spa = spa with { Limits = new() { InAll = all, PerHost = all, PerNetwork = all } } };
        _sentry = new(_limitless);
        _opening = new(_limitless);
        _bounded = new(new SentryOptions(1, []) { Spa = spa with { Limits = new() { InAll = new(1, 1) } } });
        _elsewhere = DetectionBenchmarks.Syn(0xc000_0201, 9);
        _wrongSize = Datagram(new byte[Size - 1]);
        _copy = Datagram(Fresh());
        _sentry.Watch(new CapturedPacket { Bytes = _copy, Link = LinkType.Raw, Time = 1 });
        for (var i = 0; i < Count; i++)
        {
            _junk[i] = Datagram(Bytes(Size));
            _nonsense[i] = Datagram(SealOuter(Bytes(Size - OuterKey.NonceSize - OuterKey.TagSize)));
            _fresh[i] = Datagram(Fresh());
        }
    }

    [Benchmark(Baseline = true, Description = "not SPA")]
    public int Elsewhere() => Watch(_sentry, _elsewhere);

    [Benchmark(Description = "wrong size")]
    public int WrongSize() => Watch(_sentry, _wrongSize);

    [Benchmark(Description = "a copy")]
    public int Copy() => Watch(_sentry, _copy);

    [Benchmark(Description = "junk")]
    public int Junk() => Watch(_sentry, _junk[_next++ & (Count - 1)]);

    [Benchmark(Description = "well sealed, over budget")]
    public int OverBudget() => Watch(_bounded, _nonsense[_next++ & (Count - 1)]);

    /// <summary>A sentry that knows none of them yet, before each would be a copy.</summary>
    [Benchmark(Description = "opened and reported")]
    public int Opened()
    {
        if ((_next & (Count - 1)) == 0)
            _opening = new(_limitless);
        return Watch(_opening, _fresh[_next++ & (Count - 1)]);
    }

    private int Watch(Sentry.Sentry sentry, byte[] packet)
    {
        _now += 1000;
        return sentry.Watch(new CapturedPacket { Bytes = packet, Link = LinkType.Raw, Time = _now }).Length;
    }

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private byte[] Fresh()
    {
        var unsigned = SpaRequestWriter.WriteUnsigned(new(1, _gate.Public.GateId, 7, ["ssh"]));
        return SpaWriter.Write(unsigned, Bytes(83), Size, _outer, _gate.Public, Bytes(SpaWriter.ChanceSize));
    }

    private byte[] SealOuter(byte[] box)
    {
        var packet = Bytes(OuterKey.NonceSize + box.Length + OuterKey.TagSize);
        _outer.Seal(packet.AsSpan(0, OuterKey.NonceSize), box, packet.AsSpan(OuterKey.NonceSize));
        return packet;
    }

    private byte[] Datagram(byte[] payload)
    {
        var packet = new byte[28 + payload.Length];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        packet[9] = 17;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), (uint)_random.NextInt64(uint.MaxValue));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), Port);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(24), (ushort)(8 + payload.Length));
        payload.CopyTo(packet, 28);
        return packet;
    }
}
