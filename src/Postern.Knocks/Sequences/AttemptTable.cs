using System.Runtime.InteropServices;

namespace Postern.Knocks.Sequences;

/// <summary>
/// Who is how far with which door: a table of fixed size, laid out once, that strangers can fill but not grow.
/// <para>
/// Anyone can send first knocks under any number of false addresses, faster than any table can hold for as long as a sequence may
/// take. So the question is not whether attempts are pushed out, but whose. The rules:
/// </para>
/// <list type="number">
/// <item>An attempt lives in one small <em>set</em> of <see cref="Ways"/> places, chosen by a keyed hash. The key is secret and new in each
/// process, so nobody can aim at the set of somebody else; a flood spreads over all sets evenly.</item>
/// <item>In a full set the place goes that is expired; else the one that was touched longest ago. A client whose packets come <c>t</c>
/// apart is pushed out only if sixteen strangers fall into his set within <c>t</c>: at 300 000 a second and the default size, sixteen in
/// about 0.4 s on average, and in 0.1 s with a chance below one in a hundred thousand.</item>
/// <item>An attempt that has made more than one step is <em>advanced</em>. A newcomer does not push out an advanced attempt while the set
/// has any other; so a stranger who knows (or guessed) one port of a door cannot touch a client past it.</item>
/// <item>But at most half of a set may be protected so, else a stranger who knows two ports could leave newcomers a single place to
/// fight over. Beyond that half the oldest goes, advanced or not.</item>
/// <item>IPv6 gives everybody 2^64 true addresses. All of one /64 share a region of one sixty-fourth of the table, so that one host
/// cannot reach the rest, nor anyone but its own neighbours in that region.</item>
/// </list>
/// </summary>
internal sealed class AttemptTable
{
    public const int Ways = 16;

    public const long Never = long.MinValue;

    private const int Regions = 64;
    private const int LeastSetsInRegion = 64;
    private const int NoRow = -1;

    private readonly int _sets;
    private readonly int _setsInRegion;
    private readonly int _stepsPerRow;
    private readonly int _marksPerRow;
    private readonly UInt128[] _sources;
    private readonly int[] _doors;
    private readonly long[] _expires;
    private readonly long[] _touched;
    private readonly byte[] _progress;
    private readonly byte[] _markCount;
    private readonly long[] _times;
    private readonly ulong[] _marks;

    /// <param name="bytes">What the table may take; it is rounded down to whole sets, of which there is at least one.</param>
    /// <param name="stepsPerRow">Steps of the longest sequence.</param>
    /// <param name="marksPerRow">How many packets of an attempt are remembered so as to know a duplicate; 0 where no sequence needs it.</param>
    public AttemptTable(int bytes, int stepsPerRow, int marksPerRow)
    {
        _stepsPerRow = stepsPerRow;
        _marksPerRow = marksPerRow;
        var perRow = 16 + sizeof(int) + (2 * sizeof(long)) + 2 + (stepsPerRow * sizeof(long)) + (marksPerRow * sizeof(ulong));
        _sets = Math.Max(bytes / perRow / Ways, 1);
        _setsInRegion = Math.Min(Math.Max(_sets / Regions, LeastSetsInRegion), _sets);

        _sources = new UInt128[Capacity];
        _doors = new int[Capacity];
        _expires = new long[Capacity];
        _touched = new long[Capacity];
        _progress = new byte[Capacity];
        _markCount = new byte[Capacity];
        _times = new long[Capacity * stepsPerRow];
        _marks = new ulong[Capacity * marksPerRow];
        _expires.LayOut(Never); // nothing else of a row is read before it is claimed
    }

    /// <summary>Every page is written to, with what is there: memory that is only promised would be taken when strangers come.</summary>
    public void TakeMemory()
    {
        _touched.TakePages();
        _times.TakePages();
        _sources.TakePages();
        _doors.TakePages();
        _progress.TakePages();
        _markCount.TakePages();
        _marks.TakePages();
    }

    public int Capacity => _sets * Ways;

    /// <summary>Attempts that were still running when their place was taken.</summary>
    public long Evicted { get; private set; }

    /// <summary>The row of this attempt, or −1 where there is none or it has run out.</summary>
    public int Find(UInt128 source, int door, long now)
    {
        var first = SetOf(source, door) * Ways;
        for (var row = first; row < first + Ways; row++)
        {
            if (_doors[row] == door && _sources[row] == source && IsLive(row, now))
                return row;
        }

        return NoRow;
    }

    /// <summary>The row of this attempt; a new one, with nothing done yet, where there was none.</summary>
    public int FindOrClaim(UInt128 source, int door, long now)
    {
        var row = Find(source, door, now);
        return row != NoRow ? row : Claim(source, door, now);
    }

    /// <summary>The same, and where there is none the one that has run out and whose place nobody has taken; for those who ask why.</summary>
    public int FindPast(UInt128 source, int door)
    {
        var found = NoRow;
        var first = SetOf(source, door) * Ways;
        for (var row = first; row < first + Ways; row++)
        {
            if (_doors[row] == door && _sources[row] == source && _expires[row] != Never && (found == NoRow || _touched[row] > _touched[found]))
                found = row;
        }

        return found;
    }

    public long TouchedAt(int row) => _touched[row];

    /// <summary>One time for each step; <see cref="Never"/> where it has not been made.</summary>
    public Span<long> Times(int row) => _times.AsSpan(row * _stepsPerRow, _stepsPerRow);

    public void Touch(int row, long now, long expires, int progress)
    {
        _touched[row] = now;
        _expires[row] = expires;
        _progress[row] = (byte)progress;
    }

    public void Release(int row) => _expires[row] = Never;

    /// <summary>Remembers a packet of this attempt by its mark; false when it is remembered already, which makes this one its duplicate.</summary>
    public bool TryMark(int row, ulong mark)
    {
        var marks = _marks.AsSpan(row * _marksPerRow, _marksPerRow);
        if (marks[..Math.Min(_markCount[row], _marksPerRow)].Contains(mark))
            return false;
        marks[_markCount[row] % _marksPerRow] = mark;
        _markCount[row] = (byte)(_markCount[row] + 1 < 2 * _marksPerRow ? _markCount[row] + 1 : _marksPerRow);
        return true;
    }

    private int Claim(UInt128 source, int door, long now)
    {
        var row = PlaceIn(SetOf(source, door) * Ways, now);
        if (IsLive(row, now))
            Evicted++;
        _sources[row] = source;
        _doors[row] = door;
        _markCount[row] = 0;
        Times(row).Fill(Never);
        Touch(row, now, now, progress: 0);
        return row;
    }

    private int PlaceIn(int first, long now)
    {
        int oldest = first, oldestNewcomer = NoRow, advanced = 0;
        for (var row = first; row < first + Ways; row++)
        {
            if (!IsLive(row, now))
                return row;
            if (_touched[row] < _touched[oldest])
                oldest = row;
            if (_progress[row] > 1)
                advanced++;
            else if (oldestNewcomer == NoRow || _touched[row] < _touched[oldestNewcomer])
                oldestNewcomer = row;
        }

        return advanced <= Ways / 2 && oldestNewcomer != NoRow ? oldestNewcomer : oldest;
    }

    private bool IsLive(int row, long now) => _expires[row] != Never && _expires[row] >= now;

    private int SetOf(UInt128 source, int door)
    {
        var inWhole = KeyedHash(source ^ ((UInt128)(uint)door << 64));
        if (source >> 32 == 0xffff)
            return (int)(inWhole % (uint)_sets);
        var region = KeyedHash(source >> 64) % (uint)(_sets - _setsInRegion + 1);
        return (int)(region + (inWhole % (uint)_setsInRegion));
    }

    /// <summary>The runtime's own string hash (Marvin, keyed with chance at process start), made to withstand exactly those who choose what is hashed.</summary>
    private static uint KeyedHash(UInt128 value) =>
        (uint)string.GetHashCode(MemoryMarshal.Cast<UInt128, char>(new ReadOnlySpan<UInt128>(in value)), StringComparison.Ordinal);
}
