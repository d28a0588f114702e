using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Postern.Reports;

/// <summary>An IP address in 16 bytes; IPv4 stands as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), so that both families are one type and one key.</summary>
public readonly record struct Address
{
    public const int Size = 16;

    // Two halves, and not one number: whatever holds or hands on an UInt128 by value cannot be compiled ahead.
    private readonly ulong _high;
    private readonly ulong _low;

    public Address(UInt128 value) => (_high, _low) = ((ulong)(value >> 64), (ulong)value);

    public UInt128 Value => new(_high, _low);

    private static readonly UInt128 MappedPrefix = (UInt128)0xffff << 32;

    /// <summary>"::", which no packet that may knock comes from.</summary>
    public static Address None => default;

    public bool IsV4 => _high == 0 && _low >> 32 == 0xffff;

    public static Address FromV4(uint hostOrder) => new(MappedPrefix | hostOrder);

    public static Address From(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[Size];
        var mapped = address.AddressFamily == AddressFamily.InterNetwork ? address.MapToIPv6() : address;
        mapped.TryWriteBytes(bytes, out _);
        return Read(bytes);
    }

    /// <summary>Takes a literal as people write it; zone indices, ports, host names and IPv4 in any form but four decimal numbers are refused.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Address address)
    {
        address = default;
        if (text.IndexOf('%') >= 0 || text.IndexOf('[') >= 0 || !IPAddress.TryParse(text, out var parsed))
            return false;
        if (parsed.AddressFamily == AddressFamily.InterNetwork && !text.SequenceEqual(parsed.ToString()))
            return false; // 010.0.0.1 is 8.0.0.1 to some and 10.0.0.1 to others
        address = From(parsed);
        return true;
    }

    public static Address Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    public void Write(Span<byte> bytes) => BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[Size];
        Write(bytes);
        return IsV4 ? new IPAddress(bytes[12..]) : new IPAddress(bytes);
    }

    /// <summary>192.0.2.7 or 2001:db8::7, as RFC 5952 writes it; never the mapped form.</summary>
    public override string ToString() => ToIPAddress().ToString();
}
