using System.IO.Compression;

namespace Postern.Knocks.Tests.Spa;

/// <summary>
/// What one without the gate secret can try on what he records, to tell it from random bytes. Each test gives a figure that is about normal (mean 0, deviation 1) for random
/// bytes. The bounds are such that all tests together fail for random bytes less than once in 10⁹ runs: about 20 000 figures by position at 8 (10⁻¹⁵ each, by the normal tail;
/// ten times that allows for the approximation), a handful of others at 7 (3 · 10⁻¹² each).
/// </summary>
internal static class Randomness
{
    private const double PositionBound = 8;
    private const double Bound = 7;

    /// <summary>What speaks against it; nothing for random bytes. <paramref name="packets"/> are in the order in which they were sent.</summary>
    public static IReadOnlyList<string> Faults(IReadOnlyList<byte[]> packets)
    {
        var faults = new List<string>();
        foreach (var size in packets.GroupBy(p => p.Length))
        {
            EachPosition([.. size], faults);
            Neighbours([.. size], faults);
        }

        Bits(packets, faults);
        Pairs(packets, faults);
        Nonces(packets, faults);
        Compression(packets, faults);
        return faults;
    }

    /// <summary>Is each value as frequent as the others, at each place, and each bit as often one as zero? Chi-square with 255 degrees of freedom, made normal by its cube root (Wilson and Hilferty).</summary>
    private static void EachPosition(byte[][] packets, List<string> faults)
    {
        var length = packets[0].Length;
        var counts = new int[length * 256];
        foreach (var packet in packets)
        {
            for (var at = 0; at < length; at++)
                counts[(at << 8) | packet[at]]++;
        }

        for (var at = 0; at < length; at++)
        {
            var here = counts.AsSpan(at << 8, 256);
            var deviation = ChiSquare(here, packets.Length);
            if (Math.Abs(deviation) > PositionBound)
                faults.Add($"position {at} of {length}: {deviation:f1}");
            for (var bit = 0; bit < 8; bit++)
                Note($"bit {bit} of position {at} of {length}", Ones(here, bit), packets.Length, 0.5, faults, PositionBound);
        }
    }

    private static long Ones(ReadOnlySpan<int> counts, int bit)
    {
        long ones = 0;
        for (var value = 0; value < counts.Length; value++)
            ones += (value >> bit & 1) * counts[value];
        return ones;
    }

    private static double ChiSquare(ReadOnlySpan<int> counts, long total)
    {
        var expected = (double)total / counts.Length;
        double sum = 0;
        foreach (var count in counts)
            sum += (count - expected) * (count - expected) / expected;
        double freedom = counts.Length - 1;
        var spread = 2 / (9 * freedom);
        return (Math.Cbrt(sum / freedom) - (1 - spread)) / Math.Sqrt(spread);
    }

    /// <summary>Are bytes equal to those at the same place of the packet before more often than one in 256? So it would be if a key stream were used twice.</summary>
    private static void Neighbours(byte[][] packets, List<string> faults)
    {
        long equal = 0;
        for (var i = 1; i < packets.Length; i++)
        {
            for (var at = 0; at < packets[i].Length; at++)
                equal += packets[i][at] == packets[i - 1][at] ? 1 : 0;
        }

        Note("equal to the packet before", equal, (packets.Length - 1L) * packets[0].Length, 1.0 / 256, faults);
    }

    /// <summary>Are there as many ones as zeros, and as many changes from bit to bit as stays?</summary>
    private static void Bits(IReadOnlyList<byte[]> packets, List<string> faults)
    {
        long ones = 0, changes = 0, bits = 0;
        foreach (var packet in packets)
        {
            bits += packet.Length * 8;
            var last = packet[0] >> 7;
            foreach (var b in packet)
            {
                ones += byte.PopCount(b);
                changes += byte.PopCount((byte)(b ^ (b >> 1 | last << 7)));
                last = b & 1;
            }
        }

        Note("ones", ones, bits, 0.5, faults);
        Note("runs of bits", changes, bits - packets.Count, 0.5, faults);
    }

    /// <summary>Does a byte say anything of the next one: as a number, or as a pair?</summary>
    private static void Pairs(IReadOnlyList<byte[]> packets, List<string> faults)
    {
        var counts = new int[65536];
        double product = 0;
        long n = 0, pairs = 0;
        foreach (var packet in packets)
        {
            for (var i = 1; i < packet.Length; i++, n++)
                product += (packet[i] - 127.5) * (packet[i - 1] - 127.5);
            for (var i = 1; i < packet.Length; i += 2, pairs++)
                counts[(packet[i - 1] << 8) | packet[i]]++;
        }

        const double Variance = (65536 - 1) / 12.0;
        var serial = product / Variance / Math.Sqrt(n);
        if (Math.Abs(serial) > Bound)
            faults.Add($"serial correlation: {serial:f1}");
        if (Math.Abs(ChiSquare(counts, pairs)) > PositionBound)
            faults.Add($"pairs: {ChiSquare(counts, pairs):f1}");
    }

    private static void Nonces(IReadOnlyList<byte[]> packets, List<string> faults)
    {
        if (packets.DistinctBy(p => Convert.ToHexString(p.AsSpan(0, 24))).Count() != packets.Count)
            faults.Add("a nonce was used twice");
    }

    private static void Compression(IReadOnlyList<byte[]> packets, List<string> faults)
    {
        var all = new byte[packets.Sum(p => p.Length)];
        var at = 0;
        foreach (var packet in packets)
        {
            packet.CopyTo(all, at);
            at += packet.Length;
        }

        var compressed = new byte[BrotliEncoder.GetMaxCompressedLength(all.Length)];
        Assert.True(BrotliEncoder.TryCompress(all, compressed, out var written, quality: 4, window: 22));
        if (written < all.Length)
            faults.Add($"{all.Length} bytes shrink to {written}");
    }

    private static void Note(string what, long count, long total, double chance, List<string> faults, double bound = Bound)
    {
        var deviation = (count - (total * chance)) / Math.Sqrt(total * chance * (1 - chance));
        if (Math.Abs(deviation) > bound)
            faults.Add($"{what}: {deviation:f1}");
    }
}
