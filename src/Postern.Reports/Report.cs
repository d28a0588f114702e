using System.Buffers.Binary;

namespace Postern.Reports;

public enum ReportKind : ushort
{
    /// <summary>Somebody completed the knock sequence of a door.</summary>
    SequenceCompleted = 1,
}

/// <summary>
/// What the sentry tells the warden, in one message of fixed size. The warden reads it as if an enemy had written it.
/// <code>
///  0  2  version = 1
///  2  2  kind
///  4  4  generation   of the configuration that the sentry works by
///  8  4  door         index of the knock in that configuration
/// 12  2  source port  of the packet that completed the knock; 0 where there is none (ICMP)
/// 14  2  zero
/// 16 16  source       the address that knocked
/// 32 16  destination  the address that was knocked at
/// 48  8  seen         nanoseconds of uptime at which the last packet arrived
/// 56  8  zero
/// </code>
/// All numbers are little-endian: both ends are on one machine.
/// </summary>
public readonly record struct Report(ReportKind Kind, uint Generation, int Door, ushort SourcePort, Address Source, Address Destination, long Seen)
{
    public const int Size = 2 + 2 + 4 + 4 + 2 + 2 + Address.Size + Address.Size + 8 + 8;

    private const ushort Version = 1;

    public void Write(Span<byte> message)
    {
        message = message[..Size];
        message.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(message, Version);
        BinaryPrimitives.WriteUInt16LittleEndian(message[2..], (ushort)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(message[4..], Generation);
        BinaryPrimitives.WriteInt32LittleEndian(message[8..], Door);
        BinaryPrimitives.WriteUInt16LittleEndian(message[12..], SourcePort);
        Source.Write(message[16..]);
        Destination.Write(message[32..]);
        BinaryPrimitives.WriteInt64LittleEndian(message[48..], Seen);
    }

    /// <summary>False for any message that <see cref="Write"/> cannot have made: size, version, kind, a negative number, a byte that must be zero.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out Report report)
    {
        report = default;
        if (message.Length != Size
            || BinaryPrimitives.ReadUInt16LittleEndian(message) != Version
            || BinaryPrimitives.ReadUInt16LittleEndian(message[2..]) != (ushort)ReportKind.SequenceCompleted
            || BinaryPrimitives.ReadUInt16LittleEndian(message[14..]) != 0
            || BinaryPrimitives.ReadUInt64LittleEndian(message[56..]) != 0)
            return false;

        report = new(
            (ReportKind)BinaryPrimitives.ReadUInt16LittleEndian(message[2..]),
            BinaryPrimitives.ReadUInt32LittleEndian(message[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(message[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(message[12..]),
            Address.Read(message[16..]),
            Address.Read(message[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(message[48..]));
        return report.Door >= 0 && report.Seen >= 0;
    }
}
