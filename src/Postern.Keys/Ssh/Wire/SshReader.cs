using System.Buffers.Binary;

namespace Postern.Keys.Ssh.Wire;

/// <summary>Reads SSH's data types (RFC 4251 §5) from bytes that anybody may have written. The writer is <see cref="SshWriter"/>.</summary>
internal ref struct SshReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>A reader that did not read to the end has read something else than was written.</summary>
    public readonly bool AtEnd => _rest.IsEmpty;

    public readonly ReadOnlySpan<byte> Rest => _rest;

    public bool TryByte(out byte value)
    {
        value = 0;
        if (_rest.IsEmpty)
            return false;
        value = _rest[0];
        _rest = _rest[1..];
        return true;
    }

    public bool TryUInt32(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(_rest, out value))
            return false;
        _rest = _rest[4..];
        return true;
    }

    public bool TryBytes(int count, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (_rest.Length < count)
            return false;
        value = _rest[..count];
        _rest = _rest[count..];
        return true;
    }

    public bool TryString(out ReadOnlySpan<byte> value)
    {
        value = default;
        return TryUInt32(out var length) && length <= (uint)_rest.Length && TryBytes((int)length, out value);
    }

    public bool TryString(int length, out ReadOnlySpan<byte> value) => TryString(out value) && value.Length == length;

    public bool TryExpect(ReadOnlySpan<byte> text) => TryString(out var value) && value.SequenceEqual(text);

    /// <summary>An mpint greater than zero in its one canonical form, without the zero byte that says that it is not negative.</summary>
    public bool TryPositive(out ReadOnlySpan<byte> magnitude)
    {
        if (!TryString(out magnitude) || magnitude.IsEmpty || magnitude[0] >= 0x80)
            return false;
        if (magnitude[0] != 0)
            return true;
        magnitude = magnitude[1..];
        return !magnitude.IsEmpty && magnitude[0] >= 0x80;
    }
}
