using System.Numerics;
using System.Runtime.InteropServices;

namespace Postern.Fuzz.Engine;

/// <summary>All edges that were ever taken, each with how often in one run it was, roughly.</summary>
public sealed class Coverage
{
    private readonly byte[] _seen = new byte[Edges.Size];

    /// <summary>How many edges there are in it.</summary>
    public int Count { get; private set; }

    /// <summary>Adds what <see cref="Edges"/> holds of the last run; true where something of it is new.</summary>
    public bool Add()
    {
        var isNew = false;
        var words = MemoryMarshal.Cast<byte, ulong>(Edges.Counts);
        for (var word = 0; word < words.Length; word++)
        {
            if (words[word] == 0)
                continue;
            for (var i = word * sizeof(ulong); i < (word + 1) * sizeof(ulong); i++)
            {
                var bucket = Bucket(Edges.Counts[i]);
                if ((bucket & ~_seen[i]) == 0)
                    continue;
                Count += _seen[i] == 0 ? 1 : 0;
                _seen[i] |= bucket;
                isNew = true;
            }
        }

        return isNew;
    }

    /// <summary>Of the last run: equal for runs that took the same edges, about as often.</summary>
    public static ulong Signature()
    {
        var hash = 14695981039346656037ul;
        for (var i = 0; i < Edges.Size; i++)
        {
            if (Edges.Counts[i] != 0)
                hash = (hash ^ ((ulong)i << 8 | Bucket(Edges.Counts[i]))) * 1099511628211ul;
        }

        return hash;
    }

    /// <summary>1, 2, 3, 4–7, 8–15, 16–31, 32–127, 128–255: one bit each.</summary>
    private static byte Bucket(byte count) => count switch
    {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        < 8 => 8,
        < 16 => 16,
        < 32 => 32,
        < 128 => 64,
        _ => 128,
    };
}
