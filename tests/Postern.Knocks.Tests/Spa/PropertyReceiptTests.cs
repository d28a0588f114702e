using System.Security.Cryptography;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Knocks.Tests.Spa;

public sealed class PropertyReceiptTests
{
    private const ulong Time = 1_781_524_800_000_000_000;

    private static readonly BoxKeyPair Key = BoxKeyPair.Generate();

    private static readonly Receipt Granted = new(ReceiptOutcome.Granted, Time, Time + 5, Address.FromV4(0xc0000207)) { SecondsLeft = 30 };

    [Fact]
    public void What_is_written_is_read_back_by_the_one_who_asked_and_nobody_else()
    {
        var packet = Written(Granted);
        Assert.Equal(240, packet.Length);
        Assert.True(packet.Length < SpaPacket.Sizes[0], "an answer must not be larger than the question");
        Assert.True(ReceiptReader.TryRead(packet, Craft.OuterKey, Key, Time, out var read));
        Assert.Equal(Granted, read);
        Assert.False(ReceiptReader.TryRead(packet, Craft.OuterKey, Key, Time + 1, out _));
        Assert.False(ReceiptReader.TryRead(packet, Craft.OuterKey, BoxKeyPair.Generate(), Time, out _));
        Assert.False(ReceiptReader.TryRead(packet, GateSecret.Generate().DeriveOuterKey(), Key, Time, out _));
    }

    [Fact]
    public void Every_bit_of_a_receipt()
    {
        var packet = Written(Granted);
        for (var bit = 0; bit < packet.Length * 8; bit++)
        {
            packet[bit >> 3] ^= (byte)(1 << (bit & 7));
            Assert.False(ReceiptReader.TryRead(packet, Craft.OuterKey, Key, Time, out _));
            packet[bit >> 3] ^= (byte)(1 << (bit & 7));
        }
    }

    [Fact]
    public void Random_bytes_of_every_size()
    {
        for (var size = 0; size <= 400; size++)
            Assert.False(ReceiptReader.TryRead(RandomNumberGenerator.GetBytes(size), Craft.OuterKey, Key, Time, out _));
    }

    [Fact]
    public void A_request_is_no_receipt_and_a_receipt_no_request()
    {
        Assert.False(ReceiptReader.TryRead(Craft.Packet(320), Craft.OuterKey, Key, Time, out _));
        Assert.Equal(Refusal.WrongSize, Craft.NewReader().OpenOuter(Written(Granted), out _));
    }

    /// <summary>A client may send any 32 bytes as its receipt key: there is then no receipt, and no exception.</summary>
    [Fact]
    public void Nothing_is_sealed_to_a_point_of_small_order() =>
        Assert.False(ReceiptWriter.TryWrite(Granted, Craft.OuterKey, new byte[32], Craft.Chance(), out _));

    private static byte[] Written(Receipt receipt)
    {
        Assert.True(ReceiptWriter.TryWrite(receipt, Craft.OuterKey, Key.Public.Bytes, Craft.Chance(), out var packet));
        return packet;
    }
}
