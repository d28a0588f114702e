using System.Collections.Immutable;
using System.Reflection;
using Postern.Confinement;

namespace Postern.Cli.Gate.Household;

/// <summary>
/// This executable, started again in another part. The parts are no commands: nobody types them, and without the descriptors that the steward
/// hands over they end at once.
/// </summary>
internal static class Itself
{
    public const string Warden = "@warden";
    public const string Sentry = "@sentry";

    /// <summary>More than a sentry ever needs; what it needs less of, it does not get.</summary>
    private const string SentryHeap = "DOTNET_GCHeapHardLimit=0x8000000";

    /// <summary>What may lie about until it is collected: as much as the processor's cache holds, if it is not told, which is tens of megabytes.</summary>
    private const string Rubbish = "DOTNET_GCgen0size=0x100000";

    private static readonly ImmutableArray<string> Passed = ["DOTNET_ROOT", "JOURNAL_STREAM", "NO_COLOR", "TERM", "POSTERN_DEBUG"];

    /// <summary>Names this very build: processes of two builds do not work together.</summary>
    public static string Build { get; } =
        typeof(Itself).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Folders that hold what the runtime loads, and us.</summary>
    public static ImmutableArray<string> Folders { get; } = [Path.GetDirectoryName(Environment.ProcessPath!)!, AppContext.BaseDirectory, RuntimeFolder()];

    /// <param name="part">Which.</param>
    /// <param name="arguments">What follows on its command line.</param>
    public static ChildProgram As(string part, params ReadOnlySpan<string> arguments)
    {
        var program = Environment.ProcessPath!;
        ImmutableArray<string> name = Path.GetFileName(program) is "dotnet" ? [program, Environment.GetCommandLineArgs()[0]] : ["postern"];
        return new(program, [.. name, part, .. arguments], Surroundings(part));
    }

    private static ImmutableArray<string> Surroundings(string part)
    {
        var kept = Passed.Select(name => (name, Value: Environment.GetEnvironmentVariable(name))).Where(v => v.Value is not null).Select(v => $"{v.name}={v.Value}");
        // No debugger's socket in /tmp, no second mapping of every page of code.
        return [.. kept, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "DOTNET_EnableDiagnostics=0", "DOTNET_EnableWriteXorExecute=0", Rubbish, .. string.Equals(part, Sentry, StringComparison.Ordinal) ? [SentryHeap] : Array.Empty<string>()];
    }

    /// <summary>Of a build that brings its own runtime this is our own folder, or nothing.</summary>
    private static string RuntimeFolder()
    {
        // <dotnet>/shared/Microsoft.NETCore.App/<version>/
        var runtime = System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory();
        return runtime.Contains("/shared/Microsoft.NETCore.App/", StringComparison.Ordinal) ? Path.GetFullPath(Path.Combine(runtime, "..", "..", "..")) : runtime;
    }
}
