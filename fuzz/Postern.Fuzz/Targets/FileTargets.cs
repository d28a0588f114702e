using System.Security.Cryptography;
using Postern.Client.Spa;
using Postern.Fuzz.Engine;
using Postern.Warden.Ledger;

namespace Postern.Fuzz.Targets;

/// <summary>Files that a program of ours wrote and somebody may have changed.</summary>
internal static class FileTargets
{
    private const int RecordSize = LedgerFormat.RecordSize;
    private const int ChecksumAt = 56;

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_781_524_800);

    /// <summary>One record, as it is and with its checksum put right.</summary>
    public static void LedgerRecord(ReadOnlySpan<byte> input)
    {
        if (input.Length < RecordSize)
            return;
        Span<byte> bytes = input[..RecordSize].ToArray();
        ReadRecord(bytes);
        Seal(bytes);
        ReadRecord(bytes);
    }

    /// <summary>A whole file; records are sealed where the first byte is even, so that what they say is reached.</summary>
    public static void LedgerFile(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
            return;
        Span<byte> bytes = input[1..].ToArray();
        for (var at = 0; (input[0] & 1) == 0 && at + RecordSize <= bytes.Length; at += RecordSize)
            Seal(bytes.Slice(at, RecordSize));
        var path = Scratch.Write("ledger", bytes);
        Spent.Begin();
        try
        {
            int count;
            using (var ledger = Warden.Ledger.LedgerFile.Open(path, Now))
                count = ledger.Count;
            Spent.End();
            using var again = Warden.Ledger.LedgerFile.Open(path, Now);
            Oracle.That(again.Count == count, "a ledger that was opened is another when it is opened again");
        }
        catch (LedgerException)
        {
            Spent.End();
        }
    }

    public static void Device(ReadOnlySpan<byte> input)
    {
        var path = Scratch.Write("device", input);
        const ulong now = 1_781_524_800_000_000_000;
        Spent.Begin();
        try
        {
            var file = new DeviceFile(path);
            var first = file.Next(now);
            Spent.End();
            var second = file.Next(now);
            Oracle.That(first.Device != 0 && second.Device == first.Device && first.Time >= now && second.Time > first.Time, "times that do not grow");
        }
        catch (DeviceFileException)
        {
            Spent.End();
        }
    }

    private static void ReadRecord(ReadOnlySpan<byte> bytes)
    {
        Spent.Begin();
        var isHeader = LedgerFormat.TryReadHeader(bytes, out var floor);
        var isRecord = LedgerFormat.TryRead(bytes, out var record);
        Spent.End();
        Span<byte> again = stackalloc byte[RecordSize];
        if (isHeader)
        {
            LedgerFormat.WriteHeader(again, floor);
            Oracle.Same(bytes, again, "a header that is not written so");
        }

        if (isRecord)
        {
            LedgerFormat.Write(again, record);
            Oracle.Same(bytes, again, "a record that is not written so");
        }
    }

    private static void Seal(Span<byte> record) => SHA256.HashData(record[..ChecksumAt]).AsSpan(0, RecordSize - ChecksumAt).CopyTo(record[ChecksumAt..]);
}
