namespace Postern.Cli.Tests.Configuration;

internal static class Repository
{
    /// <summary>A file of the project, found from wherever the tests were built to.</summary>
    public static string File(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, path);
            if (System.IO.File.Exists(candidate))
                return candidate;
        }

        throw new FileNotFoundException("not part of the project", path);
    }
}
