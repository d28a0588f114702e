using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Postern.Keys.Sodium;

/// <summary>libsodium, 1.0.18 or later, found under the names that the systems give it, and initialised once (sodium/core.h).</summary>
internal static partial class SodiumLibrary
{
    public const string Name = "libsodium";

    private static readonly string[] Names = ["libsodium.so.23", "libsodium.so.26", "libsodium.dylib", "libsodium.dll", "libsodium"];

    /// <summary>Every class of this room that calls libsodium calls this first, in its static constructor.</summary>
    /// <exception cref="MissingSodiumException"/>
    public static void Need() => _ = Loaded.Value;

    private static readonly Lazy<bool> Loaded = new(() =>
    {
        NativeLibrary.SetDllImportResolver(typeof(SodiumLibrary).Assembly, Find);
        try
        {
            return sodium_init() >= 0 ? true : throw new MissingSodiumException(null);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            throw new MissingSodiumException(e);
        }
    });

    private static nint Find(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (!string.Equals(name, Name, StringComparison.Ordinal))
            return 0;
        foreach (var candidate in Names)
        {
            if (NativeLibrary.TryLoad(candidate, assembly, path, out var handle))
                return handle;
        }

        return 0;
    }

    [LibraryImport(Name)]
    private static partial int sodium_init();
}
