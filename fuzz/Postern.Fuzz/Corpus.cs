using System.Security.Cryptography;

namespace Postern.Fuzz;

/// <summary>The inputs that are known: those that are committed, and those that were found on this machine.</summary>
internal static class Corpus
{
    public static IReadOnlyList<byte[]> Load(string target) => [.. Committed(target), .. Read(Path.Combine(Repository.Found, target))];

    public static IReadOnlyList<byte[]> Committed(string target) => Read(Path.Combine(Repository.Corpus, target));

    public static void Keep(string target, IEnumerable<byte[]> inputs) => Write(Path.Combine(Repository.Found, target), inputs);

    public static void Replace(string target, IReadOnlyList<byte[]> inputs)
    {
        Remove(Path.Combine(Repository.Corpus, target));
        Remove(Path.Combine(Repository.Found, target));
        Write(Path.Combine(Repository.Corpus, target), inputs);
    }

    public static void Write(string folder, IEnumerable<byte[]> inputs)
    {
        Directory.CreateDirectory(folder);
        foreach (var input in inputs)
            File.WriteAllBytes(Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(input))[..16]), input);
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private static IReadOnlyList<byte[]> Read(string folder) =>
        Directory.Exists(folder) ? [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)] : [];
}
