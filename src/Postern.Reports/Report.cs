using System.Buffers.Binary;

namespace Postern.Reports;

public enum ReportKind : ushort
{
    /// <summary>Somebody completed the knock sequence of a door.</summary>
    SequenceCompleted = 1,

    /// <summary>Somebody sent a request that opened with the gate's keys and is laid out rightly. Whether its signature is good, the sentry does not know.</summary>
    SignedRequest = 2,
}

/// <summary>
/// What the sentry tells the warden, in one message of a size that is fixed by its kind: 64 bytes, and for a signed request 1 112 more. The warden reads it as if an enemy had written it.
/// <code>
///  0  2  version = 1
///  2  2  kind
///  4  4  generation   of the configuration that the sentry works by
///  8  4  door         index of the knock in that configuration; zero for a signed request
/// 12  2  source port  of the packet that completed the knock; 0 where there is none (ICMP)
/// 14  2  length       of the signed request; zero for a sequence
/// 16 16  source       the address that knocked
/// 32 16  destination  the address that was knocked at
/// 48  8  seen         nanoseconds of uptime at which the last packet arrived
/// 56  2  UDP port     that a signed request went to, for a receipt to come from; 0: it did not come by UDP
/// 58  6  zero
/// 64 1112             the signed request, and zero after it; only of that kind
/// </code>
/// All numbers are little-endian: both ends are on one machine.
/// </summary>
public readonly record struct Report(ReportKind Kind, uint Generation, int Door, ushort SourcePort, Address Source, Address Destination, long Seen)
{
    public const int Size = 2 + 2 + 4 + 4 + 2 + 2 + Address.Size + Address.Size + 8 + 2 + 6;

    /// <summary>An SPA packet is of 1 200 bytes at most, and its seals take 88 of them (spec/spa.md §3).</summary>
    public const int MaxRequest = 1200 - 88;

    public const int SignedSize = Size + MaxRequest;

    private const ushort Version = 1;

    /// <summary>Of <see cref="ReportKind.SignedRequest"/>: the bytes that <c>SignedRequest.Read</c> takes.</summary>
    public ReadOnlyMemory<byte> Request { get; init; }

    /// <summary>Of <see cref="ReportKind.SignedRequest"/>: the UDP port that it went to; 0 where it came otherwise and cannot be answered.</summary>
    public ushort UdpPort { get; init; }

    public static int SizeOf(ReportKind kind) => kind == ReportKind.SignedRequest ? SignedSize : Size;

    public void Write(Span<byte> message)
    {
        message = message[..SizeOf(Kind)];
        message.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(message, Version);
        BinaryPrimitives.WriteUInt16LittleEndian(message[2..], (ushort)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(message[4..], Generation);
        BinaryPrimitives.WriteInt32LittleEndian(message[8..], Door);
        BinaryPrimitives.WriteUInt16LittleEndian(message[12..], SourcePort);
        Source.Write(message[16..]);
        Destination.Write(message[32..]);
        BinaryPrimitives.WriteInt64LittleEndian(message[48..], Seen);
        if (Kind != ReportKind.SignedRequest)
            return;
        BinaryPrimitives.WriteUInt16LittleEndian(message[14..], checked((ushort)Request.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(message[56..], UdpPort);
        Request.Span.CopyTo(message[Size..]);
    }

    /// <summary>False for any message that <see cref="Write"/> cannot have made: size, version, kind, a negative number, a byte that must be zero.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out Report report)
    {
        report = default;
        if (message.Length < Size
            || BinaryPrimitives.ReadUInt16LittleEndian(message) != Version
            || message[58..Size].ContainsAnyExcept((byte)0))
            return false;
        var kind = (ReportKind)BinaryPrimitives.ReadUInt16LittleEndian(message[2..]);
        if (kind is not (ReportKind.SequenceCompleted or ReportKind.SignedRequest) || message.Length != SizeOf(kind) || !TryReadRequest(message, kind, out var request))
            return false;

        report = new(
            kind,
            BinaryPrimitives.ReadUInt32LittleEndian(message[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(message[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(message[12..]),
            Address.Read(message[16..]),
            Address.Read(message[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(message[48..]))
        {
            Request = request,
            UdpPort = BinaryPrimitives.ReadUInt16LittleEndian(message[56..]),
        };
        return report.Seen >= 0 && (kind == ReportKind.SequenceCompleted ? report.Door >= 0 && report.UdpPort == 0 : report.Door == 0);
    }

    private static bool TryReadRequest(ReadOnlySpan<byte> message, ReportKind kind, out byte[] request)
    {
        request = [];
        var length = BinaryPrimitives.ReadUInt16LittleEndian(message[14..]);
        if (kind == ReportKind.SequenceCompleted)
            return length == 0;
        if (length is 0 or > MaxRequest || message[(Size + length)..].ContainsAnyExcept((byte)0))
            return false;
        request = message.Slice(Size, length).ToArray();
        return true;
    }
}
