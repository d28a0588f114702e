using System.Globalization;
using System.Numerics;

namespace Postern.Reports;

/// <summary>A number of decimal digits and nothing else. The runtime's parsers take zeros behind it (<c>"22\0"</c>), whatever style they are told.</summary>
public static class Digits
{
    /// <summary>False where there is no digit, anything that is none, or more of them than fit.</summary>
    public static bool TryParse<T>(ReadOnlySpan<char> text, out T number)
        where T : struct, IBinaryInteger<T>
    {
        number = default;
        return !text.ContainsAnyExceptInRange('0', '9') && T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
