using System.Buffers.Binary;
using Postern.Reports;

namespace Postern.Reports.Tests;

public sealed class TallyTests
{
    private static readonly long[] Numbers = [.. Enumerable.Range(0, Tally.Count).Select(i => i * 1_000_000_007L)];

    [Fact]
    public void What_is_written_is_read()
    {
        var message = Written();
        Assert.True(Tally.TryRead(message, out var tally));
        Assert.Equal(7u, tally!.Generation);
        Assert.Equal(Numbers, tally.Numbers);
    }

    [Fact]
    public void A_negative_number_and_any_other_size_version_or_kind_is_refused()
    {
        var message = Written();
        Assert.False(Tally.TryRead(message.AsSpan(1), out _));
        Assert.False(Tally.TryRead([.. message, 0], out _));
        foreach (var at in new[] { 0, 1, 2, 3 })
        {
            var other = message.ToArray();
            other[at] ^= 1;
            Assert.False(Tally.TryRead(other, out _));
        }

        BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(8 + (39 * 8)), -1);
        Assert.False(Tally.TryRead(message, out _));
    }

    [Fact]
    public void No_report_is_a_tally_and_no_tally_a_report()
    {
        Assert.False(Report.TryRead(Written(), out _));
        foreach (var kind in new[] { ReportKind.SequenceCompleted, ReportKind.SignedRequest })
        {
            var report = new byte[Report.SignedSize];
            new Report(kind, 7, 0, 1, Address.FromV4(1), Address.FromV4(2), 3) { Request = kind == ReportKind.SignedRequest ? new byte[] { 1 } : default }.Write(report);
            Assert.False(Tally.TryRead(report.AsSpan(0, Report.SizeOf(kind)), out _));
        }
    }

    private static byte[] Written()
    {
        var message = new byte[Tally.Size];
        Tally.Write(message, 7, Numbers);
        return message;
    }
}
