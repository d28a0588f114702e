using System.Buffers;
using System.Buffers.Binary;

namespace Postern.Keys.Ssh.Wire;

/// <summary>Writes SSH's data types (RFC 4251 §5). Not for secrets: its buffers are not zeroed. The reader is <see cref="SshReader"/>.</summary>
internal sealed class SshWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new(256);

    public SshWriter Byte(byte value) => Raw([value]);

    public SshWriter UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_bytes.GetSpan(4), value);
        _bytes.Advance(4);
        return this;
    }

    public SshWriter Raw(ReadOnlySpan<byte> value)
    {
        _bytes.Write(value);
        return this;
    }

    public SshWriter String(ReadOnlySpan<byte> value) => UInt32((uint)value.Length).Raw(value);

    /// <summary>An mpint, of an unsigned big-endian number of any width.</summary>
    public SshWriter Positive(ReadOnlySpan<byte> number)
    {
        var magnitude = number.TrimStart((byte)0);
        if (magnitude.IsEmpty || magnitude[0] < 0x80)
            return String(magnitude);
        return UInt32((uint)magnitude.Length + 1).Byte(0).Raw(magnitude);
    }

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();
}
