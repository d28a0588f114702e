using System.Security.Cryptography;
using Postern.Keys;
using Postern.Knocks.Spa;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Knocks.Tests.Spa;

/// <summary>spec/spa.md §13: to an observer, packets and receipts are random bytes. So far as these tests can see; what they cannot see, they say by the defects that they do.</summary>
public sealed class StatisticsTests
{
    /// <summary>10 000 packets and as many receipts as packets of one size: always the same request by the same key, which is what a daily user sends.</summary>
    private static readonly Lazy<byte[][]> Recorded = new(() => [.. Enumerable.Range(0, 10_000).Select(i => Craft.Packet(SpaPacket.Sizes[i % 3])), .. Enumerable.Range(0, 3333).Select(_ => Receipt())]);

    private static readonly BoxKeyPair ReceiptKey = BoxKeyPair.Generate();

    [Fact]
    public void Packets_and_receipts_look_like_random_bytes() => Assert.Empty(Randomness.Faults(Recorded.Value));

    [Fact]
    public void Random_bytes_do() => Assert.Empty(Randomness.Faults([.. Recorded.Value.Select(p => RandomNumberGenerator.GetBytes(p.Length))]));

    [Theory]
    [InlineData("a fixed byte", "position 0 of 320")]
    [InlineData("a cleared bit", "position 319 of 320")]
    [InlineData("a bit that is set seven times in ten", "bit 0 of position 100 of 512")]
    [InlineData("bytes that repeat", "serial correlation")]
    [InlineData("base64", "ones")]
    [InlineData("a key stream used twice", "equal to the packet before")]
    [InlineData("a nonce used twice", "a nonce was used twice")]
    [InlineData("a counter for a nonce", "position 0 of 1200")]
    [InlineData("zeros at the end", "shrink")]
    [InlineData("a bare one-time key in a receipt", "position 55 of 240")]
    public void A_defect_is_seen(string defect, string seenAs)
    {
        var packets = Recorded.Value.Select(p => p.ToArray()).ToArray();
        for (var i = 0; i < packets.Length; i++)
            Spoil(defect, packets, i);
        Assert.Contains(Randomness.Faults(packets), fault => fault.Contains(seenAs, StringComparison.Ordinal));
    }

    private static void Spoil(string defect, byte[][] packets, int i)
    {
        var packet = packets[i];
        switch (defect)
        {
            case "a fixed byte":
                packet[0] = 0x50;
                break;
            case "a cleared bit":
                packet[^1] &= 0x7f;
                break;
            case "a bit that is set seven times in ten":
                if (RandomNumberGenerator.GetInt32(10) < 4)
                    packet[100] |= 1;
                break;
            case "bytes that repeat":
                for (var at = 16; at < packet.Length; at += 16)
                    packet[at] = packet[at - 1];
                break;
            case "base64":
                packets[i] = [.. System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(packet))[..packet.Length]];
                break;
            case "a key stream used twice":
                if (i / 3 % 2 == 1 && packets[i - 3].Length == packet.Length)
                    packets[i - 3].AsSpan(24).CopyTo(packet.AsSpan(24));
                break;
            case "a nonce used twice":
                if (i == 9)
                    packets[0].AsSpan(0, 24).CopyTo(packet);
                break;
            case "a counter for a nonce":
                packet.AsSpan(0, 24).Clear();
                BitConverter.TryWriteBytes(packet.AsSpan(4), i);
                break;
            case "zeros at the end":
                packet.AsSpan(packet.Length - 16).Clear();
                break;
            case "a bare one-time key in a receipt":
                if (packet.Length == ReceiptPacket.Size)
                    packet[24 + 31] &= 0x7f;
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(defect), defect, "no such defect");
        }
    }

    private static byte[] Receipt()
    {
        var receipt = new Receipt(ReceiptOutcome.Granted, 1, 2, Address.FromV4(0xc0000207)) { SecondsLeft = 30 };
        Assert.True(ReceiptWriter.TryWrite(receipt, Craft.OuterKey, ReceiptKey.Public.Bytes, Craft.Chance(), out var packet));
        return packet;
    }
}
