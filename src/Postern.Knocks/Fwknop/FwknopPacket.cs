using Postern.Keys.Fwknop;
using Postern.Reports.Fwknop;

namespace Postern.Knocks.Fwknop;

/// <summary>
/// The shape of a packet of fwknop: text, the payload of whatever carries it.
/// <code>
/// strip(base64("Salted__" ‖ salt[8] ‖ AES-256(plaintext))) ‖ base64(HMAC(key, prefix ‖ the text before))
/// </code>
/// Base64 has no padding here. The first ten characters of the first part, <see cref="Prefix"/>, are always the same and are not sent; the HMAC is
/// over them all the same. Where no HMAC key is agreed on, the second part is absent. Where the one part ends, only the length of the HMAC tells.
/// </summary>
public static class FwknopPacket
{
    /// <summary>What a server of fwknop looks at: nothing shorter, and what is longer than <see cref="MaxServerSize"/> it takes for GnuPG.</summary>
    public const int MinSize = 140;

    public const int MaxServerSize = 399;

    /// <summary>What its library takes at most: as much ciphertext, and the longest HMAC behind it.</summary>
    public const int MaxSize = MaxTextWithTag + 86;

    /// <summary>Of the first part, where an HMAC follows it and where none does: from 400 characters on, the prefix included in the first case, fwknop takes it for GnuPG.</summary>
    public const int MaxTextWithTag = 389;

    public const int MaxTextWithoutTag = 399;

    /// <summary>Of any payload that is looked at; larger ones are not of fwknop.</summary>
    public const int MaxPayload = 1500;

    /// <summary>Base64 of "Salted__", as far as it does not depend on the salt.</summary>
    public static ReadOnlySpan<byte> Prefix => "U2FsdGVkX1"u8;

    internal static ReadOnlySpan<byte> Salted => "Salted__"u8;

    /// <summary>The first character sent: four bits of the '_', and two of the salt.</summary>
    internal static ReadOnlySpan<byte> FirstCharacters => "89+/"u8;

    /// <summary>How many bytes of ciphertext a text of this length holds; 0 where it is none of whole blocks.</summary>
    public static int CiphertextOf(int text)
    {
        var characters = text + Prefix.Length;
        var size = BareBase64.SizeOf(characters) - Salted.Length - FwknopCipherKey.SaltSize;
        return size > 0 && size % FwknopCipherKey.BlockSize == 0 && BareBase64.LengthFor(size + Salted.Length + FwknopCipherKey.SaltSize) == characters ? size : 0;
    }

    /// <summary>
    /// Whether a text is what fwknop makes of GnuPG's output: the base64 of a public-key encrypted session key (RFC 4880 §5.1: tag 0x85, two bytes of length,
    /// version 3) whose first two characters, "hQ", are not sent.
    /// </summary>
    internal static bool IsGnuPg(ReadOnlySpan<byte> text) =>
        text.Length > MaxServerSize && text[2] == 'A' && (text[3] is >= (byte)'w' and <= (byte)'z' or >= (byte)'0' and <= (byte)'9' or (byte)'+' or (byte)'/');
}
