namespace Postern.Packets.Tests;

/// <summary>Writes pcapng blocks in either byte order.</summary>
internal sealed class PcapNgWriter(bool bigEndian)
{
    private readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    public PcapNgWriter Section() => Block(0x0a0d0d0a, [.. U32(0x1a2b3c4d), .. U16(1), .. U16(0), .. U32(uint.MaxValue), .. U32(uint.MaxValue)]);

    public PcapNgWriter Interface(int link, uint snapLength = 0, byte? resolution = null, long? offset = null)
    {
        List<byte> body = [.. U16((ushort)link), .. U16(0), .. U32(snapLength), .. Option(2, "veth0"u8.ToArray())];
        if (resolution is { } r)
            body.AddRange(Option(9, [r]));
        if (offset is { } o)
            body.AddRange(Option(14, Order(BitConverter.GetBytes(o))));
        return Block(1, [.. body, .. U32(0)]);
    }

    public PcapNgWriter Enhanced(uint face, ulong time, byte[] packet) =>
        Block(6, [.. U32(face), .. U32((uint)(time >> 32)), .. U32((uint)time), .. U32((uint)packet.Length), .. U32((uint)packet.Length + 9), .. Pad(packet), .. Option(1, "a comment"u8.ToArray()), .. U32(0)]);

    public PcapNgWriter Simple(byte[] packet, uint? original = null) => Block(3, [.. U32(original ?? (uint)packet.Length), .. Pad(packet)]);

    public PcapNgWriter Block(uint type, byte[] body, uint? firstLength = null, uint? lastLength = null)
    {
        var length = (uint)body.Length + 12;
        _bytes.AddRange([.. U32(type), .. U32(firstLength ?? length), .. body, .. U32(lastLength ?? firstLength ?? length)]);
        return this;
    }

    public PcapNgWriter Append(PcapNgWriter other)
    {
        _bytes.AddRange(other._bytes);
        return this;
    }

    private byte[] Option(ushort code, byte[] value) => [.. U16(code), .. U16((ushort)value.Length), .. Pad(value)];

    private static byte[] Pad(byte[] bytes) => [.. bytes, .. new byte[-bytes.Length & 3]];

    private byte[] U16(ushort value) => Order(BitConverter.GetBytes(value));

    private byte[] U32(uint value) => Order(BitConverter.GetBytes(value));

    private byte[] Order(byte[] littleEndian)
    {
        if (bigEndian)
            Array.Reverse(littleEndian);
        return littleEndian;
    }
}
