using Postern.Reports;

namespace Postern.Reports.Tests;

public sealed class ReportTests
{
    private static readonly Report Example = new(
        ReportKind.SequenceCompleted, 0x01020304, 0x05060708, 0x090a, Address.FromV4(0xc0000207), Parse("2001:db8::1"), 0x1122334455667788);

    [Fact]
    public void Is_64_bytes_laid_out_as_documented()
    {
        Assert.Equal(64, Report.Size);
        var message = new byte[Report.Size];
        Example.Write(message);
        Assert.Equal(
            "0100" + "0100" + "04030201" + "08070605" + "0a09" + "0000"
            + "00000000000000000000ffffc0000207" + "20010db8000000000000000000000001" + "8877665544332211" + "0000000000000000",
            Convert.ToHexStringLower(message));
    }

    [Fact]
    public void Reads_back_what_was_written()
    {
        var message = new byte[Report.Size];
        Example.Write(message);
        Assert.True(Report.TryRead(message, out var read));
        Assert.Equal(Example, read);
    }

    [Fact]
    public void The_stack_is_one_byte_and_one_that_we_know()
    {
        var message = new byte[Report.Size];
        foreach (var stack in Enum.GetValues<ClientStack>())
        {
            (Example with { Stack = stack }).Write(message);
            Assert.Equal((byte)stack, message[59]);
            Assert.True(Report.TryRead(message, out var read));
            Assert.Equal(stack, read.Stack);
        }

        message[59] = (byte)(Enum.GetValues<ClientStack>().Max() + 1);
        Assert.False(Report.TryRead(message, out _));
    }

    [Fact]
    public void Refuses_every_other_size()
    {
        var message = new byte[Report.Size + 1];
        Example.Write(message);
        for (var length = 0; length <= message.Length; length++)
            Assert.Equal(length == Report.Size, Report.TryRead(message.AsSpan(0, length), out _));
    }

    [Theory]
    [InlineData(0)] // version
    [InlineData(1)]
    [InlineData(2)] // kind
    [InlineData(3)]
    [InlineData(14)] // must be zero
    [InlineData(15)]
    [InlineData(56)]
    [InlineData(59)]
    [InlineData(63)]
    public void Refuses_what_cannot_have_been_written(int at)
    {
        var message = new byte[Report.Size];
        Example.Write(message);
        message[at] ^= 0x40;
        Assert.False(Report.TryRead(message, out _));
    }

    [Theory]
    [InlineData(11)] // a negative door
    [InlineData(55)] // a negative time
    public void Refuses_negative_numbers(int at)
    {
        var message = new byte[Report.Size];
        Example.Write(message);
        message[at] |= 0x80;
        Assert.False(Report.TryRead(message, out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(Report.MostTogether)]
    public void Several_in_one_message_are_read_one_by_one(int count)
    {
        ReadOnlySpan<byte> left = Together(count);
        for (var i = 0; i < count; i++)
        {
            Assert.True(Report.TryReadNext(ref left, out var read));
            Assert.Equal(Example with { SourcePort = (ushort)i }, read);
        }

        Assert.True(left.IsEmpty);
        Assert.False(Report.TryReadNext(ref left, out _));
    }

    [Fact]
    public void More_of_them_or_parts_of_one_or_others_among_them_are_refused()
    {
        ReadOnlySpan<byte> many = Together(Report.MostTogether + 1);
        Assert.False(Report.TryReadNext(ref many, out _));

        ReadOnlySpan<byte> half = Together(3).AsSpan(0, (2 * Report.Size) + 1);
        Assert.False(Report.TryReadNext(ref half, out _));

        foreach (var kind in new[] { ReportKind.SignedRequest, ReportKind.FwknopPacket, ReportKind.Token, (ReportKind)5, default })
        {
            var mixed = Together(3);
            mixed[Report.Size + 2] = (byte)kind;
            ReadOnlySpan<byte> left = mixed;
            Assert.True(Report.TryReadNext(ref left, out _));
            Assert.False(Report.TryReadNext(ref left, out _));
            Assert.False(left.IsEmpty);
        }
    }

    private static byte[] Together(int count)
    {
        var message = new byte[count * Report.Size];
        for (var i = 0; i < count; i++)
            (Example with { SourcePort = (ushort)i }).Write(message.AsSpan(i * Report.Size));
        return message;
    }

    [Fact]
    public void Every_refusal_has_a_word_of_its_own()
    {
        var words = Enum.GetValues<Refusal>().Select(r => r.Word()).ToArray();
        Assert.Equal(words.Length, words.Distinct().Count());
        Assert.All(words, word => Assert.Matches("^[a-z]+(-[a-z]+)*$", word));
    }

    private static Address Parse(string text) => Address.TryParse(text, out var address) ? address : throw new FormatException(text);
}
