using System.Buffers.Binary;
using Postern.Keys;
using Postern.Reports;

namespace Postern.Knocks.Counted;

/// <summary>
/// A token of sixteen bytes that follows from a secret, the time step and a count, in the manner of RFC 6238 (spec/knocks.md). By its head it is found, and only then is its tail looked at.
/// <code>
/// head  the first 8 bytes of HMAC-SHA-256(secret, label ‖ 0 ‖ step 8 ‖ count 1)
/// tail  the first 8 bytes of HMAC-SHA-256(secret, label ‖ 1 ‖ step 8 ‖ count 1 ‖ address 16)
/// </code>
/// Numbers are big-endian. The step is that of Unix time, in whole steps. The address is that of the client where the token is bound to it (IPv4 as ::ffff:a.b.c.d), and zero where it is not.
/// </summary>
public static class CountedToken
{
    /// <summary>So many tokens has one step: so often may be knocked in it. More would be easier to guess.</summary>
    public const int Counts = 16;

    public const int HeadSize = 8;

    public const int TailSize = 8;

    public const int Size = HeadSize + TailSize;

    private const int MaxLabel = 32;

    private const int MaxText = MaxLabel + 1 + 8 + 1 + Address.Size;

    /// <summary>What the tokens of one method begin with, so that those of another are not among them.</summary>
    public static ReadOnlySpan<byte> SynLabel => "postern syn v1"u8;

    /// <inheritdoc cref="SynLabel"/>
    public static ReadOnlySpan<byte> IcmpLabel => "postern icmp v1"u8;

    public static void Write(TokenSecret secret, ReadOnlySpan<byte> label, long step, byte count, Address bound, Span<byte> token)
    {
        ArgumentNullException.ThrowIfNull(secret);
        BinaryPrimitives.WriteUInt64BigEndian(token, Head(secret, label, step, count));
        BinaryPrimitives.WriteUInt64BigEndian(token[HeadSize..], Tail(secret, label, step, count, bound));
    }

    public static ulong Head(TokenSecret secret, ReadOnlySpan<byte> label, long step, byte count) => Mac(secret, label, part: 0, step, count, []);

    public static ulong Tail(TokenSecret secret, ReadOnlySpan<byte> label, long step, byte count, Address bound)
    {
        Span<byte> address = stackalloc byte[Address.Size];
        bound.Write(address);
        return Mac(secret, label, part: 1, step, count, address);
    }

    private static ulong Mac(TokenSecret secret, ReadOnlySpan<byte> label, byte part, long step, byte count, ReadOnlySpan<byte> address)
    {
        ArgumentNullException.ThrowIfNull(secret);
        Span<byte> text = stackalloc byte[MaxText];
        label.CopyTo(text);
        var length = label.Length;
        text[length++] = part;
        BinaryPrimitives.WriteInt64BigEndian(text[length..], step);
        length += sizeof(long);
        text[length++] = count;
        address.CopyTo(text[length..]);
        Span<byte> mac = stackalloc byte[TokenSecret.MacSize];
        secret.Mac(text[..(length + address.Length)], mac);
        return BinaryPrimitives.ReadUInt64BigEndian(mac);
    }
}
