namespace Postern.Warden.Ledger;

/// <summary>
/// Which single things were used: packets that carry a time, each until it is too old to be good anyway, and secrets that are good once, for ever.
/// <para>
/// What is forgotten leaves a floor, the latest time at which any of it was made, and nothing that was made up to then is believed to be new. So neither
/// a clock that is set back, nor an age limit that is raised, makes a packet good again.
/// </para>
/// <para>
/// Both kinds are bounded. Who fills the packets has a good key, and for each mark the gate has waited for its disk; when there is no room, nothing more
/// is marked, and so nothing granted, until some are old enough.
/// </para>
/// </summary>
internal sealed class MarkBook
{
    public const int MaxPackets = 65_536;
    public const int MaxOneTime = 262_144;

    private readonly Dictionary<KeyFingerprint, (ulong Expires, ulong Made)> _packets = [];
    private readonly Dictionary<KeyFingerprint, ulong> _oneTime = [];
    private ulong _firstExpiry = ulong.MaxValue;

    /// <summary>Up to then packets may have been marked that are not here any more.</summary>
    public ulong Floor { get; private set; }

    /// <summary>How many records say all of it.</summary>
    public int Count => _packets.Count + _oneTime.Count + (Floor == 0 ? 0 : 1);

    /// <param name="mark">What is asked about.</param>
    /// <param name="latest">A floor beyond this was left by a clock that has since been put right. It counts again when its time comes.</param>
    public bool Has(in LedgerMark mark, ulong latest) => mark.Kind == MarkKind.OneTime
        ? _oneTime.ContainsKey(mark.Digest)
        : _packets.ContainsKey(mark.Digest) || (mark.Made != 0 && mark.Made <= Floor && Floor <= latest);

    /// <summary>Forgets what may be forgotten before it says no.</summary>
    public bool HasRoomFor(MarkKind kind, ulong now)
    {
        if (kind == MarkKind.OneTime)
            return _oneTime.Count < MaxOneTime;
        if (_packets.Count >= MaxPackets)
            Forget(now);
        return _packets.Count < MaxPackets;
    }

    public void Add(in LedgerMark mark)
    {
        if (mark.Kind == MarkKind.OneTime)
            _oneTime[mark.Digest] = mark.Expires;
        else
            AddPacket(mark);
    }

    /// <summary>The later of two: a packet that fits two doors is held for the one that would take it longer.</summary>
    private void AddPacket(in LedgerMark mark)
    {
        var (expires, made) = _packets.GetValueOrDefault(mark.Digest, (Expires: 1UL, Made: 0UL));
        expires = mark.Expires == 0 || expires == 0 ? 0 : Math.Max(expires, mark.Expires);
        _packets[mark.Digest] = (expires, Math.Max(made, mark.Made));
        if (expires != 0)
            _firstExpiry = Math.Min(_firstExpiry, expires);
    }

    /// <summary>Marks of packets whose time has passed.</summary>
    public void Forget(ulong now)
    {
        if (_firstExpiry >= now)
            return;
        _firstExpiry = ulong.MaxValue;
        foreach (var (digest, (expires, made)) in _packets)
        {
            if (expires != 0 && expires < now)
            {
                Floor = Math.Max(Floor, made);
                _packets.Remove(digest);
            }
            else if (expires != 0)
            {
                _firstExpiry = Math.Min(_firstExpiry, expires);
            }
        }
    }

    /// <summary>Read back in any order, they are the same book.</summary>
    public IEnumerable<LedgerRecord> Records()
    {
        if (Floor != 0)
            yield return new(LedgerRecordKind.MarkFloor, default, 0, Floor);
        foreach (var (digest, (expires, made)) in _packets)
            yield return new(LedgerRecordKind.PacketMark, digest, 0, expires) { Made = made };
        foreach (var (digest, expires) in _oneTime)
            yield return new(LedgerRecordKind.OneTimeMark, digest, 0, expires);
    }

    public static LedgerRecord RecordOf(in LedgerMark mark) => mark.Kind == MarkKind.OneTime
        ? new(LedgerRecordKind.OneTimeMark, mark.Digest, 0, mark.Expires)
        : new(LedgerRecordKind.PacketMark, mark.Digest, 0, mark.Expires) { Made = mark.Made };

    public void Read(in LedgerRecord record)
    {
        switch (record.Kind)
        {
            case LedgerRecordKind.PacketMark:
                Add(new(MarkKind.Packet, record.Key, record.Time) { Made = record.Made });
                break;
            case LedgerRecordKind.OneTimeMark:
                Add(new(MarkKind.OneTime, record.Key, record.Time));
                break;
            case LedgerRecordKind.MarkFloor:
                Floor = Math.Max(Floor, record.Time);
                break;
            default:
                throw new InvalidOperationException($"{record.Kind} is none of a mark");
        }
    }
}
