using System.Security.Cryptography;
using Postern.Reports.Spa;

namespace Postern.Reports.Tests.Spa;

/// <summary>spec/spa.md §9. What is refused on its account is shown by spec/vectors/receipt, which Postern.Knocks.Tests reads.</summary>
public sealed class ReceiptTests
{
    private static readonly Receipt Refused = new(ReceiptOutcome.Refused, 0x0102030405060708, 0x1112131415161718, Address.FromV4(0xc0000207)) { Word = "too-late" };

    private static readonly Receipt Granted = Refused with { Outcome = ReceiptOutcome.Granted, Word = "", SecondsLeft = 0x21222324 };

    [Fact]
    public void Is_laid_out_as_specified()
    {
        Assert.Equal(
            "01" + "01" + "0102030405060708" + "1112131415161718" + "00000000000000000000ffffc0000207" + "00000000" + "08" + "746f6f2d6c617465" + new string('0', (152 - 47) * 2),
            Convert.ToHexStringLower(Written(Refused)));
        Assert.Equal(
            "01" + "00" + "0102030405060708" + "1112131415161718" + "00000000000000000000ffffc0000207" + "21222324" + "00" + new string('0', (152 - 39) * 2),
            Convert.ToHexStringLower(Written(Granted)));
    }

    [Fact]
    public void Every_refusal_can_be_told() => Assert.All(Enum.GetValues<Refusal>(), refusal =>
    {
        var receipt = Refused with { Word = refusal.Word() };
        Assert.True(Receipt.TryRead(Written(receipt), out var read));
        Assert.Equal(receipt, read);
    });

    [Fact]
    public void Every_value_of_every_byte_is_refused_or_read_as_it_stands()
    {
        foreach (var receipt in new[] { Refused, Granted, Granted with { Outcome = ReceiptOutcome.Closed, SecondsLeft = 0 } })
        {
            var body = Written(receipt);
            for (var at = 0; at < body.Length; at++)
            {
                var right = body[at];
                for (var value = 0; value < 256; value++)
                {
                    body[at] = (byte)value;
                    if (Receipt.TryRead(body, out var read))
                        Assert.Equal(body, Written(read));
                }

                body[at] = right;
            }
        }
    }

    [Fact]
    public void Every_other_size_and_random_bytes_are_refused()
    {
        var body = new byte[Receipt.Size + 1];
        Refused.Write(body);
        for (var length = 0; length <= body.Length; length++)
            Assert.Equal(length == Receipt.Size, Receipt.TryRead(body.AsSpan(0, length), out _));
        for (var i = 0; i < 100_000; i++)
            Assert.False(Receipt.TryRead(RandomNumberGenerator.GetBytes(Receipt.Size), out _));
    }

    [Fact]
    public void What_no_reader_would_take_is_not_written()
    {
        Receipt[] wrong =
        [
            Refused with { Word = "" },
            Refused with { Word = "Too-Late" },
            Refused with { Word = "too--late" },
            Refused with { Word = "-" },
            Refused with { Word = new('a', 33) },
            Refused with { SecondsLeft = 1 },
            Refused with { Outcome = (ReceiptOutcome)3 },
            Granted with { SecondsLeft = 0 },
            Granted with { Word = "too-late" },
            Granted with { Outcome = ReceiptOutcome.Closed },
        ];
        Assert.All(wrong, receipt => Assert.Throws<InvalidOperationException>(() => Written(receipt)));
    }

    private static byte[] Written(Receipt receipt)
    {
        var body = new byte[Receipt.Size];
        RandomNumberGenerator.Fill(body);
        receipt.Write(body);
        return body;
    }
}
