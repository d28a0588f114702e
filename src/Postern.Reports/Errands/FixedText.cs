using System.Text;

namespace Postern.Reports.Errands;

/// <summary>ASCII in a field of fixed size: the text, then zero to the end.</summary>
internal static class FixedText
{
    private const int HolderSize = 16;

    public static void Write(Span<byte> field, string text)
    {
        field.Clear();
        Encoding.ASCII.GetBytes(text, field);
    }

    public static bool TryRead(ReadOnlySpan<byte> field, out string text)
    {
        var end = field.IndexOf((byte)0);
        var bytes = end < 0 ? field : field[..end];
        text = "";
        if (bytes.ContainsAnyExceptInRange((byte)0x21, (byte)0x7e) || field[bytes.Length..].ContainsAnyExcept((byte)0))
            return false;
        text = Encoding.ASCII.GetString(bytes);
        return true;
    }

    /// <summary>Empty, or a key's hint as 16 hexadecimal digits.</summary>
    public static bool IsHolder(string text) => text.Length == 0 || (text.Length == HolderSize && text.All(char.IsAsciiHexDigitLower));
}
