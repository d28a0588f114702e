using System.Collections.Immutable;
using System.Numerics;
using Postern.Keys;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Errands;

namespace Postern.Knocks.Ports;

/// <summary>A knock by tokens in port numbers.</summary>
/// <param name="Span">Where.</param>
/// <param name="Tcp">First segments of connections count.</param>
/// <param name="Udp">Datagrams do.</param>
/// <param name="Secret">It stays the caller's, and must live as long as the detector.</param>
/// <param name="Within">From the first to the last packet.</param>
public sealed record PortsDoor(PortSpan Span, bool Tcp, bool Udp, TokenSecret Secret, TimeSpan Within);

/// <summary>A token that was read from ports: whose door, what it says, its number, and the address that it is bound to, if to any.</summary>
public readonly record struct PortsFound(int Door, PortsToken Token, ulong Number, Address Bound);

/// <summary>What became of a packet that completed no token.</summary>
public enum PortsOutcome
{
    None,

    /// <summary>A symbol, or one more; too few so far.</summary>
    Symbol,

    /// <summary>Enough symbols for a token, and more of them wrong than can be mended.</summary>
    Garbled,

    /// <summary>A word of the code, and by no secret.</summary>
    BadToken,

    /// <summary>More tries than are made at once.</summary>
    OverBudget,
}

/// <summary>
/// Watches for tokens in port numbers. A function of (packet, now) and of what it remembers, which is bounded: of each source, for each span, the last value at each place and when it came.
/// <para>
/// A newer value takes the place of an older one, so that a token sent again, or the next, needs no pause. With each new value a try is made as soon as there are enough: to mend what is missing and
/// what is wrong (a symbol of an older token, a packet that somebody else sent in this one's name), and then by the secret of each knock of that span.
/// </para>
/// <para>
/// Of tries each source has a small allowance; mending and MACs have budgets for all sources together, the same share for each span, so that a flood at one span costs the clients of another nothing. MACs are paid last, by
/// words that the code has borne out: of junk with a symbol too many, one word in 256 comes so far. Any 16 symbols alone are a word, so that these have a smaller budget of their own, which a client does not need who gets one packet more through.
/// </para>
/// </summary>
public sealed class PortsDetector
{
    /// <summary>Of a token there are nine tries at most, with sixteen symbols to twenty-four, and nine more as its data comes; three rounds of it, and the next.</summary>
    public const int TriesAtOnce = 64;

    private const int TableBytes = 8 << 20;
    private const int TriesPerSecond = 16;
    private const long TryCost = 1_000_000_000 / TriesPerSecond;
    private const long TimeMask = ~0xffL;

    // A row has a value and its time for each symbol, and behind them what the tries have cost, when the last was made, and of which lengths the data may be that the token waits for, a bit each.
    private const int LevelFromEnd = 3;
    private const int TriedFromEnd = 2;
    private const int AwaitedFromEnd = 1;
    private const int MoreTimes = 3;

    private readonly ImmutableArray<PortsDoor> _doors;
    private readonly Group[] _groups;
    private readonly AttemptTable _attempts;
    private readonly PortsFound[] _found;
    private readonly int _symbols;
    private int _count;

    /// <summary>Knocks that look at the same packets.</summary>
    private sealed record Group(PortSpan Span, bool Tcp, bool Udp, long Within, int[] Doors, TryBudget Budget);

    public PortsDetector(ImmutableArray<PortsDoor> doors, int tableBytes = TableBytes)
    {
        _doors = doors;
        var groups = doors.Index().GroupBy(d => (d.Item.Span, d.Item.Tcp, d.Item.Udp, d.Item.Within), d => d.Index).ToArray();
        _groups = [.. groups.Select(g => new Group(g.Key.Span, g.Key.Tcp, g.Key.Udp, g.Key.Within.Ticks * TimeSpan.NanosecondsPerTick, [.. g], new(groups.Length)))];
        _symbols = doors.Any(d => d.Span.HasData) ? PortSpan.MaxSymbols : PortSpan.Symbols;
        _attempts = new(tableBytes, _symbols + MoreTimes, marksPerRow: 0);
        _found = new PortsFound[doors.Length];
        Span<byte> token = stackalloc byte[PortsToken.Size];
        token.Clear();
        _ = PortsToken.TryRead(doors[0].Secret, Address.None, token, out _, out _); // loads what a MAC needs, before the first packet
    }

    public long Evicted => _attempts.Evicted;

    /// <summary>So many symbols of one token are there, of the source of the last packet that was one.</summary>
    public int There { get; private set; }

    /// <summary>The tokens that this packet completes. The answer lives until the next call.</summary>
    /// <param name="packet">A packet that was addressed to this host.</param>
    /// <param name="now">Nanoseconds; only differences matter.</param>
    /// <param name="outcome">Where it completes none, why.</param>
    public ReadOnlySpan<PortsFound> Observe(in PacketView packet, long now, out PortsOutcome outcome)
    {
        outcome = PortsOutcome.None;
        _count = 0;
        if (packet.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp) || !TcpFlagCondition.Connect.HoldsOrIsNotTcp(packet))
            return [];
        for (var i = 0; i < _groups.Length; i++)
        {
            var group = _groups[i];
            if ((packet.Protocol == IpProtocol.Tcp ? group.Tcp : group.Udp) && group.Span.TryRead(packet.DestinationPort, out var place, out var value))
                outcome = Take(i, packet.Source, place, value, now);
        }

        return _found.AsSpan(0, _count);
    }

    private PortsOutcome Take(int number, UInt128 source, int place, byte value, long now)
    {
        var group = _groups[number];
        var row = _attempts.FindOrClaim(source, number, now);
        var times = _attempts.Times(row);
        var oldest = (now - group.Within) & TimeMask;
        var isNew = times[place] < oldest || (byte)times[place] != value;
        times[place] = (now & TimeMask) | value;

        Span<byte> word = stackalloc byte[PortSpan.MaxSymbols];
        var missing = ulong.MaxValue << _symbols;
        for (var i = 0; i < _symbols; i++)
        {
            word[i] = (byte)times[i];
            missing |= times[i] < oldest ? 1ul << i : 0;
        }

        There = ThereOf(missing, 0, PortSpan.Symbols);
        _attempts.Touch(row, now, now + group.Within, _symbols - BitOperations.PopCount(missing & ~(ulong.MaxValue << _symbols)));
        if (!isNew || There < PortsToken.Size || (place >= PortSpan.Symbols && !IsAwaited(times[^AwaitedFromEnd], place, missing)))
            return PortsOutcome.Symbol;
        if (!MayTry(times, now) || !group.Budget.MayMend(now))
            return PortsOutcome.OverBudget;
        if (!PortSpan.TryMend(word[..PortSpan.Symbols], missing & ~(ulong.MaxValue << PortSpan.Symbols)))
            return PortsOutcome.Garbled;
        if (!group.Budget.MayHash(now, (group.Span.HasData ? 4 : 2) * group.Doors.Length, isChecked: There > PortsToken.Size))
            return PortsOutcome.OverBudget;
        var outcome = TryEach(group, new(source), word, missing, out var awaited);
        times[^AwaitedFromEnd] = awaited;
        if (outcome == PortsOutcome.None)
            times[.._symbols].Fill(AttemptTable.Never);
        return outcome == PortsOutcome.None ? PortsOutcome.Symbol : outcome;
    }

    private static int ThereOf(ulong missing, int from, int count) => count - BitOperations.PopCount(missing >> from & ~(ulong.MaxValue << count));

    /// <summary>Whether a symbol of the data is one for which a token waits, and there are enough now: without that, a try would tell nothing new.</summary>
    private static bool IsAwaited(long lengths, int place, ulong missing)
    {
        for (var length = 1; length <= ActionData.MaxLength && lengths > 0; length++)
        {
            if ((lengths >> length & 1) != 0 && place < PortSpan.SymbolsFor(length) && ThereOf(missing, PortSpan.Symbols, length + PortSpan.Parity) >= length)
                return true;
        }

        return false;
    }

    private static bool MayTry(Span<long> times, long now)
    {
        var level = times[^TriedFromEnd] == AttemptTable.Never ? 0 : Math.Max(0, times[^LevelFromEnd] - (now - times[^TriedFromEnd]));
        if (level > (TriesAtOnce - 1) * TryCost)
            return false;
        (times[^LevelFromEnd], times[^TriedFromEnd]) = (level + TryCost, now);
        return true;
    }

    /// <summary>None: it is found. A symbol: it may be by one of the secrets, and some of its data has not come.</summary>
    private PortsOutcome TryEach(Group group, Address source, ReadOnlySpan<byte> word, ulong missing, out long awaited)
    {
        awaited = 0;
        Span<byte> whole = stackalloc byte[PortsToken.Size + ActionData.MaxLength + PortSpan.Parity];
        word[..PortsToken.Size].CopyTo(whole);
        foreach (var door in group.Doors)
        {
            var secret = _doors[door].Secret;
            var length = 0;
            if (group.Span.HasData && !PortsToken.TryPeek(secret, word, out length))
                continue;
            if (length > 0 && !TryMendData(word, missing, length, whole[PortsToken.Size..]))
            {
                awaited |= 1L << length;
                continue;
            }

            if (!PortsToken.TryRead(secret, source, whole[..(PortsToken.Size + length)], out var token, out var number))
                continue;
            _found[_count++] = new(door, token, number, token.IsBound ? source : Address.None);
            return PortsOutcome.None;
        }

        return awaited != 0 ? PortsOutcome.Symbol : PortsOutcome.BadToken;
    }

    /// <summary>False: too few have come, or more are wrong than can be mended; others may still come, or come anew.</summary>
    private static bool TryMendData(ReadOnlySpan<byte> word, ulong missing, int length, Span<byte> data)
    {
        var symbols = length + PortSpan.Parity;
        if (ThereOf(missing, PortSpan.Symbols, symbols) < length)
            return false;
        word.Slice(PortSpan.Symbols, symbols).CopyTo(data);
        return PortSpan.TryMend(data[..symbols], missing >> PortSpan.Symbols & ~(ulong.MaxValue << symbols));
    }
}
