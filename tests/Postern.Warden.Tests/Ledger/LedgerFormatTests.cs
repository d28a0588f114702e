using FsCheck;
using FsCheck.Fluent;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests.Ledger;

public sealed class LedgerFormatTests
{
    private static readonly Gen<ulong> Numbers = Gen.Choose(int.MinValue, int.MaxValue).Two().Select(pair => ((ulong)(uint)pair.Item1 << 32) | (uint)pair.Item2);

    private static readonly Gen<LedgerRecord> Records =
        from kind in Gen.Elements(Enum.GetValues<LedgerRecordKind>())
        from high in Numbers
        from low in Numbers
        from device in Numbers
        from time in Numbers
        from made in Numbers
        select new LedgerRecord(kind, kind is LedgerRecordKind.MarkFloor or LedgerRecordKind.TokenFloor ? default : new KeyFingerprint(high, (UInt128)low << 60), kind == LedgerRecordKind.Accepted ? (uint)device : 0, time)
        {
            Made = kind is LedgerRecordKind.PacketMark or LedgerRecordKind.TokenMark ? made : 0,
        };

    [Fact]
    public void What_is_written_is_read_back_and_no_other_bit_is() => Prop.ForAll(Records.ToArbitrary(), record =>
    {
        var bytes = new byte[LedgerFormat.RecordSize];
        LedgerFormat.Write(bytes, record);
        Assert.True(LedgerFormat.TryRead(bytes, out var read));
        Assert.Equal(record, read);
        Assert.False(LedgerFormat.TryReadHeader(bytes, out _));
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(LedgerFormat.TryRead(bytes, out _));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    [Fact]
    public void The_header_too()
    {
        var bytes = new byte[LedgerFormat.RecordSize];
        LedgerFormat.WriteHeader(bytes, 0x1234567890abcdef);
        Assert.True(LedgerFormat.TryReadHeader(bytes, out var floor));
        Assert.Equal(0x1234567890abcdeful, floor);
        Assert.False(LedgerFormat.TryRead(bytes, out _));
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(LedgerFormat.TryReadHeader(bytes, out _));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    /// <summary>The shape that a file of version 1 has for ever, byte by byte.</summary>
    [Fact]
    public void The_bytes_are_those_of_version_1()
    {
        var bytes = new byte[2 * LedgerFormat.RecordSize];
        LedgerFormat.WriteHeader(bytes, 1);
        LedgerFormat.Write(bytes.AsSpan(64), new(LedgerRecordKind.Accepted, new(1, 2), 3, 4));
        Assert.Equal(
            "706F737465726E206C65646765720000" + "00000001" + "00000000" + "0000000000000001" + new string('0', 48) + "C6C3450B64F7F893"
            + "00000000000000000000000000000001" + "00000000000000000000000000000002" + "00000003" + "01" + "000000" + "0000000000000004" + "0000000000000000" + "6097C50A264EA256",
            Convert.ToHexString(bytes));
    }

    [Fact]
    public void Room_is_no_record_and_no_header_and_is_found_at_the_end_alone()
    {
        var bytes = new byte[5 * LedgerFormat.RecordSize];
        LedgerFormat.WriteRoom(bytes);
        Assert.Equal("postern ledger: kept free for a record that is still to be made\n", System.Text.Encoding.ASCII.GetString(bytes.AsSpan(64, 64)));
        Assert.False(LedgerFormat.TryRead(bytes, out _));
        Assert.False(LedgerFormat.TryReadHeader(bytes, out _));
        Assert.Equal(0, LedgerFormat.WithoutRoom(bytes).Length);
        LedgerFormat.Write(bytes.AsSpan(2 * 64), new(LedgerRecordKind.Accepted, new(1, 2), 3, 4));
        Assert.Equal(3 * 64, LedgerFormat.WithoutRoom(bytes).Length);
        Assert.Equal(bytes.Length - 1, LedgerFormat.WithoutRoom(bytes.AsSpan(1)).Length); // half a one is damage
        bytes[^1] = 0;
        Assert.Equal(bytes.Length, LedgerFormat.WithoutRoom(bytes).Length);
    }

    [Theory]
    [InlineData(0, false, false, false)]
    [InlineData(9, false, false, false)]
    [InlineData((int)LedgerRecordKind.Counter, true, true, false)]
    [InlineData((int)LedgerRecordKind.Counter, false, true, true)]
    [InlineData((int)LedgerRecordKind.Accepted, false, false, true)]
    [InlineData((int)LedgerRecordKind.KeyFloor, true, false, false)]
    [InlineData((int)LedgerRecordKind.KeyFloor, false, false, true)]
    [InlineData((int)LedgerRecordKind.PacketMark, true, false, false)]
    [InlineData((int)LedgerRecordKind.OneTimeMark, true, false, false)]
    [InlineData((int)LedgerRecordKind.OneTimeMark, false, false, true)]
    [InlineData((int)LedgerRecordKind.TokenMark, true, false, false)]
    [InlineData((int)LedgerRecordKind.TokenFloor, true, false, false)]
    [InlineData((int)LedgerRecordKind.TokenFloor, false, true, false)]
    [InlineData((int)LedgerRecordKind.TokenFloor, false, false, true)]
    [InlineData((int)LedgerRecordKind.MarkFloor, true, false, false)]
    [InlineData((int)LedgerRecordKind.MarkFloor, false, true, false)]
    [InlineData((int)LedgerRecordKind.MarkFloor, false, false, true)]
    public void What_no_record_of_its_kind_says_is_refused(int kind, bool device, bool key, bool made)
    {
        var bytes = new byte[LedgerFormat.RecordSize];
        LedgerFormat.Write(bytes, new((LedgerRecordKind)kind, key ? new(0, 1) : default, device ? 1u : 0, 7) { Made = made ? 1u : 0 });
        Assert.False(LedgerFormat.TryRead(bytes, out _));
    }
}
