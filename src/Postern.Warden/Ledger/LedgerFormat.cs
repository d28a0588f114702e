using System.Buffers.Binary;
using Postern.Keys;

namespace Postern.Warden.Ledger;

internal enum LedgerRecordKind : byte
{
    /// <summary>A request of this key and device, signed at this time, was accepted.</summary>
    Accepted = 1,

    /// <summary>Of this key, devices that are not known must be newer than this time.</summary>
    KeyFloor = 2,

    /// <summary>This packet was used.</summary>
    PacketMark = 3,

    /// <summary>This secret was used up.</summary>
    OneTimeMark = 4,

    /// <summary>Marks of packets that were made up to then were forgotten.</summary>
    MarkFloor = 5,

    /// <summary>This token was used.</summary>
    TokenMark = 6,

    /// <summary>Marks of tokens that were made up to then were forgotten.</summary>
    TokenFloor = 7,

    /// <summary>This number of a series was used, and with it all before it.</summary>
    Counter = 8,
}

internal readonly record struct LedgerRecord(LedgerRecordKind Kind, KeyFingerprint Key, uint Device, ulong Time)
{
    public ulong Made { get; init; }
}

/// <summary>
/// The ledger as a file: a header, records that are only ever added, most one by one, acceptances also several at once, and room for more. All of 64 bytes, so
/// that a disk writes one whole or not at all nearly always, and what it did not write whole is known by the checksum. Numbers are big-endian, so that the file may move between machines.
/// The room may be missing.
/// <code>
/// header   0 16  "postern ledger" and two zero
///         16  4  version = 1
///         20  4  zero
///         24  8  floor       nanoseconds since 1970: nothing signed up to then is accepted
///         32 24  zero
///         56  8  checksum    the first 8 bytes of SHA-256 of the 56 before
///
/// record   0 32  key         SHA-256 of its blob; of a mark, its digest; of a counter, that of its series; zero for a floor of marks
///         32  4  device      zero for all but an acceptance
///         36  1  kind
///         37  3  zero
///         40  8  time        nanoseconds since 1970; of a mark, when it may be forgotten, zero: never; of a counter, the number
///         48  8  made        of a packet's or a token's mark, likewise; zero for all others
///         56  8  checksum
///
/// room     0 64  "postern ledger: kept free for a record that is still to be made" and a line feed
/// </code>
/// </summary>
internal static class LedgerFormat
{
    public const int RecordSize = 64;

    /// <summary>Acceptances in one append.</summary>
    public const int MaxGroup = 16;

    private const int Version = 1;
    private const int ChecksumAt = 56;

    private static ReadOnlySpan<byte> Magic => "postern ledger\0\0"u8;

    /// <summary>Not zero, so that what a disk has lost is not taken for it.</summary>
    private static ReadOnlySpan<byte> RoomForOne => "postern ledger: kept free for a record that is still to be made\n"u8;

    public static void WriteHeader(Span<byte> bytes, ulong floor)
    {
        bytes = bytes[..RecordSize];
        bytes.Clear();
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32BigEndian(bytes[16..], Version);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], floor);
        Seal(bytes);
    }

    public static bool TryReadHeader(ReadOnlySpan<byte> bytes, out ulong floor)
    {
        bytes = bytes[..RecordSize];
        floor = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
        return IsSealed(bytes) && bytes.StartsWith(Magic) && BinaryPrimitives.ReadInt32BigEndian(bytes[16..]) == Version
            && !bytes[20..24].ContainsAnyExcept((byte)0) && !bytes[32..ChecksumAt].ContainsAnyExcept((byte)0);
    }

    /// <param name="bytes">As many records as there is to be room for.</param>
    public static void WriteRoom(Span<byte> bytes)
    {
        for (; bytes.Length >= RecordSize; bytes = bytes[RecordSize..])
            RoomForOne.CopyTo(bytes);
    }

    /// <summary>What was ever written, without the room at the end.</summary>
    public static ReadOnlySpan<byte> WithoutRoom(ReadOnlySpan<byte> file)
    {
        while (file.EndsWith(RoomForOne) && file.Length % RecordSize == 0)
            file = file[..^RecordSize];
        return file;
    }

    public static void Write(Span<byte> bytes, in LedgerRecord record)
    {
        bytes = bytes[..RecordSize];
        bytes.Clear();
        record.Key.Write(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[32..], record.Device);
        bytes[36] = (byte)record.Kind;
        BinaryPrimitives.WriteUInt64BigEndian(bytes[40..], record.Time);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[48..], record.Made);
        Seal(bytes);
    }

    /// <summary>False for any 64 bytes that <see cref="Write"/> cannot have made.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out LedgerRecord record)
    {
        bytes = bytes[..RecordSize];
        record = new((LedgerRecordKind)bytes[36], KeyFingerprint.Read(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[32..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[40..]))
        {
            Made = BinaryPrimitives.ReadUInt64BigEndian(bytes[48..]),
        };
        return IsSealed(bytes) && IsOneThatIsWritten(record) && !bytes[37..40].ContainsAnyExcept((byte)0);
    }

    /// <summary>
    /// Whether what was written may end like this, from a bad record on, because the power failed in the middle of a group. No record lies across two sectors, so
    /// what was not written is still room, or zero where the file had none and grew; it may have others of the group behind it, since a disk writes sectors in any order. A mark is
    /// never one of a group: behind one, what is bad was good once.
    /// </summary>
    /// <param name="end">Without the room behind it.</param>
    /// <param name="hasRoom">Whether there is room behind it, so that the file has not grown.</param>
    public static bool IsTornGroup(ReadOnlySpan<byte> end, bool hasRoom)
    {
        if (end.Length > MaxGroup * RecordSize)
            return false;
        for (; end.Length >= RecordSize; end = end[RecordSize..])
        {
            var one = end[..RecordSize];
            var isUnwritten = one.SequenceEqual(RoomForOne) || (!hasRoom && !one.ContainsAnyExcept((byte)0));
            if (!isUnwritten && !(TryRead(one, out var record) && record.Kind == LedgerRecordKind.Accepted))
                return false;
        }

        return true;
    }

    private static bool IsOneThatIsWritten(in LedgerRecord record) => record.Kind switch
    {
        LedgerRecordKind.Accepted => record.Made == 0,
        LedgerRecordKind.KeyFloor or LedgerRecordKind.OneTimeMark or LedgerRecordKind.Counter => record is { Device: 0, Made: 0 },
        LedgerRecordKind.PacketMark or LedgerRecordKind.TokenMark => record.Device == 0,
        LedgerRecordKind.MarkFloor or LedgerRecordKind.TokenFloor => record is { Device: 0, Made: 0 } && record.Key == default,
        _ => false,
    };

    private static void Seal(Span<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Digest.Size];
        Digest.Sha256(bytes[..ChecksumAt], hash);
        hash[..(RecordSize - ChecksumAt)].CopyTo(bytes[ChecksumAt..]);
    }

    private static bool IsSealed(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Digest.Size];
        Digest.Sha256(bytes[..ChecksumAt], hash);
        return hash[..(RecordSize - ChecksumAt)].SequenceEqual(bytes[ChecksumAt..]);
    }
}
