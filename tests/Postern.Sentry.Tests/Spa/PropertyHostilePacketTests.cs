using System.Buffers.Binary;
using System.Diagnostics;
using Postern.Packets;
using Postern.Packets.Tests;
using Postern.Reports;
using Postern.Sentry.Spa;
using static Postern.Sentry.Tests.SpaCraft;

namespace Postern.Sentry.Tests.Spa;

/// <summary>
/// Random packets, and valid ones of every carrier, family and size with something changed, through the whole sentry: never an exception, never a
/// report of what a gate's client did not seal, nothing allocated. 300 000 of them; 10 million with POSTERN_LONG=1.
/// </summary>
public sealed class PropertyHostilePacketTests(ITestOutputHelper output) : IDisposable
{
    private const int Rounds = 6;

    private static readonly int Packets = Environment.GetEnvironmentVariable("POSTERN_LONG") == "1" ? 10_000_000 : 300_000;

    private readonly SpaCraft _craft = new();
    private readonly Random _random = new(20_261_122);
    private readonly byte[] _scratch = new byte[2048];
    private readonly HashSet<UInt128> _sealed = [];
    private const int Pool = 40_000;

    private long _reports;
    private long _unchanged;
    private long _now;

    public void Dispose() => _craft.Dispose();

    [Fact]
    public void Through_the_whole_sentry()
    {
        var sentry = new Sentry(_craft.SentryOptions with
        {
            Spa = _craft.Options with { MovingPorts = [new(new(Transport.Udp, Pool, Pool + 999), 60)] },
            Doors = [new("door", [new(Knocks.Sequences.StepKind.Udp, 1, 60_000), new(Knocks.Sequences.StepKind.Tcp, 1, 60_000)])],
        });
        byte[][] valid = [.. Every(20, Sealed), .. Enumerable.Range(Pool, 20).Select(port => Craft.IPv4(17, Craft.Udp((ushort)port, payload: Sealed(320)))), Craft.IPv6(17, Craft.Udp(Port, payload: Sealed(320)), extensions: [.. Enumerable.Repeat(Craft.Options(), 7)])];
        byte[][] wellSealedNonsense = [.. Every(60, SealedNonsense)];

        var start = Stopwatch.GetTimestamp();
        var allocated = Allocated.InSteadyState(_ => Play(sentry, valid, wellSealedNonsense, Packets / Rounds));
        var left = Packets - (int)Math.Min(Packets, sentry.Counters.Read + sentry.Counters.Faults().Sum(f => f.Packets));
        Play(sentry, valid, wellSealedNonsense, left);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

        var refusals = sentry.Counters.Refusals();
        output.WriteLine($"{Packets} packets in {seconds:F1} s, {allocated} bytes allocated in the best round: {sentry.Counters.Read} read, {_reports} requests reported, {_unchanged} arrived unchanged");
        output.WriteLine(string.Join(", ", refusals.Select(r => $"{r.Refusal.Word()} {r.Packets}")));
        output.WriteLine(string.Join(", ", sentry.Counters.Faults().Select(f => $"{f.Fault} {f.Packets}")));
        Assert.Equal(0, allocated);
        Assert.All(refusals, r => Assert.True(r.Packets > 0, $"none was refused for {r.Refusal.Word()}"));
        Assert.All(sentry.Counters.Faults(), f => Assert.True(f.Packets > 0, $"none was {f.Fault}"));
        Assert.InRange(_reports, 100, Packets);
        Assert.Equal(Packets, sentry.Counters.Read + sentry.Counters.Faults().Sum(f => f.Packets));
    }

    private static IEnumerable<byte[]> Every(int times, Func<int, byte[]> seal) =>
        from size in (int[])[320, 512, 1200]
        from _ in Enumerable.Range(0, times)
        from carrier in Enumerable.Range(0, OverEveryCarrier([]).Count())
        select OverEveryCarrier(seal(size)).ElementAt(carrier);

    /// <summary>Requests are told apart by what they hold: each is the hash of the request that was sealed.</summary>
    private byte[] Sealed(int size)
    {
        var request = _craft.Request(size, time: (ulong)_random.NextInt64());
        _sealed.Add(Identify(request));
        return _craft.Seal(request);
    }

    private static UInt128 Identify(ReadOnlySpan<byte> request) => new SipHash(1).Of(request);

    private byte[] SealedNonsense(int size)
    {
        var request = _craft.Request(size);
        switch (_random.Next(3))
        {
            case 0:
                return _craft.SealedNonsense(size);
            case 1:
                request[0] = (byte)_random.Next(2, 256);
                break;
            default:
                request[_random.Next(48, 55)] ^= 0x80;
                break;
        }

        return _craft.Seal(request);
    }

    private void Play(Sentry sentry, byte[][] valid, byte[][] nonsense, int count)
    {
        for (var i = 0; i < count; i++)
        {
            _now += 100_000;
            var packet = Next(valid, nonsense, out var link);
            foreach (ref readonly var report in sentry.Watch(new() { Bytes = packet, Link = link, Time = _now }))
                Check(report);
        }
    }

    private void Check(in Report report)
    {
        if (report.Kind == ReportKind.SequenceCompleted)
            return;
        _reports++;
        if (!_sealed.Contains(Identify(report.Request.Span)))
            Assert.Fail($"a request that nobody sealed: {Convert.ToHexString(report.Request.Span)}");
    }

    private ReadOnlySpan<byte> Next(byte[][] valid, byte[][] nonsense, out LinkType link)
    {
        link = LinkType.Raw;
        switch (_random.Next(8))
        {
            case 0:
                link = (LinkType)_random.Next(0, 300);
                return Noise(_random.Next(0, 1400));
            case 1:
                return NoiseWithHeader();
            case 2:
                return Copy(nonsense);
            case 3:
                _unchanged++;
                return FromAnySource(Copy(valid));
            default:
                return Mutate(Copy(valid));
        }
    }

    private Span<byte> Noise(int length)
    {
        var noise = _scratch.AsSpan(0, length);
        _random.NextBytes(noise);
        return noise;
    }

    /// <summary>To the right port, of a right size, and of nobody.</summary>
    private Span<byte> NoiseWithHeader()
    {
        var size = _random.Next(3) switch { 0 => 320, 1 => 512, _ => 1200 };
        var packet = Noise(28 + size);
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)packet.Length);
        packet[6] = packet[7] = 0;
        packet[9] = 17;
        BinaryPrimitives.WriteUInt16BigEndian(packet[22..], Port);
        BinaryPrimitives.WriteUInt16BigEndian(packet[24..], (ushort)(8 + size));
        return packet;
    }

    private Span<byte> Copy(byte[][] packets)
    {
        var packet = packets[_random.Next(packets.Length)];
        packet.CopyTo(_scratch, 0);
        return _scratch.AsSpan(0, packet.Length);
    }

    private Span<byte> FromAnySource(Span<byte> packet)
    {
        if (packet[0] >> 4 == 4)
            _random.NextBytes(packet.Slice(12, 4));
        else
            _random.NextBytes(packet.Slice(9, 15));
        return packet;
    }

    private Span<byte> Mutate(Span<byte> packet)
    {
        for (var edits = _random.Next(1, 4); edits > 0; edits--)
        {
            // Half of them in the headers and the nonce, where most of the branches are.
            var at = _random.Next(_random.Next(2) == 0 ? Math.Min(packet.Length, 96) : packet.Length);
            packet[at] = (byte)(_random.Next(3) switch { 0 => packet[at] ^ (1 << _random.Next(8)), 1 => _random.Next(256), _ => _random.Next(2) * 255 });
        }

        return _random.Next(4) == 0 ? packet[.._random.Next(packet.Length + 1)] : packet;
    }
}
