using Postern.Knocks;

namespace Postern.Sentry.Spa;

/// <summary>
/// The last packets that would have been opened if the budget had not been short: that they came, and when, and nothing else. Who sends the same bytes
/// again is most likely a client, whose copies come tens of milliseconds apart (spec/spa.md §6); a flood of packets that are each another never does. Fixed size, laid out once.
/// <list type="bullet">
/// <item>Only who knows the gate secret writes here. 65 536 are remembered: at 500 000 a second, more than a core can read, for a tenth of a second, which
/// is longer than a client waits with its first copy.</item>
/// <item>A keyed hash of all bytes decides. The nonce would not do: a flood could have one nonce in all its packets, and each would count as asked before.</item>
/// <item>What comes again within <see cref="Soonest"/> is no copy of a client's: a packet on a VLAN is seen twice, and a flood would be a flood of copies.</item>
/// </list>
/// </summary>
internal sealed class AskedPackets
{
    /// <summary>One tick of the times that are kept; they come round after a quarter of an hour.</summary>
    internal const long Tick = 1 << 24;

    internal const long Soonest = 2 * Tick;
    internal const long Latest = 120 * Tick;

    private const int Ways = 16;
    private const int Sets = 4096;
    private const ulong HashMask = ulong.MaxValue << 16;

    private readonly SipHash _hash;

    /// <summary>48 bits of the hash, and 16 of the tick. The places of a set are two lines of the processor's cache, side by side.</summary>
    private readonly ulong[] _marks = new ulong[Sets * Ways];
    private readonly byte[] _next = new byte[Sets];

    public AskedPackets(SipHash hash)
    {
        _hash = hash;
        _marks.LayOut(HashMask); // so that all of it is there from the start
        _next.LayOut((byte)1);
    }

    /// <summary>For the other two: 100 ns for the smallest packet.</summary>
    public ulong Identify(ReadOnlySpan<byte> packet) => (ulong)_hash.Of(packet);

    /// <summary>Whether it came before, and neither a moment nor an age ago.</summary>
    public bool Has(ulong packet, long now)
    {
        foreach (var mark in SetOf(packet))
        {
            if ((mark & HashMask) == (packet & HashMask))
                return (ushort)((ushort)(now / Tick) - (ushort)mark) is >= (int)(Soonest / Tick) and <= (int)(Latest / Tick);
        }

        return false;
    }

    /// <summary>In place of the one of its set that was added first. One that is there keeps its time, so that a third copy counts as the second does.</summary>
    public void Add(ulong packet, long now)
    {
        var marks = SetOf(packet);
        var set = IndexOf(packet);
        var place = (int)_next[set];
        for (var i = 0; i < Ways; i++)
        {
            if ((marks[i] & HashMask) != (packet & HashMask))
                continue;
            if ((ushort)((ushort)(now / Tick) - (ushort)marks[i]) <= Latest / Tick)
                return;
            place = i;
        }

        if (place == _next[set])
            _next[set] = (byte)((_next[set] + 1) % Ways);
        marks[place] = (packet & HashMask) | (ushort)(now / Tick);
    }

    private Span<ulong> SetOf(ulong packet) => _marks.AsSpan(IndexOf(packet) * Ways, Ways);

    /// <summary>By bits that are not in the mark, as far as there are any.</summary>
    private static int IndexOf(ulong packet) => (int)(packet & (Sets - 1));
}
