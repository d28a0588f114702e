using System.Runtime.CompilerServices;
using Postern.Packets.Ring;

namespace Postern.Packets.Tests;

/// <summary>What the ring is made of, without a kernel: its clock, and a block whose offsets lie.</summary>
public sealed unsafe class RingPartsTests
{
    private const long Millisecond = 1_000_000;
    private const long Second = 1_000_000_000;
    private const long Wall = 1_700_000_000 * Second;

    private static long Read(ref PacketClock clock, long stamp) => clock.ToUptime((uint)(stamp / Second), (uint)(stamp % Second));

    [Fact]
    public void A_packet_is_as_old_on_one_clock_as_on_the_other()
    {
        var clock = default(PacketClock);
        clock.Open(uptime: 100 * Second, wall: Wall);
        Assert.Equal(100 * Second - 3_000_000, Read(ref clock, Wall - 3_000_000));
        Assert.Equal(100 * Second - 1, Read(ref clock, Wall - 1));
        Assert.Equal(100 * Second, Read(ref clock, Wall));
    }

    [Fact]
    public void Time_does_not_run_backwards()
    {
        var clock = default(PacketClock);
        clock.Open(100 * Second, Wall);
        Assert.Equal(100 * Second - 1000, Read(ref clock, Wall - 1000));
        Assert.Equal(100 * Second - 1000, Read(ref clock, Wall - 2000));
        clock.Open(101 * Second, Wall + Second);
        Assert.Equal(101 * Second - 5, Read(ref clock, Wall + Second - 5));
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    public void A_wall_clock_that_was_set_in_between_moves_nothing(int seconds)
    {
        var clock = default(PacketClock);
        clock.Open(100 * Second, Wall + seconds * Second);
        Assert.Equal(100 * Second, Read(ref clock, Wall - 1_000_000));
        clock.Open(101 * Second, Wall + (seconds + 1) * Second);
        Assert.Equal(101 * Second - 1_000_000, Read(ref clock, Wall + (seconds + 1) * Second - 1_000_000));
    }

    [Fact]
    public void A_reader_rests_only_while_he_is_woken_again_and_again()
    {
        var gathering = default(Gathering);
        var now = 100 * Second;
        for (var i = 0; i < 1000; i++)
            Assert.Equal(0, gathering.RestBefore(now += 9 * Millisecond, packets: 1)); // 111 a second, for ever
        for (var i = 0; i < 15; i++)
            Assert.Equal(0, gathering.RestBefore(now += 10_000, packets: 1)); // a burst
        for (var i = 0; i < 10; i++)
            gathering.RestBefore(now += Millisecond, packets: 1);
        for (var i = 0; i < 1000; i++)
            Assert.Equal(Gathering.Longest, gathering.RestBefore(now += 9 * Millisecond, packets: 9)); // rests are no quiet
        Assert.Equal(0, gathering.RestBefore(now + (200 * Millisecond), packets: 1));
    }

    [Theory]
    [InlineData(300, 8)]
    [InlineData(1_000, 8)]
    [InlineData(4_000, 6)]
    [InlineData(20_000, 4)]
    [InlineData(300_000, 4)]
    public void The_more_packets_come_the_less_a_rest_takes(int perSecond, int milliseconds)
    {
        var gathering = default(Gathering);
        var (now, rest) = (100 * Second, 0L);
        for (var i = 0; i < 200; i++)
        {
            var passed = rest + Millisecond;
            rest = gathering.RestBefore(now += passed, packets: (int)(perSecond * passed / Second));
        }

        Assert.Equal(milliseconds * Millisecond, rest);
    }

    [Fact]
    public void Who_is_woken_less_than_a_hundred_times_a_second_rests_no_more()
    {
        var gathering = default(Gathering);
        var (now, rest) = (100 * Second, 0L);
        for (var i = 0; i < 200; i++)
            rest = gathering.RestBefore(now += rest + Millisecond, packets: 1);
        Assert.Equal(Gathering.Longest, rest);
        for (var i = 0; i < 200; i++)
            rest = gathering.RestBefore(now += rest + (10 * Millisecond), packets: 1);
        Assert.Equal(0, rest);
    }

    /// <summary>Fields take edge values at random; what comes out lies inside the block, and the reading ends.</summary>
    [Fact]
    public void A_block_whose_offsets_lie_is_not_followed_out_of_it()
    {
        const int Size = 4096;
        var random = new Random(7);
        uint[] edges = [0, 1, 47, 48, 67, 68, 96, Size - 69, Size - 68, Size - 67, Size - 1, Size, Size + 1, 0x7fff_ffff, 0x8000_0000, uint.MaxValue];
        var memory = GC.AllocateArray<byte>(Size, pinned: true);
        var start = (byte*)Unsafe.AsPointer(ref memory[0]);
        long read = 0, lostAny = 0;
        for (var round = 0; round < 200_000; round++)
        {
            WriteBlock(start, packets: 3);
            foreach (var _ in Enumerable.Range(0, random.Next(0, 4)))
            {
                var field = (uint[])[12, 16, 48, 60, 74, 208, 220, 234];
                var at = field[random.Next(field.Length)];
                if (at % 4 == 0)
                    *(uint*)(start + at) = edges[random.Next(edges.Length)];
                else
                    *(ushort*)(start + at) = (ushort)edges[random.Next(edges.Length)];
            }

            var count = *(uint*)(start + 12);
            Assert.True(RingBlock.IsReady(start));
            var block = RingBlock.Open(start, Size);
            long seen = 0;
            uint lost;
            while (block.TryNext(out var packet, out lost))
            {
                Assert.True(packet.Bytes.IsEmpty || memory.AsSpan().Overlaps(packet.Bytes));
                fixed (byte* first = packet.Bytes)
                    Assert.True(first == null || (first >= start && first + packet.Bytes.Length <= start + Size));
                seen++;
            }

            Assert.InRange(seen, 0, Size / 68);
            Assert.Equal(count, seen + lost);
            read += seen;
            lostAny += lost > 0 ? 1 : 0;
            block.Close();
            Assert.False(RingBlock.IsReady(start));
        }

        Assert.True(read > 100_000 && lostAny > 10_000, $"{read} read, {lostAny} given up");
    }

    /// <summary>As the kernel lays it out: 160 bytes a packet, the IP header 96 behind the start of its own.</summary>
    private static void WriteBlock(byte* start, int packets)
    {
        new Span<byte>(start, 4096).Clear();
        *(uint*)(start + 8) = 1;
        *(uint*)(start + 12) = (uint)packets;
        *(uint*)(start + 16) = 48;
        for (var i = 0; i < packets; i++)
        {
            var packet = start + 48 + i * 160;
            *(uint*)packet = 160;
            *(uint*)(packet + 12) = 40;
            *(ushort*)(packet + 26) = 96;
        }
    }
}
