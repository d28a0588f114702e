using System.Buffers.Binary;
using System.Text;

namespace Postern.Firewall.Nftables;

/// <summary>
/// Writes netlink messages into a buffer; as a batch, all of it happens or nothing. Counterpart: <see cref="NetlinkAnswer"/>.
/// <code>
/// message     u32 length · u16 type · u16 flags · u32 sequence · u32 port        RFC 3549 §2.3.2, all in the host's order
///             u8 family · u8 version = 0 · be16 resource                         struct nfgenmsg
///             attributes
/// attribute   u16 length, without padding · u16 type · value · padding to 4
/// batch       BATCH_BEGIN(resource = nf_tables) · messages · BATCH_END
/// </code>
/// </summary>
internal ref struct NetlinkBatch
{
    public const int MessageHeader = 16 + 4;
    public const int AttributeHeader = 4;

    private readonly Span<byte> _buffer;
    private uint _sequence;
    private int _end;
    private int _message;

    public NetlinkBatch(Span<byte> buffer, uint firstSequence)
    {
        _buffer = buffer;
        _sequence = firstSequence;
    }

    public readonly ReadOnlySpan<byte> Written => _buffer[.._end];

    /// <summary>The number that the next message will carry.</summary>
    public readonly uint NextSequence => _sequence;

    public void BeginBatch() => Bracket(NfTablesWire.BatchBegin);

    public void EndBatch() => Bracket(NfTablesWire.BatchEnd);

    private void Bracket(ushort type)
    {
        Begin(type, flags: 0, NfTablesWire.FamilyUnspecified, NfTablesWire.SubsystemNfTables);
        EndMessage();
    }

    public void BeginMessage(NftMessage kind, int flags, byte family = NfTablesWire.FamilyInet) =>
        Begin((ushort)((NfTablesWire.SubsystemNfTables << 8) | (byte)kind), flags, family, resource: 0);

    private void Begin(ushort type, int flags, byte family, ushort resource)
    {
        _message = _end;
        var header = Take(MessageHeader);
        BitConverter.TryWriteBytes(header[4..], type);
        BitConverter.TryWriteBytes(header[6..], (ushort)(flags | NfTablesWire.FlagRequest));
        BitConverter.TryWriteBytes(header[8..], _sequence++);
        header[16] = family;
        BinaryPrimitives.WriteUInt16BigEndian(header[18..], resource);
    }

    public readonly void EndMessage() => BitConverter.TryWriteBytes(_buffer[_message..], (uint)(_end - _message));

    /// <summary>Opens an attribute that holds attributes; <see cref="CloseNest"/> takes what this returns.</summary>
    public int OpenNest(ushort type)
    {
        var start = _end;
        BitConverter.TryWriteBytes(Take(AttributeHeader)[2..], (ushort)(type | NfTablesWire.Nested));
        return start;
    }

    public readonly void CloseNest(int start) => BitConverter.TryWriteBytes(_buffer[start..], checked((ushort)(_end - start)));

    /// <summary>Room for a value of that many bytes, cleared.</summary>
    public Span<byte> Attribute(ushort type, int length)
    {
        var attribute = Take(AttributeHeader + ((length + 3) & ~3));
        BitConverter.TryWriteBytes(attribute, checked((ushort)(AttributeHeader + length)));
        BitConverter.TryWriteBytes(attribute[2..], type);
        return attribute.Slice(AttributeHeader, length);
    }

    public void BigEndian(ushort type, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Attribute(type, sizeof(ulong)), value);

    /// <summary>A string with the NUL that the kernel wants.</summary>
    public void Text(ushort type, string value) => Encoding.UTF8.GetBytes(value, Attribute(type, Encoding.UTF8.GetByteCount(value) + 1));

    private Span<byte> Take(int length)
    {
        var room = _buffer.Slice(_end, length);
        room.Clear();
        _end += length;
        return room;
    }
}
