using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Postern.Keys;

/// <summary>
/// Base64 (RFC 4648 §4) in its one form: no white space, padding where it belongs, no bits left over. The runtime is lax; that the text is what
/// the bytes would be written as is the whole rule.
/// </summary>
internal static class StrictBase64
{
    public static int LengthOf(int bytes) => Base64.GetMaxEncodedToUtf8Length(bytes);

    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        var room = new byte[text.Length / 4 * 3];
        if (text.IsEmpty || text.Length % 4 != 0 || !Convert.TryFromBase64Chars(text, room, out var length))
            return false;
        if (!text.SequenceEqual(Convert.ToBase64String(room.AsSpan(0, length))))
            return false;
        bytes = room[..length];
        return true;
    }

    /// <summary>Of a secret of a known length, which leaves no trace on the heap.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> secret)
    {
        if (text.Length != LengthOf(secret.Length) || Base64.DecodeFromUtf8(text, secret, out _, out var length) != OperationStatus.Done || length != secret.Length)
            return false;
        using var again = new SecretBuffer(text.Length);
        Encode(secret, again.Span);
        return CryptographicOperations.FixedTimeEquals(text, again.Span);
    }

    /// <summary>The length of the text.</summary>
    public static int Encode(ReadOnlySpan<byte> bytes, Span<byte> text)
    {
        Base64.EncodeToUtf8(bytes, text, out _, out var length);
        return length;
    }
}
