using Postern.Sentry.Spa;

namespace Postern.Sentry.Tests.Spa;

/// <summary>A copy is a copy to the last byte, and only of what was opened.</summary>
public sealed class OpenedPacketsTests
{
    private readonly OpenedPackets _opened = new(new SipHash(42));
    private readonly Random _random = new(5);

    private byte[] Packet(int size = 320)
    {
        var packet = new byte[size];
        _random.NextBytes(packet);
        return packet;
    }

    [Theory]
    [InlineData(320)]
    [InlineData(512)]
    [InlineData(1200)]
    public void A_byte_less_or_other_makes_another_packet(int size)
    {
        var packet = Packet(size);
        Assert.False(_opened.Has(packet));
        _opened.Add(packet);
        Assert.True(_opened.Has(packet));
        for (var at = 0; at < size; at++)
        {
            packet[at] ^= 1;
            Assert.False(_opened.Has(packet), $"byte {at}");
            packet[at] ^= 1;
        }

        Assert.False(_opened.Has(packet.AsSpan(..^1)));
        Assert.True(_opened.Has(packet));
    }

    /// <summary>The first eight bytes are the enemy's to choose, zeros included.</summary>
    [Fact]
    public void Packets_that_share_the_beginning_of_their_nonce_live_side_by_side()
    {
        var packets = Enumerable.Range(0, OpenedPackets.Ways).Select(_ => Packet()).ToArray();
        foreach (var packet in packets)
        {
            packet.AsSpan(0, 8).Clear();
            Assert.False(_opened.Has(packet));
            _opened.Add(packet);
        }

        Assert.All(packets, p => Assert.True(_opened.Has(p)));
        var next = Packet();
        next.AsSpan(0, 8).Clear();
        _opened.Add(next);
        Assert.False(_opened.Has(packets[0]));
        Assert.All(packets[1..], p => Assert.True(_opened.Has(p)));
    }

    [Fact]
    public void Looking_changes_nothing_and_thousands_are_remembered()
    {
        var packets = Enumerable.Range(0, OpenedPackets.Capacity / 16).Select(_ => Packet()).ToArray();
        foreach (var packet in packets)
            _opened.Add(packet);
        for (var i = 0; i < 100_000; i++)
            Assert.False(_opened.Has(Packet()));
        Assert.All(packets, p => Assert.True(_opened.Has(p)));
    }
}
