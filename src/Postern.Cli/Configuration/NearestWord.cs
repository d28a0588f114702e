namespace Postern.Cli.Configuration;

/// <summary>The known word that was most likely meant: Damerau–Levenshtein (optimal string alignment), so that two swapped letters count once.</summary>
internal static class NearestWord
{
    private const int AlwaysNear = 2;

    private const int MaxLength = 64;

    /// <summary>Null where none is within two edits, or a third of the word's length if that is more.</summary>
    public static string? Find(string word, IEnumerable<string> known)
    {
        if (word.Length > MaxLength)
            return null;
        var best = Math.Max(AlwaysNear, word.Length / 3) + 1;
        string? found = null;
        foreach (var candidate in known)
        {
            if (Math.Abs(candidate.Length - word.Length) >= best || Distance(word, candidate) is var distance && distance >= best)
                continue;

            // Two edits make another word of a short one ("on" is not a mistyped "off"): half of it must stay.
            if (distance * 2 > Math.Max(word.Length, candidate.Length))
                continue;
            best = distance;
            found = candidate;
        }

        return found;
    }

    public static int Distance(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        var beforeLast = new int[b.Length + 1];
        var last = new int[b.Length + 1];
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
            last[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var same = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]);
                row[j] = Math.Min(Math.Min(last[j], row[j - 1]) + 1, last[j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
            }

            (beforeLast, last, row) = (last, row, beforeLast);
        }

        return last[b.Length];
    }
}
