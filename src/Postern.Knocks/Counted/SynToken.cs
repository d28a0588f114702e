using System.Buffers.Binary;

namespace Postern.Knocks.Counted;

/// <summary>
/// How a <see cref="CountedToken"/> stands in the headers of a first segment:
/// <code>
/// sequence number   4   the first half of the head
/// time stamp        4   the first half of the tail; of one that a kernel's own connection carries, its upper 2 bytes only, since its clock runs on
/// identification    2   of IPv4, the next bytes of the tail; not of one that a kernel's own connection carries, since the kernel numbers it
/// </code>
/// </summary>
/// <param name="Sequence">Not zero: a kernel would take it for none.</param>
/// <param name="Timestamp">As it is sent.</param>
/// <param name="Identification">Of IPv4. Not zero: a kernel would take it for none.</param>
public readonly record struct SynToken(uint Sequence, uint Timestamp, ushort Identification)
{
    /// <summary>Of a kernel's connection the lower bits of the time stamp are its clock's, in milliseconds: begun in their lower half, they reach the token only after 32 s.</summary>
    public const int ClockBits = 16;

    public static SynToken From(ReadOnlySpan<byte> token) => new(
        BinaryPrimitives.ReadUInt32BigEndian(token),
        BinaryPrimitives.ReadUInt32BigEndian(token[CountedToken.HeadSize..]),
        BinaryPrimitives.ReadUInt16BigEndian(token[(CountedToken.HeadSize + sizeof(uint))..]));

    /// <summary>One in 32 768 cannot be sent; the next count can.</summary>
    public bool CanBeSent => Sequence != 0 && Identification != 0;
}
