namespace Postern.Packets.Headers;

internal enum IpVersion
{
    V4 = 4,
    V6 = 6,
}

/// <summary>
/// What an IP packet carries, with what its headers said of it. <paramref name="length"/> is how long it is by the packet's own
/// length field, <paramref name="captured"/> as much of that as was captured: link-layer padding is in neither.
/// </summary>
internal readonly ref struct Segment(UInt128 source, UInt128 destination, byte protocol, ushort identification, int length, ReadOnlySpan<byte> captured)
{
    public UInt128 Source { get; } = source;

    public UInt128 Destination { get; } = destination;

    public byte Protocol { get; } = protocol;

    /// <summary>Of IPv4; IPv6 has none.</summary>
    public ushort Identification { get; } = identification;

    public int Length { get; } = length;

    public ReadOnlySpan<byte> Captured { get; } = captured;

    /// <summary>The IP header, with its options; of IPv6 without its extension headers.</summary>
    public ReadOnlySpan<byte> Header { get; init; }

    /// <summary>Whether a header of that size is there: by the packet's own word first, then in what was captured.</summary>
    public PacketFault Lacks(int headerSize) =>
        Length < headerSize ? PacketFault.BadLength
        : Captured.Length < headerSize ? PacketFault.Truncated
        : PacketFault.None;
}
