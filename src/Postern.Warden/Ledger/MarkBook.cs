using System.Collections.Concurrent;

namespace Postern.Warden.Ledger;

/// <summary>
/// Which single things were used: packets and tokens that carry a time, each until it is too old to be good anyway (<see cref="DatedMarks"/>), and secrets that are good once and how far a counter has come, for ever.
/// <para>
/// All kinds are bounded. Who fills one has a good key, and for each mark the gate has waited for its disk; when there is no room, nothing more of that kind
/// is marked, and so nothing granted, until some are old enough.
/// </para>
/// </summary>
internal sealed class MarkBook
{
    public const int MaxPackets = 65_536;
    public const int MaxOneTime = 262_144;
    public const int MaxCounters = 65_536;

    private readonly DatedMarks _packets = new(MaxPackets);
    private readonly DatedMarks _tokens = new(MaxPackets);
    private readonly Dictionary<KeyFingerprint, ulong> _oneTime = [];

    /// <summary>The highest number of each series. Any thread may look.</summary>
    private readonly ConcurrentDictionary<KeyFingerprint, ulong> _counters = [];

    /// <summary>Up to then packets may have been marked that are not here any more.</summary>
    public ulong Floor => _packets.Floor;

    /// <summary>How many records say all of it.</summary>
    public int Count => _packets.Count + _tokens.Count + _oneTime.Count + _counters.Count;

    /// <param name="mark">What is asked about.</param>
    /// <param name="latest">A floor beyond this was left by a clock that has since been put right. It counts again when its time comes.</param>
    public bool Has(in LedgerMark mark, ulong latest) => mark.Kind switch
    {
        MarkKind.OneTime => _oneTime.ContainsKey(mark.Digest),
        MarkKind.Counter => mark.Number < NextOf(mark.Digest),
        _ => Of(mark.Kind).Has(mark, latest),
    };

    /// <summary>The lowest number of this series that is not used. Any thread may ask.</summary>
    public ulong NextOf(KeyFingerprint series) => _counters.TryGetValue(series, out var last) ? last + 1 : 0;

    /// <summary>Forgets what may be forgotten before it says no.</summary>
    public bool HasRoomFor(in LedgerMark mark, ulong now) => mark.Kind switch
    {
        MarkKind.OneTime => _oneTime.Count < MaxOneTime,
        MarkKind.Counter => _counters.Count < MaxCounters || _counters.ContainsKey(mark.Digest),
        _ => Of(mark.Kind).HasRoom(now),
    };

    public void Add(in LedgerMark mark)
    {
        if (mark.Kind == MarkKind.OneTime)
            _oneTime[mark.Digest] = mark.Expires;
        else if (mark.Kind == MarkKind.Counter)
            _counters[mark.Digest] = Math.Max(_counters.GetValueOrDefault(mark.Digest), mark.Number);
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
        foreach (var (series, last) in _counters)
            yield return new(LedgerRecordKind.Counter, series, 0, last);
    }

    public static LedgerRecord RecordOf(in LedgerMark mark) => mark.Kind switch
    {
        MarkKind.OneTime => new(LedgerRecordKind.OneTimeMark, mark.Digest, 0, mark.Expires),
        MarkKind.Counter => new(LedgerRecordKind.Counter, mark.Digest, 0, mark.Number),
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
            case LedgerRecordKind.Counter:
                Add(new(MarkKind.Counter, record.Key, Expires: 0) { Number = record.Time });
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
