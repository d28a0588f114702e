using Postern.Keys.Fwknop;
using Postern.Reports;
using Postern.Reports.Fwknop;

namespace Postern.Knocks.Fwknop;

/// <summary>
/// Takes packets of fwknop apart, cheapest reject first and without any key. Not for several threads at once; allocates nothing. The writer is <see cref="FwknopWriter"/>.
/// </summary>
public sealed class FwknopReader
{
    private readonly byte[] _text = new byte[FwknopPacket.Prefix.Length + FwknopPacket.MaxPayload];
    private readonly byte[] _decoded = new byte[FwknopPacket.MaxSize];
    private int _length;

    public FwknopReader() => FwknopPacket.Prefix.CopyTo(_text);

    /// <summary>
    /// Takes a payload, out of its HTTP request where it may come in one. <see cref="Refusal.None"/>, <see cref="Refusal.WrongSize"/>, <see cref="Refusal.Junk"/>
    /// or <see cref="Refusal.GnuPg"/>.
    /// </summary>
    public Refusal Read(ReadOnlySpan<byte> payload, bool http)
    {
        _length = 0;
        if (payload.Length is < FwknopPacket.MinSize or > FwknopPacket.MaxPayload)
            return Refusal.WrongSize;
        var own = _text.AsSpan(FwknopPacket.Prefix.Length);
        if (http && FwknopHttp.TryUnwrap(payload, own, out var length))
            payload = own[..length];
        return Take(payload);
    }

    /// <summary>The text of the packet that was read last, the same whatever it came in: for knowing copies by.</summary>
    public ReadOnlySpan<byte> Text => _text.AsSpan(FwknopPacket.Prefix.Length, _length);

    /// <summary>
    /// The packet that was read last, with a tag of this many bytes at its end (0: without one). False where it cannot be such a packet: by its length, or
    /// because its base64 is not in its one form. What it gives lives until the next call.
    /// </summary>
    public bool TrySplit(int tagSize, out FwknopSealed packet)
    {
        packet = default;
        var tag = BareBase64.LengthFor(tagSize);
        var text = _length - tag;
        if (text <= 0 || text > (tagSize == 0 ? FwknopPacket.MaxTextWithoutTag : FwknopPacket.MaxTextWithTag) || FwknopPacket.CiphertextOf(text) == 0)
            return false;
        var whole = _text.AsSpan(0, FwknopPacket.Prefix.Length + text);
        if (!BareBase64.TryDecode(whole, _decoded, out var length) || !BareBase64.TryDecode(_text.AsSpan(whole.Length, tag), _decoded.AsSpan(length), out var decodedTag) || decodedTag != tagSize)
            return false;
        packet = new(whole, _decoded.AsSpan(FwknopPacket.Salted.Length..(length + tagSize)), tagSize);
        return true;
    }

    private Refusal Take(ReadOnlySpan<byte> text)
    {
        if (text.Length < FwknopPacket.MinSize)
            return Refusal.WrongSize;
        if (!FwknopPacket.FirstCharacters.Contains(text[0]))
            return FwknopPacket.IsGnuPg(text) && BareBase64.IsText(text) ? Refusal.GnuPg : Refusal.Junk;
        if (text.Length > FwknopPacket.MaxSize)
            return Refusal.WrongSize;
        if (!BareBase64.IsText(text))
            return Refusal.Junk;
        text.CopyTo(_text.AsSpan(FwknopPacket.Prefix.Length));
        _length = text.Length;
        return Refusal.None;
    }
}

/// <summary>A packet whose keys nobody has tried yet, in the bytes of its reader.</summary>
public readonly ref struct FwknopSealed
{
    private readonly int _tagSize;

    internal FwknopSealed(ReadOnlySpan<byte> text, ReadOnlySpan<byte> bytes, int tagSize)
    {
        Text = text;
        Bytes = bytes;
        _tagSize = tagSize;
    }

    /// <summary>What the tag is of: the text before it, with the prefix that is not sent.</summary>
    public ReadOnlySpan<byte> Text { get; }

    /// <summary>Salt, ciphertext and tag: the one form of the packet, however it was written.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    public ReadOnlySpan<byte> Salt => Bytes[..FwknopCipherKey.SaltSize];

    public ReadOnlySpan<byte> Ciphertext => Bytes[FwknopCipherKey.SaltSize..^_tagSize];

    /// <summary>Empty where there is none.</summary>
    public ReadOnlySpan<byte> Tag => Bytes[^_tagSize..];
}
