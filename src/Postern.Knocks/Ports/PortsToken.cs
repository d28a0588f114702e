using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Postern.Keys;
using Postern.Reports;
using Postern.Reports.Errands;

namespace Postern.Knocks.Ports;

/// <summary>
/// The token that is written in port numbers (spec/knocks.md §4), 16 bytes that nobody without the secret tells from chance:
/// <code>
///  0  1  kind         1; and 2, where it is good for one address only; and 8 times the length of the data, 0 to 24
///  1  4  made         seconds since 1970, the lower 32 bits
///  5  2  service      zero: all that the knock opens; otherwise its code
///  7  1  chance       so that two of one second are not the same
///  8  8  mac          the first 8 bytes of HMAC-SHA-256(secret, "postern ports v1 mac" | bytes 0 to 7 | the 16 bytes of the address, or zero | data)
/// 16  …  data         what rides along (ActionData), XORed with the first bytes of HMAC-SHA-256(secret, "postern ports v1 data" | mac)
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
    private const int LengthShift = 3;

    private static ReadOnlySpan<byte> MacLabel => "postern ports v1 mac"u8;

    private static ReadOnlySpan<byte> MaskLabel => "postern ports v1 mask"u8;

    private static ReadOnlySpan<byte> DataLabel => "postern ports v1 data"u8;

    /// <summary>What rides along for the command of an action; empty: nothing.</summary>
    public string Data { get; init; } = "";

    /// <summary>With its data, in bytes.</summary>
    public int Length => Size + Data.Length;

    /// <param name="secret">Of the knock.</param>
    /// <param name="address">Where the packets will come from, if it is bound to that.</param>
    /// <param name="token">Room for <see cref="Length"/>.</param>
    /// <exception cref="ArgumentException">Its data is none that may ride along.</exception>
    public void Write(TokenSecret secret, Address address, Span<byte> token)
    {
        ArgumentNullException.ThrowIfNull(secret);
        if (Data.Length > 0 && !ActionData.IsValid(Data))
            throw new ArgumentException("no data that may ride along", nameof(token));
        var head = token[..HeadSize];
        var mac = token[HeadSize..Size];
        var data = token[Size..Length];
        head[0] = (byte)((IsBound ? OneAddress : AnyAddress) | Data.Length << LengthShift);
        Encoding.ASCII.GetBytes(Data, data);
        BinaryPrimitives.WriteUInt32BigEndian(head[1..], Made);
        BinaryPrimitives.WriteUInt16BigEndian(head[5..], Service);
        head[7] = Chance;
        MacOf(secret, head, IsBound ? address : Address.None, data, mac);
        Mask(secret, MaskLabel, mac, head);
        Mask(secret, DataLabel, mac, data);
    }

    /// <summary>How much data belongs to a token, if it is by this secret; whether it is, nobody knows yet. False: it is not.</summary>
    /// <param name="secret">Of the knock.</param>
    /// <param name="token">As it was read, without its data.</param>
    /// <param name="length">In bytes.</param>
    public static bool TryPeek(TokenSecret secret, ReadOnlySpan<byte> token, out int length)
    {
        ArgumentNullException.ThrowIfNull(secret);
        Span<byte> kind = [token[0]];
        Mask(secret, MaskLabel, token[HeadSize..Size], kind);
        length = kind[0] >> LengthShift;
        return (kind[0] & 7) is AnyAddress or OneAddress && length <= ActionData.MaxLength;
    }

    /// <summary>False: it is not by this secret, or not from this address.</summary>
    /// <param name="secret">Of the knock.</param>
    /// <param name="address">Where the packets came from.</param>
    /// <param name="token">As it was read from them, and its data.</param>
    /// <param name="read">What it says.</param>
    /// <param name="number">What tells it from all others by the same secret: its MAC.</param>
    public static bool TryRead(TokenSecret secret, Address address, ReadOnlySpan<byte> token, out PortsToken read, out ulong number)
    {
        ArgumentNullException.ThrowIfNull(secret);
        var sent = token[HeadSize..Size];
        Span<byte> head = stackalloc byte[HeadSize];
        Span<byte> mac = stackalloc byte[MacSize];
        token[..HeadSize].CopyTo(head);
        Mask(secret, MaskLabel, sent, head);
        Span<byte> data = stackalloc byte[ActionData.MaxLength];
        data = data[..(token.Length - Size)];
        token[Size..].CopyTo(data);
        Mask(secret, DataLabel, sent, data);
        var kind = head[0] & 7;
        read = new(BinaryPrimitives.ReadUInt32BigEndian(head[1..]), BinaryPrimitives.ReadUInt16BigEndian(head[5..]), head[7], kind == OneAddress);
        number = BinaryPrimitives.ReadUInt64BigEndian(sent);
        MacOf(secret, head, read.IsBound ? address : Address.None, data, mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, sent) || kind is not (AnyAddress or OneAddress) || head[0] >> LengthShift != data.Length || !(data.IsEmpty || ActionData.IsValid(data)))
            return false;
        if (!data.IsEmpty)
            read = read with { Data = Encoding.ASCII.GetString(data) };
        return true;
    }

    private static void MacOf(TokenSecret secret, ReadOnlySpan<byte> head, Address address, ReadOnlySpan<byte> data, Span<byte> mac)
    {
        Span<byte> text = stackalloc byte[MacLabel.Length + HeadSize + Address.Size + data.Length];
        Span<byte> whole = stackalloc byte[TokenSecret.MacSize];
        MacLabel.CopyTo(text);
        head.CopyTo(text[MacLabel.Length..]);
        address.Write(text[(MacLabel.Length + HeadSize)..]);
        data.CopyTo(text[^data.Length..]);
        secret.Mac(text, whole);
        whole[..MacSize].CopyTo(mac);
    }

    private static void Mask(TokenSecret secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> mac, Span<byte> masked)
    {
        if (masked.IsEmpty)
            return;
        Span<byte> text = stackalloc byte[label.Length + MacSize];
        Span<byte> mask = stackalloc byte[TokenSecret.MacSize];
        label.CopyTo(text);
        mac.CopyTo(text[label.Length..]);
        secret.Mac(text, mask);
        for (var i = 0; i < masked.Length; i++)
            masked[i] ^= mask[i];
    }
}
