using System.Globalization;
using System.Text;

namespace Postern.Steward.Errands;

/// <summary>
/// What a program says, as lines for the log: so many and no more, whatever it writes, with nothing in them that a terminal would obey. The rest is counted.
/// </summary>
internal sealed class OutputLines
{
    public const int MaxBytes = 4096;
    public const int MaxLines = 64;

    private readonly byte[] _kept = new byte[MaxBytes];
    private int _length;
    private long _all;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        var room = bytes[..Math.Min(bytes.Length, MaxBytes - _length)];
        room.CopyTo(_kept.AsSpan(_length));
        _length += room.Length;
        _all += bytes.Length;
    }

    public IEnumerable<string> Lines()
    {
        var text = Encoding.UTF8.GetString(_kept, 0, _length);
        var lines = text.Split('\n');
        if (lines[^1].Length == 0)
            lines = lines[..^1];
        var kept = lines.AsSpan(0, Math.Min(lines.Length, MaxLines)).ToArray();
        var shown = Encoding.UTF8.GetByteCount(string.Join('\n', kept));
        foreach (var line in kept)
            yield return Visible(line.TrimEnd('\r'));
        var left = lines.Length > MaxLines ? _all - shown - 1 : _all - _length;
        if (left > 0)
            yield return string.Create(CultureInfo.InvariantCulture, $"… and {left} bytes more, which are not written down");
    }

    private static string Visible(string line)
    {
        if (!line.EnumerateRunes().Any(IsHidden))
            return line;
        var visible = new StringBuilder(line.Length + 16);
        foreach (var rune in line.EnumerateRunes())
        {
            if (IsHidden(rune))
                visible.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            else
                visible.Append(rune);
        }

        return visible.ToString();
    }

    private static bool IsHidden(Rune rune) =>
        Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
