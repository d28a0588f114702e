namespace Postern.Warden.Ledger;

/// <summary>
/// Which single things were used: packets and tokens that carry a time, each until it is too old to be good anyway (<see cref="DatedMarks"/>), and secrets that are good once, for ever.
/// <para>
/// All kinds are bounded. Who fills one has a good key, and for each mark the gate has waited for its disk; when there is no room, nothing more of that kind
/// is marked, and so nothing granted, until some are old enough.
/// </para>
/// </summary>
internal sealed class MarkBook
{
    public const int MaxPackets = 65_536;
    public const int MaxOneTime = 262_144;

    private readonly DatedMarks _packets = new(MaxPackets);
    private readonly DatedMarks _tokens = new(MaxPackets);
    private readonly Dictionary<KeyFingerprint, ulong> _oneTime = [];

    /// <summary>Up to then packets may have been marked that are not here any more.</summary>
    public ulong Floor => _packets.Floor;

    /// <summary>How many records say all of it.</summary>
    public int Count => _packets.Count + _tokens.Count + _oneTime.Count;

    /// <param name="mark">What is asked about.</param>
    /// <param name="latest">A floor beyond this was left by a clock that has since been put right. It counts again when its time comes.</param>
    public bool Has(in LedgerMark mark, ulong latest) => mark.Kind == MarkKind.OneTime ? _oneTime.ContainsKey(mark.Digest) : Of(mark.Kind).Has(mark, latest);

    /// <summary>Forgets what may be forgotten before it says no.</summary>
    public bool HasRoomFor(MarkKind kind, ulong now) => kind == MarkKind.OneTime ? _oneTime.Count < MaxOneTime : Of(kind).HasRoom(now);

    public void Add(in LedgerMark mark)
    {
        if (mark.Kind == MarkKind.OneTime)
            _oneTime[mark.Digest] = mark.Expires;
        else
            Of(mark.Kind).Add(mark);
    }

    /// <summary>Marks of packets and tokens whose time has passed.</summary>
    public void Forget(ulong now)
    {
        _packets.Forget(now);
        _tokens.Forget(now);
    }

    /// <summary>Read back in any order, they are the same book.</summary>
    public IEnumerable<LedgerRecord> Records()
    {
        if (_packets.Floor != 0)
            yield return new(LedgerRecordKind.MarkFloor, default, 0, _packets.Floor);
        if (_tokens.Floor != 0)
            yield return new(LedgerRecordKind.TokenFloor, default, 0, _tokens.Floor);
        foreach (var (digest, expires, made) in _packets.All)
            yield return new(LedgerRecordKind.PacketMark, digest, 0, expires) { Made = made };
        foreach (var (digest, expires, made) in _tokens.All)
            yield return new(LedgerRecordKind.TokenMark, digest, 0, expires) { Made = made };
        foreach (var (digest, expires) in _oneTime)
            yield return new(LedgerRecordKind.OneTimeMark, digest, 0, expires);
    }

    public static LedgerRecord RecordOf(in LedgerMark mark) => mark.Kind switch
    {
        MarkKind.OneTime => new(LedgerRecordKind.OneTimeMark, mark.Digest, 0, mark.Expires),
        MarkKind.Token => new(LedgerRecordKind.TokenMark, mark.Digest, 0, mark.Expires) { Made = mark.Made },
        _ => new(LedgerRecordKind.PacketMark, mark.Digest, 0, mark.Expires) { Made = mark.Made },
    };

    public void Read(in LedgerRecord record)
    {
        switch (record.Kind)
        {
            case LedgerRecordKind.PacketMark:
                Add(new(MarkKind.Packet, record.Key, record.Time) { Made = record.Made });
                break;
            case LedgerRecordKind.TokenMark:
                Add(new(MarkKind.Token, record.Key, record.Time) { Made = record.Made });
                break;
            case LedgerRecordKind.OneTimeMark:
                Add(new(MarkKind.OneTime, record.Key, record.Time));
                break;
            case LedgerRecordKind.MarkFloor:
                _packets.RaiseFloor(record.Time);
                break;
            case LedgerRecordKind.TokenFloor:
                _tokens.RaiseFloor(record.Time);
                break;
            default:
                throw new InvalidOperationException($"{record.Kind} is none of a mark");
        }
    }

    private DatedMarks Of(MarkKind kind) => kind == MarkKind.Token ? _tokens : _packets;
}
