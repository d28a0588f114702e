namespace Postern.Warden.Ledger;

/// <summary>
/// Marks of one kind of thing that carries its time, each until that thing is too old to be good anyway.
/// <para>
/// What is forgotten leaves a floor, the latest time at which any of it was made, and nothing of the kind that was made up to then is believed to be new. So neither
/// a clock that is set back, nor an age limit that is raised, makes one good again. All of a kind are kept for equally long, so that what is forgotten first was made first.
/// </para>
/// </summary>
internal sealed class DatedMarks(int most)
{
    private readonly Dictionary<KeyFingerprint, (ulong Expires, ulong Made)> _marks = [];
    private ulong _firstExpiry = ulong.MaxValue;

    /// <summary>Up to then things may have been marked that are not here any more.</summary>
    public ulong Floor { get; private set; }

    /// <summary>How many records say all of it.</summary>
    public int Count => _marks.Count + (Floor == 0 ? 0 : 1);

    public IEnumerable<(KeyFingerprint Digest, ulong Expires, ulong Made)> All => _marks.Select(m => (m.Key, m.Value.Expires, m.Value.Made));

    public void RaiseFloor(ulong time) => Floor = Math.Max(Floor, time);

    public bool Has(in LedgerMark mark, ulong latest) => _marks.ContainsKey(mark.Digest) || (mark.Made != 0 && mark.Made <= Floor && Floor <= latest);

    /// <summary>Forgets what may be forgotten before it says no.</summary>
    public bool HasRoom(ulong now)
    {
        if (_marks.Count >= most)
            Forget(now);
        return _marks.Count < most;
    }

    /// <summary>The later of two: a packet that fits two doors is held for the one that would take it longer.</summary>
    public void Add(in LedgerMark mark)
    {
        var (expires, made) = _marks.GetValueOrDefault(mark.Digest, (Expires: 1UL, Made: 0UL));
        expires = mark.Expires == 0 || expires == 0 ? 0 : Math.Max(expires, mark.Expires);
        _marks[mark.Digest] = (expires, Math.Max(made, mark.Made));
        if (expires != 0)
            _firstExpiry = Math.Min(_firstExpiry, expires);
    }

    /// <summary>Those whose time has passed.</summary>
    public void Forget(ulong now)
    {
        if (_firstExpiry >= now)
            return;
        _firstExpiry = ulong.MaxValue;
        foreach (var (digest, (expires, made)) in _marks)
        {
            if (expires != 0 && expires < now)
            {
                RaiseFloor(made);
                _marks.Remove(digest);
            }
            else if (expires != 0)
            {
                _firstExpiry = Math.Min(_firstExpiry, expires);
            }
        }
    }
}
