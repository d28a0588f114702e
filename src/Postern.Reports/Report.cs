using System.Buffers.Binary;
using Postern.Reports.Tokens;

namespace Postern.Reports;

public enum ReportKind : ushort
{
    /// <summary>Somebody completed the knock sequence of a door.</summary>
    SequenceCompleted = 1,

    /// <summary>Somebody sent a request that opened with the gate's keys and is laid out rightly. Whether its signature is good, the sentry does not know.</summary>
    SignedRequest = 2,

    /// <summary>
    /// Somebody sent a packet of fwknop whose tag is right by the keys of a stanza or, where that has no key for tags, which begins as it should. What is in
    /// it, the sentry cannot read, or has no say in.
    /// </summary>
    FwknopPacket = 3,

    /// <summary>Somebody sent a token that is made with the secret of a knock. Whether it is in time, new and may have what it asks for, the sentry does not say.</summary>
    Token = 4,
}

/// <summary>
/// What the sentry tells the warden, in one message of a size that is fixed by its kind: 64 bytes, and 64 more for a token, or 1 112 for a signed request and a packet of fwknop. The warden reads it as if an enemy had written it.
/// <code>
///  0  2  version = 1
///  2  2  kind
///  4  4  generation   of the configuration that the sentry works by
///  8  4  door         index of the knock in that configuration, or of the stanza among those of fwknop, or of the knock among those by tokens; zero for a signed request
/// 12  2  source port  of the packet that completed the knock; 0 where there is none (ICMP)
/// 14  2  length       of the signed request, the packet of fwknop as it is decoded, or the token; zero for a sequence
/// 16 16  source       the address that knocked
/// 32 16  destination  the address that was knocked at
/// 48  8  seen         nanoseconds of uptime at which the last packet arrived
/// 56  2  UDP port     that a signed request went to, for a receipt to come from; 0: it did not come by UDP
/// 58  1  tag          its length, at the end of a packet of fwknop; zero for all others
/// 59  1  stack        whose the first segment of a connection looks like that completed the knock (ClientStack); zero: there was none, or it is not known
/// 60  2  TCP port     that the segment went to which carries a token; zero for all others
/// 62  2  zero
/// 64 1112             the signed request, or salt, ciphertext and tag of a packet of fwknop, and zero after it; or 64 of a token (TokenRequest)
/// </code>
/// All numbers are little-endian: both ends are on one machine.
/// </summary>
public readonly record struct Report(ReportKind Kind, uint Generation, int Door, ushort SourcePort, Address Source, Address Destination, long Seen)
{
    public const int Size = 2 + 2 + 4 + 4 + 2 + 2 + Address.Size + Address.Size + 8 + 2 + 1 + 1 + 2 + 2;

    /// <summary>An SPA packet is of 1 200 bytes at most, and its seals take 88 of them (spec/spa.md §3).</summary>
    public const int MaxRequest = 1200 - 88;

    public const int SignedSize = Size + MaxRequest;

    /// <summary>Completed sequences in one message, one behind the other. So many fit where a signed request does.</summary>
    public const int MostTogether = 16;

    /// <summary>Salt, ciphertext of whole blocks, tag: fwknop's own limits.</summary>
    public const int MaxFwknop = SaltSize + MaxFwknopBlocks + MaxTag;

    public const int MaxTag = 64;

    private const int SaltSize = 8;
    private const int BlockSize = 16;
    private const int MaxFwknopBlocks = 18 * BlockSize;

    private const ushort Version = 1;

    /// <summary>
    /// Of <see cref="ReportKind.SignedRequest"/>: the bytes that <c>SignedRequest.Read</c> takes. Of <see cref="ReportKind.FwknopPacket"/>: 8 bytes of salt, whole
    /// blocks of ciphertext, and <see cref="TagSize"/> of tag. Of <see cref="ReportKind.Token"/>: the bytes of a <see cref="TokenRequest"/>.
    /// </summary>
    public ReadOnlyMemory<byte> Request { get; init; }

    /// <summary>Of <see cref="ReportKind.SignedRequest"/>: the UDP port that it went to; 0 where it came otherwise and cannot be answered.</summary>
    public ushort UdpPort { get; init; }

    /// <summary>Of <see cref="ReportKind.FwknopPacket"/>: how long the tag at the end of <see cref="Request"/> is; 0: there is none.</summary>
    public byte TagSize { get; init; }

    /// <summary>Of <see cref="ReportKind.Token"/>: the TCP port that its segment went to; 0 where it was none.</summary>
    public ushort TcpPort { get; init; }

    /// <summary>Whose stack the packet looks like that completed the knock.</summary>
    public ClientStack Stack { get; init; }

    public static int SizeOf(ReportKind kind) => kind switch
    {
        ReportKind.SequenceCompleted => Size,
        ReportKind.Token => Size + TokenRequest.Size,
        _ => SignedSize,
    };

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
        message[59] = (byte)Stack;
        if (Kind == ReportKind.SequenceCompleted)
            return;
        BinaryPrimitives.WriteUInt16LittleEndian(message[14..], checked((ushort)Request.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(message[56..], UdpPort);
        message[58] = TagSize;
        BinaryPrimitives.WriteUInt16LittleEndian(message[60..], TcpPort);
        Request.Span.CopyTo(message[Size..]);
    }

    /// <summary>False for any message that <see cref="Write"/> cannot have made: size, version, kind, a negative number, a byte that must be zero.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out Report report)
    {
        report = default;
        if (message.Length < Size
            || BinaryPrimitives.ReadUInt16LittleEndian(message) != Version
            || message[62..Size].ContainsAnyExcept((byte)0))
            return false;
        var kind = (ReportKind)BinaryPrimitives.ReadUInt16LittleEndian(message[2..]);
        if (kind is not (ReportKind.SequenceCompleted or ReportKind.SignedRequest or ReportKind.FwknopPacket or ReportKind.Token) || message.Length != SizeOf(kind) || !TryReadRequest(message, kind, out var request))
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
            TagSize = message[58],
            Stack = (ClientStack)message[59],
            TcpPort = BinaryPrimitives.ReadUInt16LittleEndian(message[60..]),
        };
        return report.Seen >= 0 && (report.TcpPort == 0 || kind == ReportKind.Token) && report.Stack.IsKnown() && report.IsWhatItsKindSays();
    }

    /// <summary>
    /// Of several completed sequences in one message, the next; <paramref name="message"/> is then what is left of it. False for any that no sentry can have
    /// written. The last is one by itself; that the whole message holds more than one is for whoever receives it to ask.
    /// </summary>
    public static bool TryReadNext(ref ReadOnlySpan<byte> message, out Report report)
    {
        report = default;
        if (message.Length is < Size or > MostTogether * Size || message.Length % Size != 0 || !TryRead(message[..Size], out report))
            return false;
        message = message[Size..];
        return true;
    }

    private bool IsWhatItsKindSays() => Kind switch
    {
        ReportKind.SequenceCompleted => Door >= 0 && UdpPort == 0 && TagSize == 0,
        ReportKind.SignedRequest => Door == 0 && TagSize == 0,
        ReportKind.Token => Door >= 0 && UdpPort == 0 && TagSize == 0 && TokenRequest.TryRead(Request.Span, out _),
        _ => Door >= 0 && UdpPort == 0 && TagSize <= MaxTag && IsFwknop(Request.Length - SaltSize - TagSize),
    };

    private static bool IsFwknop(int ciphertext) => ciphertext is > 0 and <= MaxFwknopBlocks && ciphertext % BlockSize == 0;

    private static bool TryReadRequest(ReadOnlySpan<byte> message, ReportKind kind, out ReadOnlyMemory<byte> request)
    {
        request = default;
        var length = BinaryPrimitives.ReadUInt16LittleEndian(message[14..]);
        if (kind == ReportKind.SequenceCompleted)
            return length == 0;
        if (length is 0 or > MaxRequest || length > message.Length - Size || message[(Size + length)..].ContainsAnyExcept((byte)0))
            return false;
        request = message.Slice(Size, length).ToArray();
        return true;
    }
}
