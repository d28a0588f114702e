using System.Buffers.Binary;

namespace Postern.Packets;

/// <summary>
/// The options of a first segment, in their order. By IANA's registry (RFC 9293 §3.2, RFC 7323, RFC 2018, RFC 7413, RFC 8684):
/// <code>
/// 0 end · 1 no operation · all others: kind 1, length 1, …
/// 2 4  maximum segment size 2      3 3  window scale 1      4 2  selective acknowledgment permitted
/// 8 10 time stamp 4, its echo 4    34 … fast open           30 … several paths
/// </code>
/// </summary>
public readonly record struct SynOptions
{
    /// <summary>Four bits each are enough for the kinds, so that an order of options is one number. Honest segments have ten at most.</summary>
    private const int MaxCount = 16;

    private SynOptions(ulong order, int scale)
    {
        Order = order;
        Scale = scale;
    }

    /// <summary>One <see cref="SynOption"/> in each four bits, the first one lowest.</summary>
    public ulong Order { get; }

    /// <summary>Zero where there is none.</summary>
    public ushort MaximumSegment { get; private init; }

    /// <summary>−1 where there is none.</summary>
    public int Scale { get; }

    public bool HasTimestamp { get; private init; }

    public uint Timestamp { get; private init; }

    public SynTraits Traits { get; private init; }

    public static SynOptions Read(ReadOnlySpan<byte> bytes)
    {
        var (order, count, scale, mss, traits) = (0UL, 0, -1, (ushort)0, SynTraits.None);
        (bool Has, uint Value) timestamp = default;
        while (!bytes.IsEmpty)
        {
            var (option, size) = Next(bytes);
            if (size == 0 || count == MaxCount)
            {
                traits |= SynTraits.BadOptions;
                break;
            }

            order |= (ulong)option << (4 * count++);
            switch (option)
            {
                case SynOption.Segment:
                    mss = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
                    break;
                case SynOption.Scale:
                    scale = bytes[2];
                    break;
                case SynOption.Timestamps:
                    timestamp = (true, BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));
                    if (BinaryPrimitives.ReadUInt32BigEndian(bytes[6..]) != 0)
                        traits |= SynTraits.Echo;
                    break;
                case SynOption.End:
                    if (bytes.ContainsAnyExcept((byte)0))
                        traits |= SynTraits.AfterEnd;
                    size = bytes.Length;
                    break;
            }

            bytes = bytes[size..];
        }

        return new(order, scale) { MaximumSegment = mss, HasTimestamp = timestamp.Has, Timestamp = timestamp.Value, Traits = traits };
    }

    /// <summary>What comes next and how long it is; 0: what it says of its length cannot be.</summary>
    private static (SynOption Option, int Size) Next(ReadOnlySpan<byte> bytes)
    {
        if (bytes[0] <= 1)
            return (bytes[0] == 0 ? SynOption.End : SynOption.Nothing, 1);
        if (bytes.Length < 2 || bytes[1] < 2 || bytes[1] > bytes.Length)
            return default;
        var (option, size) = bytes[0] switch
        {
            2 => (SynOption.Segment, 4),
            3 => (SynOption.Scale, 3),
            4 => (SynOption.SackPermitted, 2),
            8 => (SynOption.Timestamps, 10),
            34 => (SynOption.FastOpen, bytes[1]),
            30 => (SynOption.Multipath, bytes[1]),
            _ => (SynOption.Other, bytes[1]),
        };
        return size == bytes[1] ? (option, size) : default;
    }
}

public enum SynOption
{
    None = 0,
    End = 1,
    Nothing = 2,
    Segment = 3,
    Scale = 4,
    SackPermitted = 5,
    Timestamps = 6,
    FastOpen = 7,
    Multipath = 8,
    Other = 15,
}
