namespace Postern.Reports.Errands;

/// <summary>
/// What a key is called, as a program may be told it. The file of keys takes any text for a name; a program gets letters, digits and a few
/// marks that mean nothing to any shell and begin no option, whoever chose the name.
/// </summary>
public static class KeyName
{
    public const int MaxLength = 64;

    private const char Stopgap = '_';

    /// <summary>Every other character becomes <c>_</c>, and what is longer is cut.</summary>
    public static string Of(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return string.Create(Math.Min(name.Length, MaxLength), name, static (chars, from) =>
        {
            for (var i = 0; i < chars.Length; i++)
                chars[i] = IsGood(from[i], i) ? from[i] : Stopgap;
        });
    }

    public static bool IsValid(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length <= MaxLength && name.Index().All(c => IsGood(c.Item, c.Index));
    }

    private static bool IsGood(char c, int at) => char.IsAsciiLetterOrDigit(c) || c is Stopgap || (at > 0 && c is '@' or '.' or '-' or '+');
}
