using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Postern.Confinement.Tests;

/// <summary>The numbers of system calls as the kernel's headers have them; a second source beside our own list.</summary>
internal static partial class KernelHeaders
{
    private static readonly string[] X64Places = ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"];

    public static Dictionary<string, int>? X64 { get; } = X64Places.FirstOrDefault(File.Exists) is { } path ? Read(path) : null;

    /// <summary>What arm64 has; the calls whose number depends on the width of the machine stand there under other names.</summary>
    public static Dictionary<string, int>? Generic { get; } = File.Exists("/usr/include/asm-generic/unistd.h") ? Read("/usr/include/asm-generic/unistd.h") : null;

    private static Dictionary<string, int>? Ours => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Generic : X64;

    public static bool Has(string name)
    {
        Assert.SkipWhen(Ours is null, "needs the kernel's headers (linux-libc-dev)");
        return Ours!.ContainsKey(name);
    }

    public static int Number(string name)
    {
        Assert.SkipUnless(Has(name), $"this architecture has no {name}");
        return Ours![name];
    }

    private static Dictionary<string, int> Read(string path) =>
        Definition().Matches(File.ReadAllText(path)).ToDictionary(m => m.Groups["name"].Value, m => int.Parse(m.Groups["number"].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"^#define __NR(3264)?_(?<name>\w+) (?<number>\d+)\s*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Definition();
}
