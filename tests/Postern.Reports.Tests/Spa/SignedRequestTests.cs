using System.Security.Cryptography;
using Postern.Reports.Spa;

namespace Postern.Reports.Tests.Spa;

/// <summary>spec/spa.md §4, byte by byte. What is refused on its account is shown by spec/vectors/spa, which Postern.Knocks.Tests reads.</summary>
public sealed class SignedRequestTests
{
    private static readonly SpaRequest Full = new(0x0102030405060708, 0x1112131415161718, 0x2122232425262728, ["ssh", "web-2"])
    {
        Address = Address.FromV4(0xc0000207),
        SourcePort = 0x3132,
        Seconds = 0x41424344,
        Device = 0x51525354,
        ReceiptKey = [.. Enumerable.Repeat((byte)0x61, 32)],
        System = ClientSystem.MacOs,
    };

    private static readonly byte[] Signature = [0x71, 0x72, 0x73];

    [Fact]
    public void Is_laid_out_as_specified()
    {
        Assert.Equal(
            "01" + "00" + "0102030405060708" + "1112131415161718" + "2122232425262728" + "00000000000000000000ffffc0000207" + "3132" + "41424344"
            + "02" + "03" + "737368" + "05" + "7765622d32"
            + "03" + "0104" + "51525354" + "0220" + string.Concat(Enumerable.Repeat("61", 32)) + "0301" + "02"
            + "0003" + "717273" + "00000000",
            Convert.ToHexStringLower(Whole(Full, padding: 4)));
    }

    [Fact]
    public void A_close_is_a_flag()
    {
        var bytes = Whole(Full with { Close = true, Seconds = 0 }, padding: 0);
        Assert.Equal(1, bytes[1]);
        Assert.Equal(Refusal.None, SignedRequest.Read(bytes, out var read));
        Assert.True(read.Close);
    }

    [Fact]
    public void Reads_back_what_was_written()
    {
        Assert.Equal(Refusal.None, SignedRequest.Read(Whole(Full, padding: 4), out var read));
        Assert.True(read.Signed.SequenceEqual(SpaRequestWriter.WriteUnsigned(Full)));
        Assert.True(read.Signature.SequenceEqual(Signature));
        Assert.Equal((Full.Time, Full.GateId, Full.KeyHint), (read.Time, read.GateId, read.KeyHint));
        Assert.Equal((Full.Address, Full.SourcePort, Full.Seconds, false), (read.Address, read.SourcePort, read.Seconds, read.Close));
        Assert.Equal((Full.Device, Full.System), (read.Device, read.System));
        Assert.True(read.ReceiptKey.SequenceEqual(Full.ReceiptKey.AsSpan()));
        Assert.Equal(("ssh", "web-2", 2), (read.Service(0), read.Service(1), read.ServiceCount));
    }

    [Fact]
    public void What_is_not_said_is_not_written()
    {
        var plain = new SpaRequest(1, 2, 3, ["ssh"]);
        Assert.Equal(49 + 4 + 1, SpaRequestWriter.WriteUnsigned(plain).Length);
        Assert.Equal(Refusal.None, SignedRequest.Read(Whole(plain, padding: 0), out var read));
        Assert.Equal((0u, ClientSystem.Unsaid, Address.None), (read.Device, read.System, read.Address));
        Assert.True(read.ReceiptKey.IsEmpty);
    }

    [Fact]
    public void Cut_short_anywhere_it_is_refused()
    {
        var whole = Whole(Full, padding: 0);
        for (var length = 0; length < whole.Length; length++)
            Assert.Equal(Refusal.BadRequest, SignedRequest.Read(whole.AsSpan(0, length), out _));
        Assert.Equal(Refusal.None, SignedRequest.Read(whole, out _));
    }

    [Fact]
    public void A_byte_more_must_be_zero_wherever_it_is()
    {
        for (var padding = 1; padding < 200; padding++)
        {
            var whole = Whole(Full, padding);
            Assert.Equal(Refusal.None, SignedRequest.Read(whole, out _));
            whole[^1] = 1;
            Assert.Equal(Refusal.BadRequest, SignedRequest.Read(whole, out _));
            whole[^1] = 0;
            whole[^padding] = 0x80;
            Assert.Equal(Refusal.BadRequest, SignedRequest.Read(whole, out _));
        }
    }

    [Fact]
    public void Only_version_1_is_known()
    {
        var whole = Whole(Full, padding: 0);
        for (var version = 0; version < 256; version++)
        {
            whole[0] = (byte)version;
            Assert.Equal(version == 1 ? Refusal.None : Refusal.UnknownVersion, SignedRequest.Read(whole, out _));
        }

        Assert.Equal(Refusal.UnknownVersion, SignedRequest.Read([2], out _));
        Assert.Equal(Refusal.BadRequest, SignedRequest.Read([], out _));
    }

    /// <summary>What is accepted is written in the one way: writing it again gives the same bytes. But an extension that may be passed over is not read, and so not written.</summary>
    [Fact]
    public void Every_value_of_every_byte_is_refused_or_read_as_it_stands()
    {
        var whole = Whole(Full, padding: 3);
        var typeOfLastExtension = SpaRequestWriter.WriteUnsigned(Full).Length - 3;
        for (var at = 0; at < whole.Length; at++)
        {
            var right = whole[at];
            for (var value = 0; value < 256; value++)
            {
                whole[at] = (byte)value;
                if (SignedRequest.Read(whole, out var read) == Refusal.None && !(at == typeOfLastExtension && value >= 128))
                    Assert.Equal(whole, Rewritten(read, whole.Length));
            }

            whole[at] = right;
        }
    }

    [Fact]
    public void Random_bytes_are_a_refusal_and_no_exception()
    {
        for (var i = 0; i < 200_000; i++)
        {
            var bytes = RandomNumberGenerator.GetBytes(RandomNumberGenerator.GetInt32(300));
            if (bytes.Length > 50)
                (bytes[0], bytes[1], bytes[48], bytes[49]) = (1, 0, (byte)(bytes[48] % 10), (byte)(bytes[49] % 34));
            Assert.NotEqual(Refusal.None, SignedRequest.Read(bytes, out _));
        }
    }

    [Fact]
    public void A_refused_request_reads_as_nothing()
    {
        Assert.Equal(Refusal.BadRequest, SignedRequest.Read(Whole(Full with { Close = true, Seconds = 0 }, padding: 0).Select((b, i) => i == 47 ? (byte)9 : b).ToArray(), out var read));
        Assert.True(read.Signed.IsEmpty && read.Signature.IsEmpty && read.ReceiptKey.IsEmpty);
        Assert.Equal(0, read.ServiceCount);
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        var good = Whole(Full, padding: 4);
        var bad = good.ToArray();
        bad[^1] = 1;
        for (var warm = 0; warm < 2; warm++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var refusals = (SignedRequest.Read(good, out _), SignedRequest.Read(bad, out _));
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal((Refusal.None, Refusal.BadRequest), refusals);
            if (warm > 0)
                Assert.Equal(0, allocated);
        }
    }

    [Fact]
    public void What_no_reader_would_take_is_not_written()
    {
        SpaRequest[] wrong =
        [
            Full with { Services = [] },
            Full with { Services = [.. "abcdefghi".Select(c => c.ToString())] },
            Full with { Services = ["ssh", "ssh"] },
            Full with { Services = ["SSH"] },
            Full with { Services = ["ß"] },
            Full with { Services = [""] },
            Full with { Services = [new('a', 33)] },
            Full with { Close = true },
            Full with { ReceiptKey = [1, 2, 3] },
        ];
        Assert.All(wrong, request => Assert.Throws<ArgumentException>(() => SpaRequestWriter.WriteUnsigned(request)));
        var unsigned = SpaRequestWriter.WriteUnsigned(Full);
        Assert.False(SpaRequestWriter.TryWrite(unsigned, [], new byte[1112]));
        Assert.False(SpaRequestWriter.TryWrite(unsigned, new byte[769], new byte[1112]));
        Assert.False(SpaRequestWriter.TryWrite(unsigned, new byte[83], new byte[unsigned.Length + 84]));
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("0", true)]
    [InlineData("a-_9", true)]
    [InlineData("abcdefghijklmnopqrstuvwxyz012345", true)]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123456", false)]
    [InlineData("", false)]
    [InlineData("-a", false)]
    [InlineData("_a", false)]
    [InlineData("A", false)]
    [InlineData("a.b", false)]
    [InlineData("a b", false)]
    [InlineData("é", false)]
    [InlineData("š", false)] // its low byte is an 'a'
    public void Names_of_services(string name, bool valid) => Assert.Equal(valid, ServiceName.IsValid(name));

    private static byte[] Whole(SpaRequest request, int padding)
    {
        var unsigned = SpaRequestWriter.WriteUnsigned(request);
        var whole = new byte[unsigned.Length + 2 + Signature.Length + padding];
        Assert.True(SpaRequestWriter.TryWrite(unsigned, Signature, whole));
        return whole;
    }

    private static byte[] Rewritten(in SignedRequest read, int length)
    {
        var services = new string[read.ServiceCount];
        for (var i = 0; i < services.Length; i++)
            services[i] = read.Service(i);
        var request = new SpaRequest(read.Time, read.GateId, read.KeyHint, [.. services])
        {
            Address = read.Address,
            SourcePort = read.SourcePort,
            Seconds = read.Seconds,
            Close = read.Close,
            Device = read.Device,
            ReceiptKey = [.. read.ReceiptKey],
            System = read.System,
        };
        var whole = new byte[length];
        Assert.True(SpaRequestWriter.TryWrite(SpaRequestWriter.WriteUnsigned(request), read.Signature, whole));
        return whole;
    }
}
