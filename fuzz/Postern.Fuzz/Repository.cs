using System.Runtime.CompilerServices;

namespace Postern.Fuzz;

/// <summary>Where the corpus and the vectors lie.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Corpus => Path.Combine(Root, "fuzz/corpus");

    /// <summary>What was found and is not (yet) in the corpus. Git does not look there.</summary>
    public static string Found => Path.Combine(Root, "artifacts/fuzz/found");

    public static string Findings => Path.Combine(Root, "fuzz/findings");

    private static string Find([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
}
