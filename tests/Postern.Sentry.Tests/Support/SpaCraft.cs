using System.Buffers.Binary;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Packets;
using Postern.Packets.Tests;
using Postern.Reports;
using Postern.Reports.Spa;
using Postern.Sentry;

namespace Postern.Sentry.Tests;

/// <summary>A gate's keys, and packets sealed to them. The signature is of no key: the sentry does not look at it.</summary>
internal sealed class SpaCraft : IDisposable
{
    public const ushort Port = 62_201;
    public const ushort TcpPort = 443;

    private readonly GateSecret _secret;
    private readonly Random _random;

    public SpaCraft(int seed = 1)
    {
        _random = new(seed);
        _secret = GateSecret.From(Bytes(GateSecret.Size));
        Outer = _secret.DeriveOuterKey();
        Gate = BoxKeyPair.From(Bytes(BoxKeyPair.PrivateKeySize));
    }

    public OuterKey Outer { get; }

    /// <summary>Whether nonces bear the mark; an older client's do not.</summary>
    public bool Marks { get; set; } = true;

    public BoxKeyPair Gate { get; }

    public SpaWatchOptions Options => new(Outer, Gate, new(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))
    {
        UdpPorts = [new(Port, Port)], TcpPorts = [new(TcpPort, TcpPort)], Echo = true,
    };

    public SentryOptions SentryOptions => new(3, []) { Spa = Options };

    public byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    public byte[] Request(int size, ulong time = 1)
    {
        var unsigned = SpaRequestWriter.WriteUnsigned(new(time, Gate.Public.GateId, 7, ["ssh"]));
        var request = new byte[size - SpaPacket.Overhead];
        Assert.True(SpaRequestWriter.TryWrite(unsigned, Bytes(83), request));
        return request;
    }

    /// <summary>As a client makes it.</summary>
    public byte[] Packet(int size = 320, ulong time = 1) => Seal(Request(size, time));

    public byte[] Seal(byte[] request, BoxPublicKey? to = null)
    {
        var box = new byte[request.Length + BoxPublicKey.SealOverhead];
        Assert.True((to ?? Gate.Public).TrySeal(Bytes(BoxPublicKey.SeedSize), request, box));
        return SealOuter(box);
    }

    public byte[] SealOuter(byte[] box)
    {
        var packet = Bytes(OuterKey.NonceSize + box.Length + OuterKey.TagSize);
        if (Marks)
            Outer.Mark(packet.AsSpan(0, OuterKey.NonceSize));
        Outer.Seal(packet.AsSpan(0, OuterKey.NonceSize), box, packet.AsSpan(OuterKey.NonceSize));
        return packet;
    }

    /// <summary>What an enemy who knows the gate secret can send most cheaply so that it gets as far as the budget.</summary>
    public byte[] SealedNonsense(int size = 320) => SealOuter(Bytes(size - OuterKey.NonceSize - OuterKey.TagSize));

    /// <summary>One of every carrier and family.</summary>
    public static IEnumerable<byte[]> OverEveryCarrier(byte[] payload)
    {
        yield return Craft.IPv4(17, Craft.Udp(Port, payload: payload));
        yield return Craft.IPv4(17, Craft.Udp(Port, payload: payload), optionWords: 10);
        yield return Craft.IPv6(17, Craft.Udp(Port, payload: payload));
        yield return Craft.IPv6(17, Craft.Udp(Port, payload: payload), extensions: [Craft.Options(0), Craft.Options(60, 1)]);
        yield return Craft.IPv4(1, Craft.Icmp(8, payload: payload));
        yield return Craft.IPv6(58, Craft.Icmp(128, payload: payload));
        yield return Craft.IPv4(6, Craft.Tcp(TcpPort, payload: payload, optionWords: 6));
        yield return Craft.IPv6(6, Craft.Tcp(TcpPort, payload: payload));
    }

    public static byte[] Datagram(byte[] payload, uint source = 0xc000_0201)
    {
        var packet = Craft.IPv4(17, Craft.Udp(Port, payload: payload));
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), source);
        return packet;
    }

    public static CapturedPacket Captured(ReadOnlySpan<byte> packet, long time = 0) => new() { Bytes = packet, Link = LinkType.Raw, Time = time };

    public void Dispose()
    {
        Gate.Dispose();
        Outer.Dispose();
        _secret.Dispose();
    }
}
