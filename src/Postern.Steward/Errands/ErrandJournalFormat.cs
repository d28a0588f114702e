using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Postern.Reports;
using Postern.Reports.Errands;
using Postern.Reports.Spa;

namespace Postern.Steward.Errands;

internal enum JournalRecordKind : byte
{
    /// <summary>It is about to be run, and this undoes it.</summary>
    Standing = 1,

    /// <summary>It ends at another time than was said before.</summary>
    Extended = 2,

    /// <summary>It is being undone before its time.</summary>
    Undoing = 3,

    /// <summary>It was undone, or never run.</summary>
    Done = 4,
}

/// <param name="Kind">What is said.</param>
/// <param name="Number">Of which errand.</param>
/// <param name="Until">Of <see cref="JournalRecordKind.Extended"/>.</param>
/// <param name="Holder">Of <see cref="JournalRecordKind.Extended"/>.</param>
/// <param name="Errand">Of <see cref="JournalRecordKind.Standing"/>.</param>
internal readonly record struct JournalRecord(JournalRecordKind Kind, ulong Number, TimeSpan Until = default, string Holder = "", StandingErrand? Errand = null);

/// <summary>
/// The journal as a file: a header, and records that are only ever added, each of a multiple of 64 bytes, so that after one that is damaged
/// the next is found again. Numbers are little-endian: it speaks of this machine's uptime and is worth nothing on another.
/// <code>
/// header    0 16  "postern errands" and a zero
///          16  4  version = 1
///          20  4  zero
///          24 16  boot        of the machine, by which it is told whether uptimes are of the same start
///          40 16  zero
///          56  8  checksum    the first 8 bytes of SHA-256 of all before
///
/// record    0  4  "ERND"
///           4  4  length      of the record, in bytes
///           8  1  kind
///           9  7  zero
///          16  8  number
///          24  …  body        and zero
///          -8  8  checksum
///
/// extended 24  8  until       nanoseconds of uptime
///          32 16  holder      16 hexadecimal digits, or zero
///
/// standing 24  8  until
///          32  8  time limit  nanoseconds
///          40  4  seconds
///          44  2  source port
///          46  2  arguments   how many
///          48 16  address
///          64 32  service
///          96 64  key
///         160 16  holder
///         176  …  { 2 length | text }   the user, then each argument, in UTF-8, and what rode along; where that was nothing, zero to the end reads as such
/// </code>
/// </summary>
internal static class ErrandJournalFormat
{
    public const int Block = 64;
    public const int HeaderSize = Block;

    /// <summary>More than a command of <see cref="Errand.MaxBytes"/> becomes when every placeholder in it is written out.</summary>
    public const int MaxRecord = 64 << 10;

    private const int Version = 1;
    private const int ChecksumSize = 8;
    private const int BodyAt = 24;
    private const int TextsAt = 176;
    private const int ServiceSize = 32;
    private const int NanosecondsPerTick = 100;

    private static ReadOnlySpan<byte> HeaderMagic => "postern errands\0"u8;

    private static ReadOnlySpan<byte> RecordMagic => "ERND"u8;

    public static void WriteHeader(Span<byte> bytes, Guid boot)
    {
        bytes = bytes[..HeaderSize];
        bytes.Clear();
        HeaderMagic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], Version);
        boot.TryWriteBytes(bytes[24..]);
        Seal(bytes);
    }

    public static bool TryReadHeader(ReadOnlySpan<byte> bytes, out Guid boot)
    {
        boot = default;
        if (bytes.Length < HeaderSize || !IsSealed(bytes[..HeaderSize]) || !bytes.StartsWith(HeaderMagic) || BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]) != Version)
            return false;
        boot = new(bytes.Slice(24, 16));
        return true;
    }

    public static byte[] Write(in JournalRecord record)
    {
        var body = new ArrayBufferWriter<byte>(2 * Block);
        if (record.Kind == JournalRecordKind.Standing)
            WriteStanding(body, record.Errand!);
        else if (record.Kind == JournalRecordKind.Extended)
            WriteExtended(body, record);
        var bytes = new byte[(BodyAt + body.WrittenCount + ChecksumSize + Block - 1) / Block * Block];
        if (bytes.Length > MaxRecord)
            throw new ArgumentException("an errand whose undo is too long", nameof(record));
        RecordMagic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), bytes.Length);
        bytes[8] = (byte)record.Kind;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), record.Number);
        body.WrittenSpan.CopyTo(bytes.AsSpan(BodyAt));
        Seal(bytes);
        return bytes;
    }

    /// <summary>False where no record begins, or none that is whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out JournalRecord record, out int length)
    {
        record = default;
        length = 0;
        if (bytes.Length < Block || !bytes.StartsWith(RecordMagic))
            return false;
        length = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (length is < Block or > MaxRecord || length % Block != 0 || length > bytes.Length || !IsSealed(bytes[..length]))
            return false;
        bytes = bytes[..length];
        var (kind, number) = ((JournalRecordKind)bytes[8], BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]));
        var body = bytes[BodyAt..^ChecksumSize];
        record = kind switch
        {
            JournalRecordKind.Standing => new(kind, number, Errand: ReadStanding(bytes[..^ChecksumSize], number)),
            JournalRecordKind.Extended => new(kind, number, Time(body), ReadText(body.Slice(8, 16))),
            _ => new(kind, number),
        };
        return kind is JournalRecordKind.Extended or JournalRecordKind.Undoing or JournalRecordKind.Done || record.Errand is not null;
    }

    private static void WriteExtended(ArrayBufferWriter<byte> body, in JournalRecord record)
    {
        var bytes = body.GetSpan(24)[..24];
        bytes.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, record.Until.Ticks * NanosecondsPerTick);
        Encoding.ASCII.GetBytes(record.Holder, bytes[8..]);
        body.Advance(24);
    }

    private static void WriteStanding(ArrayBufferWriter<byte> body, StandingErrand errand)
    {
        const int Size = TextsAt - BodyAt;
        var (undo, subject) = (errand.Undo, errand.Undo.Subject);
        var bytes = body.GetSpan(Size)[..Size];
        bytes.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, errand.Until.Ticks * NanosecondsPerTick);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], undo.TimeLimit.Ticks * NanosecondsPerTick);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], subject.Seconds);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[20..], subject.SourcePort);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[22..], (ushort)undo.Arguments.Length);
        subject.Address.Write(bytes[24..]);
        Encoding.ASCII.GetBytes(subject.Service, bytes.Slice(40, ServiceSize));
        Encoding.ASCII.GetBytes(subject.Key, bytes.Slice(72, KeyName.MaxLength));
        Encoding.ASCII.GetBytes(errand.Holder, bytes[136..]);
        body.Advance(Size);
        WriteText(body, undo.RunAs);
        foreach (var argument in undo.Arguments)
            WriteText(body, argument);
        if (subject.Data.Length > 0)
            WriteText(body, subject.Data);
    }

    private static void WriteText(ArrayBufferWriter<byte> body, string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        var bytes = body.GetSpan(2 + length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, checked((ushort)length));
        Encoding.UTF8.GetBytes(text, bytes[2..]);
        body.Advance(2 + length);
    }

    private static StandingErrand? ReadStanding(ReadOnlySpan<byte> bytes, ulong number)
    {
        if (bytes.Length < TextsAt)
            return null;
        var subject = new ErrandSubject(
            ReadText(bytes.Slice(64, ServiceSize)),
            Address.Read(bytes[48..]),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[44..]),
            ReadText(bytes.Slice(96, KeyName.MaxLength)),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[40..]));
        var rest = bytes[TextsAt..];
        if (!TryReadText(ref rest, out var user))
            return null;
        var arguments = ImmutableArray.CreateBuilder<string>();
        for (var left = BinaryPrimitives.ReadUInt16LittleEndian(bytes[46..]); left > 0; left--)
        {
            if (!TryReadText(ref rest, out var argument))
                return null;
            arguments.Add(argument);
        }

        subject = subject with { Data = TryReadText(ref rest, out var data) && ActionData.IsValid(data) ? data : "" };
        return ServiceName.IsValid(subject.Service) && arguments.Count > 0
            ? new(number, Time(bytes[24..]), ReadText(bytes.Slice(160, 16)), new(IsUndo: true, subject, arguments.ToImmutable(), user, Time(bytes[32..])))
            : null;
    }

    private static TimeSpan Time(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadInt64LittleEndian(bytes) / NanosecondsPerTick);

    private static string ReadText(ReadOnlySpan<byte> field) => Encoding.ASCII.GetString(field.TrimEnd((byte)0));

    private static bool TryReadText(ref ReadOnlySpan<byte> bytes, out string text)
    {
        text = "";
        if (bytes.Length < 2 || BinaryPrimitives.ReadUInt16LittleEndian(bytes) is var length && length > bytes.Length - 2)
            return false;
        text = Encoding.UTF8.GetString(bytes.Slice(2, length));
        bytes = bytes[(2 + length)..];
        return true;
    }

    private static void Seal(Span<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..^ChecksumSize], hash);
        hash[..ChecksumSize].CopyTo(bytes[^ChecksumSize..]);
    }

    private static bool IsSealed(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..^ChecksumSize], hash);
        return hash[..ChecksumSize].SequenceEqual(bytes[^ChecksumSize..]);
    }
}
