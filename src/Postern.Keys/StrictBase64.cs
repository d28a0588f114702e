using System.Diagnostics.CodeAnalysis;

namespace Postern.Keys;

/// <summary>Base64 (RFC 4648 §4) in its one form: no white space, padding where it belongs, no bits left over.</summary>
internal static class StrictBase64
{
    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        var room = new byte[text.Length / 4 * 3];
        if (text.IsEmpty || text.Length % 4 != 0 || !Convert.TryFromBase64Chars(text, room, out var length))
            return false;
        // The runtime is lax; that the text is what the bytes would be written as is the whole rule.
        if (!text.SequenceEqual(Convert.ToBase64String(room.AsSpan(0, length))))
            return false;
        bytes = room[..length];
        return true;
    }
}
