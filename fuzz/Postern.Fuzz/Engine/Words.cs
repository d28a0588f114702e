using System.Text;

namespace Postern.Fuzz.Engine;

/// <summary>What inputs are made of, for the mutator: the words and lines of those that there are.</summary>
public static class Words
{
    private const int Shortest = 2;
    private const int Longest = 100;
    private const int Most = 400;

    private static readonly char[] Ends = [' ', '\n', ',', '=', '&', ':', '"', '\'', '[', ']', '{', '}', '/', '?', '\t', '\r'];

    public static IReadOnlyList<byte[]> Of(IEnumerable<byte[]> inputs)
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        foreach (var text in inputs.Where(i => i.AsSpan().IndexOfAnyExceptInRange((byte)' ', (byte)'~') is < 0 or > 20).Select(Encoding.Latin1.GetString))
        {
            words.UnionWith(text.Split(Ends, StringSplitOptions.RemoveEmptyEntries));
            words.UnionWith(text.Split('\n'));
        }

        return [.. words.Where(w => w.Length is >= Shortest and <= Longest && w.All(c => c is >= ' ' and <= '~')).Order(StringComparer.Ordinal).Take(Most).Select(Encoding.Latin1.GetBytes)];
    }
}
