using System.Buffers.Binary;
using System.Text;

namespace Postern.Firewall.Nftables;

/// <summary>
/// Reads the messages of one datagram from the kernel, in the shape that <see cref="NetlinkBatch"/> writes. An answer to a request:
/// <code>
/// error       message header without nfgenmsg (16) · i32 error, 0 = done, negative errno · header of the request (16)
/// done        message header (16) · i32 error
/// </code>
/// A length that leads outside the datagram ends the reading, with <see cref="Broken"/> set.
/// </summary>
internal ref struct NetlinkAnswer(ReadOnlySpan<byte> datagram)
{
    private const int Header = 16;
    private const int FamilyHeader = 4;

    private ReadOnlySpan<byte> _rest = datagram;
    private ReadOnlySpan<byte> _message;

    public bool Broken { get; private set; }

    public readonly ushort Type => BitConverter.ToUInt16(_message[4..]);

    public readonly ushort Flags => BitConverter.ToUInt16(_message[6..]);

    public readonly uint Sequence => BitConverter.ToUInt32(_message[8..]);

    /// <summary>The errno as a positive number, of an error or done message.</summary>
    public readonly int Error => _message.Length >= Header + sizeof(int) ? -BitConverter.ToInt32(_message[Header..]) : 0;

    public readonly byte Family => _message.Length > Header ? _message[Header] : NfTablesWire.FamilyUnspecified;

    public readonly NetlinkAttributes Attributes =>
        new(_message.Length >= Header + FamilyHeader ? _message[(Header + FamilyHeader)..] : default);

    public bool MoveNext()
    {
        if (_rest.IsEmpty || Broken)
            return false;
        var length = _rest.Length < Header ? 0 : BitConverter.ToUInt32(_rest);
        if (length < Header || length > _rest.Length)
        {
            Broken = true;
            return false;
        }

        _message = _rest[..(int)length];
        _rest = _rest[Math.Min(_rest.Length, ((int)length + 3) & ~3)..];
        return true;
    }
}

/// <summary>Walks over attributes: of a message, or of a nest. One that leads outside ends the walk.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public ushort Type { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>What the value holds, read as a nest.</summary>
    public readonly NetlinkAttributes Nest => new(Value);

    /// <summary>All of nf_tables' own numbers are in network order.</summary>
    public readonly uint Number => Value.Length == sizeof(uint) ? BinaryPrimitives.ReadUInt32BigEndian(Value) : 0;

    public readonly ulong LongNumber => Value.Length == sizeof(ulong) ? BinaryPrimitives.ReadUInt64BigEndian(Value) : 0;

    public readonly ReadOnlySpan<byte> Utf8 => Value.TrimEnd((byte)0);

    public readonly bool Is(string text) => string.Equals(Text, text, StringComparison.Ordinal);

    public readonly string Text => Encoding.UTF8.GetString(Utf8);

    public bool MoveNext()
    {
        if (_rest.Length < NetlinkBatch.AttributeHeader)
            return false;
        var length = BitConverter.ToUInt16(_rest);
        if (length < NetlinkBatch.AttributeHeader || length > _rest.Length)
            return false;
        Type = (ushort)(BitConverter.ToUInt16(_rest[2..]) & NfTablesWire.AttributeTypeMask);
        Value = _rest[NetlinkBatch.AttributeHeader..length];
        _rest = _rest[Math.Min(_rest.Length, (length + 3) & ~3)..];
        return true;
    }

    /// <summary>Finds the first attribute of that type, from the start of what has not been walked over.</summary>
    public readonly bool TryFind(ushort type, out NetlinkAttributes found)
    {
        found = this;
        while (found.MoveNext())
        {
            if (found.Type == type)
                return true;
        }

        found = default;
        return false;
    }
}
