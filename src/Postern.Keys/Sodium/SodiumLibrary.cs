using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Postern.Keys.Sodium;

/// <summary>libsodium, 1.0.18 or later, found under the names that the systems give it, and initialised once (sodium/core.h).</summary>
internal static partial class SodiumLibrary
{
    public const string Name = "libsodium";

    // Homebrew's folder on Apple's own processors is none that the loader looks into.
    private static readonly string[] Names =
        ["libsodium.so.23", "libsodium.so.26", "libsodium.dylib", "/opt/homebrew/lib/libsodium.dylib", "libsodium.dll", "libsodium"];

    private static readonly Lazy<bool> Loaded = new(Load);

    /// <summary>
    /// Every method of this room that calls libsodium calls this first. (A static constructor would do it once, and would wrap what it throws
    /// so that nobody catches it.)
    /// </summary>
    /// <exception cref="MissingSodiumException"/>
    public static void Need() => _ = Loaded.Value;

    private static readonly Lazy<bool> Found = new(TryLoad);

    /// <summary>For those who can do without.</summary>
    public static bool IsThere => Found.Value;

    private static bool TryLoad()
    {
        try
        {
            return Loaded.Value;
        }
        catch (MissingSodiumException)
        {
            return false;
        }
    }

    private static bool Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(SodiumLibrary).Assembly, Find);
        try
        {
            // 1.0.18 is 10.3, the next release is 26.1.
            var isNewEnough = (sodium_library_version_major(), sodium_library_version_minor()).CompareTo((10, 3)) >= 0;
            return isNewEnough && sodium_init() >= 0 ? true : throw new MissingSodiumException(null);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new MissingSodiumException(e);
        }
    }

    private static nint Find(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (!string.Equals(name, Name, StringComparison.Ordinal))
            return 0;
        foreach (var candidate in Names)
        {
            // Beside the program or where the system keeps its libraries; never where the user happens to stand.
            if (NativeLibrary.TryLoad(candidate, assembly, DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories, out var handle))
                return handle;
        }

        return 0;
    }

    [LibraryImport(Name)]
    private static partial int sodium_library_version_major();

    [LibraryImport(Name)]
    private static partial int sodium_library_version_minor();

    [LibraryImport(Name)]
    private static partial int sodium_init();
}
