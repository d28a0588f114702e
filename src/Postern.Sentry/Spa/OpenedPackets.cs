using System.Buffers.Binary;
using Postern.Knocks;

namespace Postern.Sentry.Spa;

/// <summary>
/// The last packets that were opened by public key, so that a copy of one costs a look into this table and not another opening. Fixed
/// size, laid out once.
/// <list type="bullet">
/// <item>Only an opened packet is remembered, so nobody without the gate secret writes here; and who has it writes no faster than
/// <see cref="OpeningBudget"/> lets him open. An observer has at most what he recorded, and each record is opened once, then known:
/// 65 536 openings, months of a busy gate's knocks, pass before one is forgotten.</item>
/// <item>A packet is taken for a copy only if all its bytes are those of one that was opened: the nonce's first bytes find the place, a keyed hash
/// of 128 bits of the whole decides. The nonce and the tag alone would not do: who knows the secret and sees a packet under way could send
/// ahead another with the same nonce and tag (a Poly1305 tag is no hash to those who know its key), and the genuine one would be taken for its copy.</item>
/// <item>What came of the opening does not matter: the same bytes would come to the same again.</item>
/// <item>A set is found by the nonce itself, with no secret. Who has the gate secret can aim at a set and make room in it with eight openings of
/// his own; the copy that he then sends costs the gate a ninth.</item>
/// </list>
/// </summary>
internal sealed class OpenedPackets
{
    internal const int Ways = 8;
    internal const int Capacity = Sets * Ways;

    private const int Sets = 8192;

    private readonly SipHash _hash;

    /// <summary>The marks of a set are one line of the processor's cache: all that a packet of no copy touches.</summary>
    private readonly ulong[] _marks = new ulong[Capacity];
    private readonly UInt128[] _hashes = new UInt128[Capacity];
    private readonly byte[] _next = new byte[Sets];

    public OpenedPackets(SipHash hash)
    {
        _hash = hash;
        _hashes.LayOut(UInt128.One); // so that all of it is there from the start; it is the marks that say whether a place is taken
        _marks.LayOut(EmptyMark);
    }

    public bool Has(ReadOnlySpan<byte> packet)
    {
        var mark = MarkOf(packet);
        var first = SetOf(mark) * Ways;
        var marks = _marks.AsSpan(first, Ways);
        if (!marks.Contains(mark))
            return false;

        var whole = _hash.Of(packet);
        for (var i = 0; i < Ways; i++)
        {
            if (marks[i] == mark && _hashes[first + i] == whole)
                return true;
        }

        return false;
    }

    /// <summary>In place of the one of its set that was added first.</summary>
    public void Add(ReadOnlySpan<byte> packet)
    {
        var mark = MarkOf(packet);
        var set = SetOf(mark);
        var place = (set * Ways) + _next[set];
        _next[set] = (byte)((_next[set] + 1) % Ways);
        _marks[place] = mark;
        _hashes[place] = _hash.Of(packet);
    }

    /// <summary>No packet's: those are odd.</summary>
    private const ulong EmptyMark = 2;

    /// <summary>Never that of an empty place.</summary>
    private static ulong MarkOf(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt64LittleEndian(packet) | 1;

    private static int SetOf(ulong mark) => (int)(mark >> 1) & (Sets - 1);
}
