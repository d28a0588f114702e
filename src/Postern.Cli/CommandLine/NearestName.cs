namespace Postern.Cli.CommandLine;

/// <summary>The known name that someone most likely meant: the smallest edit distance (Damerau's, adjacent letters may be swapped), if it is small.</summary>
internal static class NearestName
{
    public static string? Find(string typed, IEnumerable<string> known) =>
        known.Select(name => (Name: name, Distance: Distance(typed, name)))
            .Where(candidate => candidate.Distance <= Tolerance(typed))
            .OrderBy(candidate => candidate.Distance)
            .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();

    private static int Tolerance(string typed) => Math.Max(1, typed.Length / 3);

    internal static int Distance(string a, string b)
    {
        var twoBack = new int[b.Length + 1];
        var back = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j - 1], back[j]) + 1, back[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    row[j] = Math.Min(row[j], twoBack[j - 2] + 1);
            }

            (twoBack, back) = (back, row);
        }

        return back[b.Length];
    }
}
