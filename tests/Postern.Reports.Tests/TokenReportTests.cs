using Postern.Reports.Tokens;

namespace Postern.Reports.Tests;

/// <summary>The report that carries a token, and the token in it.</summary>
public sealed class TokenReportTests
{
    private static readonly TokenRequest Example = new(TokenMethod.Ports, 1_795_000_000)
    {
        Service = TokenRequest.CodeOf("ssh"),
        Bound = Address.FromV4(0xc0000207),
        Number = ulong.MaxValue - 1,
        Data = "wake:nas_2@home",
    };

    private static byte[] Written(TokenRequest token)
    {
        var (message, bytes) = (new byte[Report.SizeOf(ReportKind.Token)], new byte[TokenRequest.Size]);
        token.Write(bytes);
        new Report(ReportKind.Token, 1, 2, 3, Address.FromV4(4), new(5), 6) { Request = bytes }.Write(message);
        return message;
    }

    [Fact]
    public void Reads_back_what_was_written()
    {
        Assert.Equal(128, Report.SizeOf(ReportKind.Token));
        foreach (var token in (TokenRequest[])[Example, new(TokenMethod.Rolling, 0), Example with { Data = new string('a', TokenRequest.MaxData) }])
        {
            Assert.True(Report.TryRead(Written(token), out var report));
            Assert.Equal((ReportKind.Token, 2), (report.Kind, report.Door));
            Assert.True(TokenRequest.TryRead(report.Request.Span, out var read));
            Assert.Equal(token, read);
        }
    }

    [Fact]
    public void Each_byte_that_must_be_zero_is_looked_at()
    {
        var good = Written(Example);
        foreach (var at in (int[])[56, 58, 63, 64 + 4, 64 + 7, 64 + 40 + 15, 127])
        {
            var message = good.ToArray();
            message[at] = 1;
            Assert.False(Report.TryRead(message, out _), $"byte {at}");
        }
    }

    [Fact]
    public void A_packet_with_a_counter_says_that_and_a_port_and_nothing_else()
    {
        var token = TokenRequest.OfCounter(uint.MaxValue, 65_535);
        Assert.Equal((uint.MaxValue, 65_535), (token.Counter, token.Port));
        Assert.True(Report.TryRead(Written(token), out _));
        foreach (var odd in (TokenRequest[])[token with { Made = 1 }, token with { Service = 1 }, token with { Bound = Address.FromV4(1) }, token with { Data = "a" }, token with { Number = 1ul << 48 }])
            Assert.False(TokenRequest.TryRead(Written(odd).AsSpan(64), out _));
    }

    [Theory]
    [InlineData(0, 0)] // no such method
    [InlineData(0, 99)]
    [InlineData(1, 25)] // more data than there is room for
    [InlineData(1, 14)] // less than there is
    [InlineData(8, 1)] // a year beyond 9999
    [InlineData(40, '-')] // an option
    [InlineData(41, ' ')]
    [InlineData(41, '/')]
    [InlineData(41, 0xe4)]
    public void What_no_token_is_is_refused(int at, byte value)
    {
        var message = Written(Example);
        message[64 + at] = value;
        Assert.False(Report.TryRead(message, out _));
    }

    [Fact]
    public void Its_length_is_its_own()
    {
        var good = Written(Example);
        good[14] = 63;
        Assert.False(Report.TryRead(good, out _));
        Assert.False(Report.TryRead(Written(Example).AsSpan(0, 127), out _));
        Assert.False(Report.TryRead([.. Written(Example), 0], out _));
    }

    [Fact]
    public void A_service_has_a_code_that_is_never_zero()
    {
        Assert.Equal(0x7f5a, TokenRequest.CodeOf("ssh"));
        Assert.All(Enumerable.Range(0, 1000), i => Assert.NotEqual(0, TokenRequest.CodeOf($"s{i}")));
    }
}
