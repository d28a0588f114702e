using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using BenchmarkDotNet.Attributes;
using Postern.Keys.Fwknop;
using Postern.Knocks.Fwknop;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Fwknop;
using Postern.Sentry;

namespace Postern.Benchmarks;

/// <summary>
/// What a packet that looks like fwknop's costs the sentry, by how many stanzas there are: where each has a source of its own, and where each takes packets of anybody.
/// None is refused for the budget, which bounds what such packets cost together.
/// </summary>
[MemoryDiagnoser]
[Config(typeof(InThisProcess))]
public class FwknopSentryBenchmarks
{
    private const ushort Port = 62_201;

    private Sentry.Sentry _own = null!;
    private Sentry.Sentry _any = null!;
    private byte[] _stranger = null!;
    private byte[] _junk = null!;

    [Params(1, 100, 1000)]
    public int Stanzas { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _own = new(Options(i => [new IPNetwork(IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"192.0.{2 + (i / 250)}.{1 + (i % 250)}")), 32)]));
        _any = new(Options(_ => []));
        _stranger = Datagram(Packet("stranger"));
        _junk = Datagram([(byte)'A', .. Packet("stranger")[1..]]);
    }

    /// <summary>Refused for its first character.</summary>
    [Benchmark(Baseline = true)]
    public int Junk() => Watch(_any, _junk);

    /// <summary>The HMAC of no stanza: each stanza has a source of its own, and one of them this.</summary>
    [Benchmark]
    public int StrangerWhereStanzasHaveSources() => Watch(_own, _stranger);

    /// <summary>The HMAC of no stanza, and all take packets of anybody.</summary>
    [Benchmark]
    public int StrangerWhereStanzasTakeAnybody() => Watch(_any, _stranger);

    private SentryOptions Options(Func<int, IPNetwork[]> sources)
    {
        var all = new OpeningRate(1_000_000, 1_000_000);
        return new(1, [])
        {
            Fwknop = new([.. Enumerable.Range(0, Stanzas).Select(i => new FwknopWatch(Mac($"m{i}"), null, FwknopMode.Cbc) { Sources = [.. sources(i)] })], new(1, 2))
            {
                UdpPorts = [new(Port, Port)],
                Limits = new() { InAll = all, PerHost = all, PerNetwork = all },
            },
        };
    }

    private long _now;

    private int Watch(Sentry.Sentry sentry, byte[] packet) => sentry.Watch(new CapturedPacket { Bytes = packet, Link = LinkType.Raw, Time = _now += 1_000_000_000 }).Length;

    private static FwknopMacKey Mac(string key) => FwknopMacKey.From(Encoding.ASCII.GetBytes(key), FwknopDigest.Sha256);

    private static byte[] Packet(string key)
    {
        using var mac = Mac(key);
        using var cipher = FwknopCipherKey.From("cipher"u8);
        var message = new FwknopMessage
        {
            Random = "1234567890123456", User = "alice", Time = 1_795_000_000, Type = FwknopType.Access, Allow = Address.FromV4(0xc0000209), Ports = [new(Transport.Tcp, 22)],
        };
        return FwknopWriter.Write(message, cipher, FwknopMode.Cbc, mac, new byte[8]);
    }

    /// <summary>From the source of the first stanza.</summary>
    private static byte[] Datagram(byte[] payload)
    {
        var packet = new byte[28 + payload.Length];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        packet[9] = 17;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), 0xc000_0201);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), Port);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(24), (ushort)(8 + payload.Length));
        payload.CopyTo(packet, 28);
        return packet;
    }
}
