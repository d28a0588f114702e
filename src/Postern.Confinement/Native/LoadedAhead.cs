using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using Postern.Confinement.SystemCalls;

namespace Postern.Confinement.Native;

/// <summary>What .NET opens when it is first used, and could not open later.</summary>
internal static class LoadedAhead
{
    private static readonly HashSet<Assembly> Loaded = [];

    /// <summary>An assembly, those that it references, and theirs. The runtime's random numbers come from a descriptor that the first draw opens.</summary>
    public static void All(ReadOnlySpan<Assembly> roots)
    {
        if (RuntimeFeature.IsDynamicCodeSupported) // native code is one file, and is loaded
        {
            foreach (var root in roots)
                Add(root);
        }

        _ = Guid.NewGuid();
        _ = SystemCallTable.Ours;
    }

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "References that the trimmer took out are not run.")]
    private static void Add(Assembly assembly)
    {
        if (!Loaded.Add(assembly))
            return;
        foreach (var name in assembly.GetReferencedAssemblies())
        {
            if (Load(name) is { } reference)
                Add(reference);
        }
    }

    /// <summary>Null: a reference that was not shipped, or an old facade.</summary>
    private static Assembly? Load(AssemblyName name)
    {
        try
        {
            return Assembly.Load(name);
        }
        catch (Exception e) when (e is IOException or BadImageFormatException)
        {
            return null;
        }
    }
}
