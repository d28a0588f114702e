namespace Postern.Warden.Ledger;

/// <summary>
/// Acceptances that are written down together, since the disk takes as long for sixteen as for one. Each is asked about and noted as ever, also against those
/// that wait; none may be acted on before <see cref="TryKeep"/> has said yes. Marks do not wait.
/// </summary>
internal sealed class LedgerGroup(ILedger ledger) : ILedger
{
    private readonly List<Acceptance> _noted = [];

    public ulong LastOf(KeyFingerprint key, uint device, DateTimeOffset now)
    {
        var last = ledger.LastOf(key, device, now);
        foreach (var noted in _noted)
        {
            if (noted.Device == device && noted.Key == key)
                last = Math.Max(last, noted.Time);
        }

        return last;
    }

    public bool TryRemember(KeyFingerprint key, uint device, ulong time)
    {
        _noted.Add(new(key, device, time));
        return true;
    }

    public bool TryRemember(ReadOnlySpan<Acceptance> acceptances)
    {
        _noted.AddRange(acceptances);
        return true;
    }

    public bool IsMarked(LedgerMark mark, DateTimeOffset now) => ledger.IsMarked(mark, now);

    public bool TryMark(LedgerMark mark, DateTimeOffset now) => ledger.TryMark(mark, now);

    /// <summary>All that was noted since the last time, or none of it.</summary>
    public bool TryKeep()
    {
        var kept = _noted.Count switch
        {
            0 => true,
            1 => ledger.TryRemember(_noted[0].Key, _noted[0].Device, _noted[0].Time),
            _ => ledger.TryRemember(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_noted)),
        };
        _noted.Clear();
        return kept;
    }
}
