using System.Security.Cryptography;

namespace Postern.Reports.Tests;

/// <summary>The report that carries a packet of fwknop.</summary>
public sealed class FwknopReportTests
{
    private static Report Example(int ciphertext, byte tag) => new(ReportKind.FwknopPacket, 1, 2, 3, Address.FromV4(4), new(5), 6)
    {
        Request = RandomNumberGenerator.GetBytes(8 + ciphertext + tag),
        TagSize = tag,
    };

    private static byte[] Written(Report report)
    {
        var message = new byte[Report.SignedSize];
        report.Write(message);
        return message;
    }

    [Theory]
    [InlineData(16, 0)]
    [InlineData(96, 32)]
    [InlineData(288, 64)]
    public void Reads_back_what_was_written(int ciphertext, byte tag)
    {
        var report = Example(ciphertext, tag);
        Assert.True(Report.TryRead(Written(report), out var read));
        Assert.Equal(report with { Request = read.Request }, read);
        Assert.Equal(report.Request.ToArray(), read.Request.ToArray());
    }

    [Theory]
    [InlineData(0, 32)]
    [InlineData(15, 0)]
    [InlineData(97, 32)]
    [InlineData(304, 0)]
    [InlineData(96, 65)]
    public void What_no_packet_is_is_refused(int ciphertext, byte tag) => Assert.False(Report.TryRead(Written(Example(ciphertext, tag)), out _));

    [Fact]
    public void A_tag_longer_than_the_packet_is_refused()
    {
        var message = Written(Example(16, 0));
        message[58] = 24;
        Assert.False(Report.TryRead(message, out _));
    }

    [Fact]
    public void Each_byte_that_must_be_zero_is_looked_at()
    {
        var good = Written(Example(96, 32));
        foreach (var at in (int[])[56, 57, 60, 61, 62, 63, 64 + 136, Report.SignedSize - 1])
        {
            var message = good.ToArray();
            message[at] = 1;
            Assert.False(Report.TryRead(message, out _), $"byte {at}");
        }

        var negative = good.ToArray();
        negative[11] = 0x80;
        Assert.False(Report.TryRead(negative, out _));
    }
}
