using System.Buffers.Binary;
using Postern.Cli.Configuration;
using Postern.Fuzz.Engine;
using Postern.Keys;
using Postern.Knocks.Ports;
using Postern.Knocks.Rolling;
using Postern.Packets;
using Postern.Reports.Tokens;

namespace Postern.Fuzz.Targets;

/// <summary>Tokens that a secret makes: packets of strangers, the report of one, the file of the secret.</summary>
internal static class TokenTargets
{
    private static readonly TokenSecret Key = TokenSecret.From(new byte[32]);

    private static readonly RollingDetector Steps = new([new(new(RollingPlan.UsualPool), Key, TimeSpan.FromSeconds(10)), new(new(RollingPlan.UsualPool) { IsBound = true }, Key, TimeSpan.FromSeconds(10))], 1 << 18);

    private static readonly PortsDetector Symbols = new([new(new(20_000), Tcp: true, Udp: true, Key, TimeSpan.FromSeconds(10)), new(new PortSpan(20_000) { HasData = true }, Tcp: true, Udp: true, Key, TimeSpan.FromSeconds(10))], 1 << 18);

    private static long _now;

    /// <summary>Each four bytes are a packet: where to, from whom and how, and how long after the one before.</summary>
    public static void Rolling(ReadOnlySpan<byte> input) => Each(input, static (in packet, clock) =>
    {
        foreach (var found in Steps.Observe(packet, _now, clock, out _))
            Oracle.That(found.Door is 0 or 1, "a sequence of no door");
    });

    public static void Ports(ReadOnlySpan<byte> input) => Each(input, static (in packet, _) =>
    {
        foreach (var found in Symbols.Observe(packet, _now, out var _))
            Oracle.That(found.Door is 0 or 1, "a token of no door");
    });

    /// <summary>Genuine ones, with data and without, as <see cref="Ports"/> takes packets; and some that mean nothing.</summary>
    public static IEnumerable<byte[]> PacketsOfTokens()
    {
        foreach (var data in (string[])["", "nas", "0123456789abcdef01234567"])
        {
            var token = new PortsToken(7, 0, (byte)data.Length, IsBound: false) { Data = data };
            var (bytes, ports) = (new byte[token.Length], new ushort[PortSpan.SymbolsFor(data.Length)]);
            token.Write(Key, Reports.Address.None, bytes);
            new PortSpan(20_000).Write(bytes, ports);
            yield return [.. ports.SelectMany(p => (byte[])[(byte)((p - 20_000) >> 8), (byte)(p - 20_000), 0, 0])];
        }

        yield return [.. Enumerable.Range(0, 384).Select(i => (byte)((i * 7) + (i / 24)))];
    }

    public static void Request(ReadOnlySpan<byte> input)
    {
        if (!TokenRequest.TryRead(input, out var token))
            return;
        Span<byte> again = stackalloc byte[TokenRequest.Size];
        token.Value.Write(again);
        Oracle.That(again.SequenceEqual(input), "a token that was read is written otherwise");
    }

    public static void Secret(ReadOnlySpan<byte> input)
    {
        var faults = new FaultList();
        using var secret = SecretFile.Read("f", input, faults);
        Oracle.That(secret is null == faults.Count > 0, "a secret and a fault, or neither");
    }

    private delegate void Look(in PacketView packet, long clock);

    private static void Each(ReadOnlySpan<byte> input, Look look)
    {
        for (; input.Length >= 4; input = input[4..])
        {
            _now += (input[3] & 0x3f) * 10_000_000L;
            var packet = new PacketView
            {
                Source = ((UInt128)0xffff << 32) | (uint)(input[2] & 7),
                Protocol = (input[2] & 8) == 0 ? IpProtocol.Tcp : IpProtocol.Udp,
                DestinationPort = (ushort)(20_000 + (BinaryPrimitives.ReadUInt16BigEndian(input) % 14_400)),
                Flags = (input[2] & 0x10) == 0 ? TcpFlags.Syn : TcpFlags.Ack,
            };
            look(packet, (input[3] & 0xc0) * 1_000);
        }
    }
}
