using System.Security.Cryptography;

namespace Postern.Reports.Tests;

/// <summary>The report that carries a signed request. The warden reads it as if an enemy had written it.</summary>
public sealed class SignedReportTests
{
    private static readonly byte[] Request = [.. Enumerable.Range(1, 232).Select(i => (byte)i)];

    private static readonly Report Example = new(ReportKind.SignedRequest, 0x01020304, 0, 0x090a, Address.FromV4(0xc0000207), new(1), 0x1122334455667788)
    {
        Request = Request,
        UdpPort = 0x0b0c,
    };

    [Fact]
    public void Is_1176_bytes_laid_out_as_documented()
    {
        Assert.Equal(1176, Report.SignedSize);
        var message = Written(Example);
        Assert.Equal(
            "0100" + "0200" + "04030201" + "00000000" + "0a09" + "e800"
            + "00000000000000000000ffffc0000207" + "00000000000000000000000000000001" + "8877665544332211" + "0c0b" + "000000000000",
            Convert.ToHexStringLower(message.AsSpan(0, 64)));
        Assert.Equal(Request, message[64..296]);
        Assert.All(message[296..], b => Assert.Equal(0, b));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(232)]
    [InlineData(1112)]
    public void Reads_back_what_was_written(int length)
    {
        var report = Example with { Request = RandomNumberGenerator.GetBytes(length) };
        Assert.True(Report.TryRead(Written(report), out var read));
        Assert.Equal(report with { Request = read.Request }, read);
        Assert.Equal(report.Request.ToArray(), read.Request.ToArray());
    }

    /// <summary>The message may be a buffer that is used again.</summary>
    [Fact]
    public void The_request_that_was_read_is_its_own()
    {
        var message = Written(Example);
        Assert.True(Report.TryRead(message, out var read));
        message.AsSpan().Clear();
        Assert.Equal(Request, read.Request.ToArray());
    }

    [Fact]
    public void Refuses_every_other_size()
    {
        var message = new byte[Report.SignedSize + 1];
        Example.Write(message);
        for (var length = 0; length <= message.Length; length++)
            Assert.Equal(length == Report.SignedSize, Report.TryRead(message.AsSpan(0, length), out _));
    }

    [Fact]
    public void A_sequence_of_this_size_and_a_request_of_the_other_are_refused()
    {
        var message = Written(Example);
        message[2] = (byte)ReportKind.SequenceCompleted;
        Assert.False(Report.TryRead(message, out _));
        Assert.False(Report.TryRead(message.AsSpan(0, Report.Size), out _));
    }

    /// <summary>What is accepted is what <see cref="Report.Write"/> makes of it again.</summary>
    [Fact]
    public void Every_value_of_every_byte_is_refused_or_read_as_it_stands()
    {
        var message = Written(Example);
        for (var at = 0; at < message.Length; at++)
        {
            var right = message[at];
            for (var value = 0; value < 256; value++)
            {
                message[at] = (byte)value;
                if (Report.TryRead(message, out var read))
                    Assert.Equal(message, Written(read));
            }

            message[at] = right;
        }
    }

    [Theory]
    [InlineData(0, 0, false)] // no request
    [InlineData(0x59, 0x04, false)] // 1113 bytes of it
    [InlineData(0xff, 0xff, false)]
    [InlineData(0xe7, 0, false)] // a byte after its end
    [InlineData(0xe9, 0, true)] // one zero more is part of it; the request's own reader judges that
    public void The_length_says_where_the_zeros_begin(byte low, byte high, bool right)
    {
        var message = Written(Example);
        (message[14], message[15]) = (low, high);
        Assert.Equal(right, Report.TryRead(message, out _));
    }

    [Fact]
    public void A_sequence_has_no_UDP_port()
    {
        var message = new byte[Report.Size];
        new Report(ReportKind.SequenceCompleted, 1, 2, 3, default, default, 4).Write(message);
        Assert.True(Report.TryRead(message, out _));
        message[56] = 1;
        Assert.False(Report.TryRead(message, out _));
    }

    private static byte[] Written(Report report)
    {
        var message = new byte[Report.SizeOf(report.Kind)];
        report.Write(message);
        return message;
    }
}
