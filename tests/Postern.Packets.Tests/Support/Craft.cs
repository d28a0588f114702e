using System.Buffers.Binary;
using System.Net;
using Postern.Packets;

namespace Postern.Packets.Tests;

/// <summary>Builds packets byte by byte, from the inside out, without using a line of what is tested.</summary>
internal static class Craft
{
    public static byte[] Tcp(ushort destination, TcpFlags flags = TcpFlags.Syn, ushort source = 40000, uint sequence = 0x01020304, byte[]? payload = null, int optionWords = 0)
    {
        var header = new byte[20 + optionWords * 4];
        BinaryPrimitives.WriteUInt16BigEndian(header, source);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), destination);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), sequence);
        header[12] = (byte)((5 + optionWords) << 4);
        header[13] = (byte)flags;
        return [.. header, .. payload ?? []];
    }

    public static byte[] Udp(ushort destination, ushort source = 50000, byte[]? payload = null, ushort checksum = 0, int? length = null)
    {
        payload ??= [];
        var header = new byte[8];
        BinaryPrimitives.WriteUInt16BigEndian(header, source);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), destination);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)(length ?? 8 + payload.Length));
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), checksum);
        return [.. header, .. payload];
    }

    public static byte[] Icmp(byte type, ushort identifier = 0x1234, ushort sequence = 1, byte[]? payload = null) =>
        [type, 0, 0, 0, (byte)(identifier >> 8), (byte)identifier, (byte)(sequence >> 8), (byte)sequence, .. payload ?? []];

    public static byte[] IPv4(
        byte protocol, byte[] inner, string source = "192.0.2.1", string destination = "198.51.100.2", int optionWords = 0,
        ushort identification = 0x4242, ushort fragment = 0x4000, int? totalLength = null)
    {
        var header = new byte[20 + optionWords * 4];
        header[0] = (byte)(0x45 + optionWords);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(totalLength ?? header.Length + inner.Length));
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), identification);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), fragment);
        header[8] = 64;
        header[9] = protocol;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(header.AsSpan(12));
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(header.AsSpan(16));
        header.AsSpan(20).Fill(1);
        return [.. header, .. inner];
    }

    /// <summary><paramref name="extensions"/> are (kind, bytes), the first byte of which will say what follows.</summary>
    public static byte[] IPv6(
        byte protocol, byte[] inner, string source = "2001:db8::1", string destination = "2001:db8::2", int? payloadLength = null,
        params (byte Kind, byte[] Bytes)[] extensions)
    {
        var body = inner;
        var next = protocol;
        foreach (var (kind, bytes) in extensions.Reverse())
        {
            body = [next, .. bytes.AsSpan(1), .. body];
            next = kind;
        }

        var header = new byte[40];
        header[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)(payloadLength ?? body.Length));
        header[6] = next;
        header[7] = 64;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(header.AsSpan(8));
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(header.AsSpan(24));
        return [.. header, .. body];
    }

    public static (byte, byte[]) Options(byte kind = 60, byte words = 0) => (kind, [0, words, 1, (byte)(4 + words * 8), .. new byte[4 + words * 8]]);

    public static (byte, byte[]) Authentication(byte words = 4) => (51, [0, words, .. new byte[(words + 2) * 4 - 2]]);

    public static (byte, byte[]) Fragment(ushort offsetAndMore = 0) => (44, [0, 0, (byte)(offsetAndMore >> 8), (byte)offsetAndMore, 1, 2, 3, 4]);

    public static byte[] Ethernet(byte[] ip, params ushort[] tags)
    {
        var frame = new List<byte> { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
        foreach (var tag in tags)
            frame.AddRange([(byte)(tag >> 8), (byte)tag, 0, 5]);
        frame.AddRange(EtherType(ip));
        return [.. frame, .. ip];
    }

    public static byte[] Cooked(byte[] ip) => [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, .. EtherType(ip), .. ip];

    public static byte[] Cooked2(byte[] ip) => [.. EtherType(ip), 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, .. ip];

    private static byte[] EtherType(byte[] ip) => ip[0] >> 4 == 4 ? [0x08, 0x00] : [0x86, 0xdd];

    /// <summary>Under every kind of link that can carry it.</summary>
    public static IEnumerable<(LinkType Link, byte[] Bytes)> OverEveryLink(byte[] ip)
    {
        var isV4 = ip[0] >> 4 == 4;
        yield return (LinkType.Raw, ip);
        yield return (isV4 ? LinkType.IPv4 : LinkType.IPv6, ip);
        yield return (LinkType.Ethernet, Ethernet(ip));
        yield return (LinkType.Ethernet, Ethernet(ip, 0x8100));
        yield return (LinkType.Ethernet, Ethernet(ip, 0x88a8, 0x8100));
        yield return (LinkType.Ethernet, Ethernet(ip, 0x9100, 0x9100, 0x8100));
        yield return (LinkType.LinuxCooked, Cooked(ip));
        yield return (LinkType.LinuxCooked2, Cooked2(ip));
        foreach (var family in isV4 ? [2] : new byte[] { 10, 24, 28, 30 })
        {
            yield return (LinkType.Null, [family, 0, 0, 0, .. ip]);
            yield return (LinkType.Null, [0, 0, 0, family, .. ip]);
            yield return (LinkType.Loop, [0, 0, 0, family, .. ip]);
        }
    }

    /// <summary>One of every shape that a knock may have.</summary>
    public static IEnumerable<byte[]> EveryKnock()
    {
        byte[] data = [1, 2, 3, 4, 5];
        foreach (var (v4, v6, inner) in new (byte, byte, byte[])[]
        {
            (6, 6, Tcp(7000, payload: data)), (6, 6, Tcp(7000, optionWords: 10, payload: data)), (17, 17, Udp(8000, payload: data)),
            (1, 58, Icmp(8, payload: data)), (1, 58, Icmp(128, payload: data)),
        })
        {
            yield return IPv4(v4, inner);
            yield return IPv4(v4, inner, optionWords: 10);
            yield return IPv6(v6, inner);
            yield return IPv6(v6, inner, extensions: [Options(0), Options(43, 2), Options(60, 1), Fragment(), Authentication(), Options(60)]);
        }
    }

    public static UInt128 Address(string text)
    {
        var address = IPAddress.Parse(text);
        return BinaryPrimitives.ReadUInt128BigEndian((address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? address.MapToIPv6() : address).GetAddressBytes());
    }
}
