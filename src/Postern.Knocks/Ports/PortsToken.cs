using System.Buffers.Binary;
using System.Security.Cryptography;
using Postern.Keys;
using Postern.Reports;

namespace Postern.Knocks.Ports;

/// <summary>
/// The token that is written in port numbers (spec/knocks.md §4), 16 bytes that nobody without the secret tells from chance:
/// <code>
///  0  1  kind         1; or 3, where it is good for one address only
///  1  4  made         seconds since 1970, the lower 32 bits
///  5  2  service      zero: all that the knock opens; otherwise its code
///  7  1  chance       so that two of one second are not the same
///  8  8  mac          the first 8 bytes of HMAC-SHA-256(secret, "postern ports v1 mac" | bytes 0 to 7 | the 16 bytes of the address, or zero)
/// </code>
/// Bytes 0 to 7 go XORed with the first 8 of HMAC-SHA-256(secret, "postern ports v1 mask" | mac). Numbers are big-endian. The address itself is not sent: the gate puts in the one that the packets came from.
/// </summary>
public readonly record struct PortsToken(uint Made, ushort Service, byte Chance, bool IsBound)
{
    public const int Size = HeadSize + MacSize;

    private const int HeadSize = 1 + 4 + 2 + 1;
    private const int MacSize = 8;
    private const byte AnyAddress = 1;
    private const byte OneAddress = 3;

    private static ReadOnlySpan<byte> MacLabel => "postern ports v1 mac"u8;

    private static ReadOnlySpan<byte> MaskLabel => "postern ports v1 mask"u8;

    /// <param name="secret">Of the knock.</param>
    /// <param name="address">Where the packets will come from, if it is bound to that.</param>
    /// <param name="token">Room for <see cref="Size"/>.</param>
    public void Write(TokenSecret secret, Address address, Span<byte> token)
    {
        ArgumentNullException.ThrowIfNull(secret);
        var head = token[..HeadSize];
        var mac = token[HeadSize..Size];
        head[0] = IsBound ? OneAddress : AnyAddress;
        BinaryPrimitives.WriteUInt32BigEndian(head[1..], Made);
        BinaryPrimitives.WriteUInt16BigEndian(head[5..], Service);
        head[7] = Chance;
        MacOf(secret, head, IsBound ? address : Address.None, mac);
        Mask(secret, mac, head);
    }

    /// <summary>False: it is not by this secret, or not from this address.</summary>
    /// <param name="secret">Of the knock.</param>
    /// <param name="address">Where the packets came from.</param>
    /// <param name="token">As it was read from them.</param>
    /// <param name="read">What it says.</param>
    /// <param name="number">What tells it from all others by the same secret: its MAC.</param>
    public static bool TryRead(TokenSecret secret, Address address, ReadOnlySpan<byte> token, out PortsToken read, out ulong number)
    {
        ArgumentNullException.ThrowIfNull(secret);
        var sent = token[HeadSize..Size];
        Span<byte> head = stackalloc byte[HeadSize];
        Span<byte> mac = stackalloc byte[MacSize];
        token[..HeadSize].CopyTo(head);
        Mask(secret, sent, head);
        read = new(BinaryPrimitives.ReadUInt32BigEndian(head[1..]), BinaryPrimitives.ReadUInt16BigEndian(head[5..]), head[7], head[0] == OneAddress);
        number = BinaryPrimitives.ReadUInt64BigEndian(sent);
        MacOf(secret, head, read.IsBound ? address : Address.None, mac);
        return CryptographicOperations.FixedTimeEquals(mac, sent) && head[0] is (AnyAddress or OneAddress);
    }

    private static void MacOf(TokenSecret secret, ReadOnlySpan<byte> head, Address address, Span<byte> mac)
    {
        Span<byte> text = stackalloc byte[MacLabel.Length + HeadSize + Address.Size];
        Span<byte> whole = stackalloc byte[TokenSecret.MacSize];
        MacLabel.CopyTo(text);
        head.CopyTo(text[MacLabel.Length..]);
        address.Write(text[^Address.Size..]);
        secret.Mac(text, whole);
        whole[..MacSize].CopyTo(mac);
    }

    private static void Mask(TokenSecret secret, ReadOnlySpan<byte> mac, Span<byte> head)
    {
        Span<byte> text = stackalloc byte[MaskLabel.Length + MacSize];
        Span<byte> mask = stackalloc byte[TokenSecret.MacSize];
        MaskLabel.CopyTo(text);
        mac.CopyTo(text[MaskLabel.Length..]);
        secret.Mac(text, mask);
        for (var i = 0; i < HeadSize; i++)
            head[i] ^= mask[i];
    }
}
