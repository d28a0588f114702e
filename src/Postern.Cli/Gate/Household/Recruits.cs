using System.Runtime.Versioning;
using Postern.Cli.Gate.Watch;
using Postern.Confinement;

namespace Postern.Cli.Gate.Household;

/// <summary>
/// A sentry's process that runs and has not been told anything yet: its orders, where it reports and what it captures from come with the first message that it gets, and
/// until then it can do no more than after. So its runtime can start while nobody knows yet what it is to do.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Recruit : IDisposable
{
    private readonly Channel _way;

    private Recruit(Child process, Channel way) => (Process, _way) = (process, way);

    public Child Process { get; }

    public bool IsAlive => Process.Wait(TimeSpan.Zero) is null;

    /// <exception cref="ConfinementException">A right could not be cut, or the program not be started.</exception>
    /// <exception cref="IOException">No descriptors are left.</exception>
    public static Recruit Start(Confines rights, Descriptor? error)
    {
        var (ours, theirs) = Channel.Pair();
        using (theirs)
        {
            try
            {
                return new(Child.Start(Itself.As(Itself.Sentry) with { Descriptors = [null, null, error, theirs.Descriptor] }, rights), ours);
            }
            catch
            {
                ours.Dispose();
                throw;
            }
        }
    }

    /// <summary>It is one no longer, and the process is the caller's. Where that has ended meanwhile, its end tells.</summary>
    /// <param name="with">As <see cref="SentryEquipment"/> has them.</param>
    public Child Equip(ReadOnlySpan<Descriptor> with)
    {
        using (_way)
            _way.TrySend([SentryEquipment.Version], with);
        return Process;
    }

    /// <summary>Also ends it, where nobody has taken it.</summary>
    public void Dispose()
    {
        _way.Dispose();
        Process.Dispose();
    }
}

/// <summary>
/// Starts sentries; one ahead where it is known that one will be asked for: when the gate starts, and when one has ended without being told to. It belongs to the steward's thread.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Recruits(Confines rights, Descriptor error) : IDisposable
{
    private readonly Descriptor? _error = Environment.GetEnvironmentVariable("POSTERN_DEBUG") is "1" ? error : null; // it could write any line into the log
    private Ahead<Recruit?>? _ahead;

    /// <summary>Never more than one, and beside us: the steward has something else to do. Where it cannot be started, whoever asks for one hears why.</summary>
    public void Prepare() => _ahead ??= new(TryStart);

    /// <summary>A sentry that has what it needs; the caller's from here on.</summary>
    /// <param name="with">As <see cref="SentryEquipment"/> has them.</param>
    /// <exception cref="ConfinementException">A right could not be cut, or the program not be started.</exception>
    /// <exception cref="IOException">No descriptors are left.</exception>
    public Child Post(ReadOnlySpan<Descriptor> with)
    {
        var ahead = _ahead;
        _ahead = null;
        var ready = ahead?.Take();
        if (ready is { IsAlive: true })
            return ready.Equip(with);
        ready?.Dispose();
        return Recruit.Start(rights, _error).Equip(with);
    }

    public void Dispose() => _ahead?.Take()?.Dispose();

    private Recruit? TryStart()
    {
        try
        {
            return Recruit.Start(rights, _error);
        }
        catch (Exception e) when (e is ConfinementException or OutOfMemoryException or ThreadStartException or IOException)
        {
            return null; // Post tries again
        }
    }
}
