namespace Postern.Reports.Errands;

/// <summary>
/// What rides along with a knock, for the command of an action: <c>{data}</c>. It is a client's own choice and is given to a program as a part of one argument. So there is nothing in it that a
/// shell, a path or a program takes for more than itself: letters, digits and <c>- _ . : @</c>, a letter or a digit first. No <c>/</c>, which leads elsewhere in a path; no first <c>-</c>, <c>.</c> or
/// <c>@</c>, which begin options, hidden files and names of files to read; no <c>=</c>, which sets something; no blank.
/// </summary>
public static class ActionData
{
    public const int MaxLength = 24;

    /// <summary>For people.</summary>
    public const string Shape = "write 1 to 24 of a-z, A-Z, 0-9, '-', '_', '.', ':' and '@', a letter or a digit first";

    /// <summary>Empty is not: it is none.</summary>
    public static bool IsValid(ReadOnlySpan<byte> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit((char)c) && c is not ((byte)'-' or (byte)'_' or (byte)'.' or (byte)':' or (byte)'@'))
                return false;
        }

        return text.Length is > 0 and <= MaxLength && char.IsAsciiLetterOrDigit((char)text[0]);
    }

    public static bool IsValid(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length <= MaxLength && System.Text.Ascii.IsValid(text) && IsValid(System.Text.Encoding.ASCII.GetBytes(text));
    }
}
