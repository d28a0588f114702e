using System.Buffers;
using System.Buffers.Text;

namespace Postern.Reports.Fwknop;

/// <summary>Base64 (RFC 4648 §4) without its padding, in its one form: no other character, no bits left over.</summary>
public static class BareBase64
{
    private const int MaxText = 4096;

    private static readonly SearchValues<byte> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8);

    public static bool IsText(ReadOnlySpan<byte> text) => !text.ContainsAnyExcept(Alphabet);

    /// <summary>How many characters so many bytes take.</summary>
    public static int LengthFor(int bytes) => ((bytes * 4) + 2) / 3;

    /// <summary>How many bytes so many characters give.</summary>
    public static int SizeOf(int characters) => characters * 3 / 4;

    /// <summary>False where the text is not what <see cref="Encode"/> would write of the bytes.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> destination, out int length)
    {
        length = SizeOf(text.Length);
        if (text.Length > MaxText || text.Length % 4 == 1 || length > destination.Length || !IsText(text))
            return false;
        Span<byte> padded = stackalloc byte[(text.Length + 3) & ~3];
        padded.Fill((byte)'=');
        text.CopyTo(padded);
        return Base64.DecodeFromUtf8(padded, destination, out _, out var written) == OperationStatus.Done && written == length && HasNoBitsLeft(text, destination[..length]);
    }

    /// <summary>The number of characters. Of some hundred bytes at most, as everything of fwknop is.</summary>
    public static int Encode(ReadOnlySpan<byte> bytes, Span<byte> text)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, SizeOf(MaxText), nameof(bytes));
        Span<byte> padded = stackalloc byte[Base64.GetMaxEncodedToUtf8Length(bytes.Length)];
        Base64.EncodeToUtf8(bytes, padded, out _, out _);
        var length = LengthFor(bytes.Length);
        padded[..length].CopyTo(text);
        return length;
    }

    /// <summary>Only the last character can hold any: whether it is the one that would be written.</summary>
    private static bool HasNoBitsLeft(ReadOnlySpan<byte> text, ReadOnlySpan<byte> bytes)
    {
        var rest = bytes.Length % 3;
        if (rest == 0)
            return true;
        Span<byte> again = stackalloc byte[4];
        Base64.EncodeToUtf8(bytes[^rest..], again, out _, out _);
        return again[rest] == text[^1];
    }
}
