using System.Buffers.Binary;
using Postern.Packets;

namespace Postern.Knocks.Tests.Stacks;

/// <summary>First segments of connections, field by field, without using a line of what is tested.</summary>
internal sealed record SynCraft(byte Hops, ushort Window, string Options)
{
    public bool IsV6 { get; init; }

    public bool DontFragment { get; init; } = true;

    public ushort Identification { get; init; } = 0x1234;

    public uint Sequence { get; init; } = 0x0badcafe;

    public uint Acknowledgment { get; init; }

    public TcpFlags Flags { get; init; } = TcpFlags.Syn;

    public byte Reserved { get; init; }

    public ushort Urgent { get; init; }

    public byte[] Data { get; init; } = [];

    public byte[] ToBytes()
    {
        var options = Convert.FromHexString(Options.Replace(" ", "", StringComparison.Ordinal));
        var tcp = new byte[20 + options.Length];
        BinaryPrimitives.WriteUInt16BigEndian(tcp, 40_000);
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(2), 7000);
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(4), Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(8), Acknowledgment);
        tcp[12] = (byte)(tcp.Length / 4 << 4 | Reserved);
        tcp[13] = (byte)Flags;
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(14), Window);
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(18), Urgent);
        options.CopyTo(tcp, 20);
        var ip = IsV6 ? IPv6(tcp.Length + Data.Length) : IPv4(tcp.Length + Data.Length);
        return [.. ip, .. tcp, .. Data];
    }

    private byte[] IPv4(int length)
    {
        var ip = new byte[20];
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(2), (ushort)(20 + length));
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(4), Identification);
        ip[6] = (byte)(DontFragment ? 0x40 : 0);
        ip[8] = Hops;
        ip[9] = 6;
        ((ReadOnlySpan<byte>)[192, 0, 2, 7, 192, 0, 2, 1]).CopyTo(ip.AsSpan(12));
        return ip;
    }

    private byte[] IPv6(int length)
    {
        var ip = new byte[40];
        ip[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(4), (ushort)length);
        ip[6] = 6;
        ip[7] = Hops;
        (ip[8], ip[9], ip[23]) = (0x20, 1, 7);
        (ip[24], ip[25], ip[39]) = (0x20, 1, 1);
        return ip;
    }
}
