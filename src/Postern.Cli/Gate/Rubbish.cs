namespace Postern.Cli.Gate;

/// <summary>What a process needed so as to start. It would lie there for days: who hardly allocates has no reason to collect.</summary>
internal static class Rubbish
{
    /// <summary>Some milliseconds, once.</summary>
    public static void GiveBack() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
}
