using System.Collections.Immutable;

namespace Postern.Steward.Errands;

/// <summary>
/// What the steward itself has read. A warden whose configuration is a little newer or older is answered all the same: the file is read again when an
/// order names something unknown, though not for every such order, and the last few readings are kept for a little while: an order that was under way
/// when the file changed is carried out, and what was taken out of the file cannot be run for ever.
/// </summary>
internal sealed class ErrandDefinitions(Func<ImmutableArray<Errand>?> load)
{
    private const int MaxGenerations = 4;

    private static readonly TimeSpan BetweenReadings = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Outdated = TimeSpan.FromMinutes(1);

    private readonly List<Dictionary<(string Service, UInt128 Fingerprint), Errand>> _generations = [];
    private TimeSpan? _lastReading;

    public Errand? Find(string service, UInt128 fingerprint, TimeSpan now)
    {
        if (now - _lastReading > Outdated && _generations.Count > 1)
            _generations.RemoveRange(1, _generations.Count - 1);
        if (Known(service, fingerprint) is { } known)
            return known;
        if (_lastReading is { } last && now - last < BetweenReadings)
            return null;
        Read(now);
        return Known(service, fingerprint);
    }

    public void Read(TimeSpan now)
    {
        _lastReading = now;
        if (load() is not { } errands)
            return; // a file with a fault changes nothing, as for the warden
        _generations.Insert(0, errands.ToDictionary(e => (e.Service, e.Fingerprint())));
        if (_generations.Count > MaxGenerations)
            _generations.RemoveAt(MaxGenerations);
    }

    private Errand? Known(string service, UInt128 fingerprint)
    {
        foreach (var generation in _generations)
        {
            if (generation.TryGetValue((service, fingerprint), out var errand))
                return errand;
        }

        return null;
    }
}
