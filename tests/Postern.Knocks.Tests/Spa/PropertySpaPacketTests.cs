using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Knocks.Tests.Spa;

/// <summary>What is written is read, and nothing else: not with one bit changed, at any depth.</summary>
public sealed class PropertySpaPacketTests
{
    [Fact]
    public void What_is_written_is_read_back() => Prop.ForAll(Craft.Requests.ToArbitrary(), asked =>
    {
        var reader = Craft.NewReader();
        var packet = Craft.Packet(asked.Request, asked.Signature, asked.Size);
        Assert.Equal(asked.Size, packet.Length);
        Assert.Equal(Refusal.None, Judge(reader, packet, out var whole));
        Assert.Equal(asked.Size - SpaPacket.Overhead, whole.Length);
        Assert.Equal(Refusal.None, SignedRequest.Read(whole.Span, out var read));

        Assert.True(read.Signed.SequenceEqual(SpaRequestWriter.WriteUnsigned(asked.Request)));
        Assert.True(read.Signature.SequenceEqual(asked.Signature));
        Assert.Equal(asked.Request.Time, read.Time);
        Assert.Equal(asked.Request.GateId, read.GateId);
        Assert.Equal(asked.Request.KeyHint, read.KeyHint);
        Assert.Equal(asked.Request.Address, read.Address);
        Assert.Equal(asked.Request.SourcePort, read.SourcePort);
        Assert.Equal(asked.Request.Seconds, read.Seconds);
        Assert.Equal(asked.Request.Close, read.Close);
        Assert.Equal(asked.Request.Device, read.Device);
        Assert.Equal(asked.Request.System, read.System);
        Assert.True(read.ReceiptKey.SequenceEqual(asked.Request.ReceiptKey.AsSpan()));
        Assert.Equal(asked.Request.Services.Length, read.ServiceCount);
        for (var i = 0; i < read.ServiceCount; i++)
            Assert.Equal(asked.Request.Services[i], read.Service(i));
    }).Check(Thorough(1000));

    [Fact]
    public void A_random_bit_of_a_random_packet()
    {
        var cases =
            from asked in Craft.Requests
            from bit in Gen.Choose(0, (asked.Size * 8) - 1)
            select (Packet: Craft.Packet(asked.Request, asked.Signature, asked.Size), Bit: bit);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            Flip(c.Packet, c.Bit);
            return Judge(Craft.NewReader(), c.Packet, out _) == Refusal.Junk;
        }).Check(Thorough(1000));
    }

    [Theory]
    [InlineData(320)]
    [InlineData(512)]
    [InlineData(1200)]
    public void Every_bit_of_a_packet(int size)
    {
        var reader = Craft.NewReader();
        var packet = Craft.Packet(size);
        for (var bit = 0; bit < packet.Length * 8; bit++)
        {
            Flip(packet, bit);
            Assert.Equal(Refusal.Junk, Judge(reader, packet, out _));
            Flip(packet, bit);
        }

        Assert.Equal(Refusal.None, Judge(reader, packet, out _));
    }

    /// <summary>
    /// By someone who knows the gate secret. The top bit of the one-time key is the one that X25519 does not look at (RFC 7748 §5), but the nonce is made of all of them.
    /// </summary>
    [Fact]
    public void Every_bit_of_a_box_under_a_right_outer_seal()
    {
        var reader = Craft.NewReader();
        Assert.Equal(Refusal.None, reader.OpenOuter(Craft.Packet(320), out var opened));
        var box = opened.ToArray();
        for (var bit = 0; bit < box.Length * 8; bit++)
        {
            Flip(box, bit);
            Assert.Equal(Refusal.NotSealedToUs, Judge(reader, Craft.Seal(box), out _));
            Flip(box, bit);
        }
    }

    /// <summary>By a client itself: there is no bit that a reader passes over. Each is refused, or is of what is signed, or of the signature.</summary>
    [Fact]
    public void Every_bit_of_a_request_means_something()
    {
        var reader = Craft.NewReader();
        Assert.Equal(Refusal.None, Judge(reader, Craft.Packet(320), out var opened));
        var request = opened.ToArray();
        Assert.Equal(Refusal.None, SignedRequest.Read(request, out var before));
        var (signed, signature) = (before.Signed.ToArray(), before.Signature.ToArray());
        for (var bit = 0; bit < request.Length * 8; bit++)
        {
            var changed = request.ToArray();
            Flip(changed, bit);
            if (Judge(reader, Craft.SealRequest(changed), out var whole) is var refusal and not Refusal.None)
            {
                Assert.True(refusal is Refusal.BadRequest or Refusal.UnknownVersion);
                continue;
            }

            Assert.Equal(Refusal.None, SignedRequest.Read(whole.Span, out var after));
            Assert.False(after.Signed.SequenceEqual(signed) && after.Signature.SequenceEqual(signature), $"bit {bit} says nothing");
        }
    }

    [Fact]
    public void Random_bytes_of_every_size_are_junk()
    {
        var reader = Craft.NewReader();
        for (var size = 0; size <= 1300; size++)
        {
            var expected = size is 320 or 512 or 1200 ? Refusal.Junk : Refusal.WrongSize;
            for (var i = 0; i < 5; i++)
                Assert.Equal(expected, Judge(reader, RandomNumberGenerator.GetBytes(size), out _));
        }
    }

    [Fact]
    public void Random_boxes_and_random_requests_are_refused() => Prop.ForAll(Gen.Elements(320, 512, 1200).ToArbitrary(), size =>
    {
        var reader = Craft.NewReader();
        Assert.Equal(Refusal.NotSealedToUs, Judge(reader, Craft.Seal(RandomNumberGenerator.GetBytes(size - 40)), out _));
        var request = RandomNumberGenerator.GetBytes(size - SpaPacket.Overhead);
        request[0] = 1;
        return Judge(reader, Craft.SealRequest(request), out _) == Refusal.BadRequest;
    }).Check(Thorough(300));

    /// <summary>A stranger costs time, never memory; and neither does a client.</summary>
    [Fact]
    public void Reading_allocates_nothing()
    {
        var noVersion = new byte[232];
        byte[][] packets =
        [
            new byte[319], RandomNumberGenerator.GetBytes(320), RandomNumberGenerator.GetBytes(1200), Craft.Seal(RandomNumberGenerator.GetBytes(280)),
            Craft.SealRequest(noVersion), Craft.SealRequest([1, .. new byte[231]]), Craft.Packet(320), Craft.Packet(1200),
        ];
        Refusal[] expected =
        [
            Refusal.WrongSize, Refusal.Junk, Refusal.Junk, Refusal.NotSealedToUs, Refusal.UnknownVersion, Refusal.BadRequest, Refusal.None, Refusal.None,
        ];
        var reader = Craft.NewReader();
        for (var warm = 0; warm < 2; warm++)
        {
            for (var i = 0; i < packets.Length; i++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var refusal = Judge(reader, packets[i], out _);
                var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.Equal(expected[i], refusal);
                if (warm > 0)
                    Assert.Equal(0, allocated);
            }
        }
    }

    [Fact]
    public void The_smallest_size_that_holds_a_request_is_found()
    {
        Assert.Equal(320, SpaWriter.SizeFor(147, 83));
        Assert.Equal(512, SpaWriter.SizeFor(148, 83));
        Assert.Equal(1200, SpaWriter.SizeFor(578, 532));
        Assert.Equal(0, SpaWriter.SizeFor(579, 532));
        Assert.Throws<ArgumentException>(() => SpaWriter.Write(new byte[148], new byte[83], 320, Craft.OuterKey, Craft.GateKey.Public, Craft.Chance()));
        Assert.Throws<ArgumentException>(() => SpaWriter.Write(new byte[50], new byte[83], 321, Craft.OuterKey, Craft.GateKey.Public, Craft.Chance()));
        Assert.Throws<ArgumentException>(() => SpaWriter.Write(new byte[50], new byte[83], 320, Craft.OuterKey, Craft.GateKey.Public, new byte[3]));
        Assert.Throws<ArgumentException>(() => SpaWriter.Write(new byte[50], new byte[83], 320, Craft.OuterKey, BoxPublicKey.From(new byte[32]), Craft.Chance()));
    }

    private static Refusal Judge(SpaReader reader, ReadOnlySpan<byte> packet, out ReadOnlyMemory<byte> request)
    {
        request = default;
        return reader.OpenOuter(packet, out var box) is var outer and not Refusal.None ? outer : reader.Open(box, out request);
    }

    private static void Flip(byte[] bytes, int bit) => bytes[bit >> 3] ^= (byte)(1 << (bit & 7));

    private static Config Thorough(int cases) => Config.QuickThrowOnFailure.WithMaxTest(cases);
}
