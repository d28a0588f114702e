namespace Postern.Tests;

/// <summary>What a test needs of the machine. Where it is missing, the test is skipped and says what is missing.</summary>
internal static class Needs
{
    /// <summary>Network namespaces and the firewall are root's.</summary>
    public static void Root() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root (network namespaces)");

    public static void Program(string name) =>
        Assert.SkipUnless(Find(name) is not null, $"needs the program '{name}'");

    /// <summary>Recorded behaviour of the peers, kept beside the project by its developers and not part of it.</summary>
    public static string SharedVectors(string file)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "vectors", file);
            if (File.Exists(candidate))
                return candidate;
        }

        Assert.Skip($"needs ../shared/vectors/{file}");
        return "";
    }

    public static string? Find(string name) =>
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".Split(':')
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
}
