using System.Text;

namespace Postern.Confinement.Tests;

/// <summary>Truth: unix(7), on the real kernel.</summary>
public sealed class ChannelTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Messages_come_whole_and_in_order()
    {
        var (one, other) = Channel.Pair();
        using var a = one;
        using var b = other;
        Assert.True(a.TrySend("first"u8));
        Assert.True(a.TrySend("second one"u8));

        var room = new byte[64];
        Assert.Equal("first", Text(room, b.Receive(room)));
        Assert.Equal("second one", Text(room, b.Receive(room)));
        Assert.True(b.TrySend("back"u8));
        Assert.Equal("back", Text(room, a.Receive(room)));
    }

    [Fact]
    public void Sending_never_waits()
    {
        var (one, other) = Channel.Pair();
        using var a = one;
        using var b = other;
        var sent = 0;
        while (a.TrySend(new byte[1000]))
            Assert.True(++sent < 1_000_000);

        var room = new byte[1000];
        for (var i = 0; i < sent; i++)
            Assert.Equal(Received.Message, b.Receive(room, wait: Patience).Outcome);
        Assert.Equal(Received.TimedOut, b.Receive(room, wait: TimeSpan.Zero).Outcome);
        Assert.True(a.TrySend(new byte[1000]));
    }

    [Fact]
    public void A_larger_buffer_holds_more()
    {
        Needs.Root();
        Assert.True(Fill(Channel.Pair(sendBuffer: 8 << 20)) > 4 * Fill(Channel.Pair()));

        static int Fill((Channel One, Channel Other) pair)
        {
            using var a = pair.One;
            using var b = pair.Other;
            var sent = 0;
            while (a.TrySend(new byte[1000]))
                sent++;
            return sent;
        }
    }

    [Fact]
    public void The_end_comes_after_what_was_sent()
    {
        var (one, other) = Channel.Pair();
        using var b = other;
        one.TrySend("last"u8);
        one.Dispose();

        var room = new byte[64];
        Assert.Equal("last", Text(room, b.Receive(room)));
        Assert.Equal(Received.Ended, b.Receive(room).Outcome);
        Assert.False(b.TrySend("to nobody"u8));
    }

    /// <summary>The kernel says ECONNRESET where the other end closes with something unread.</summary>
    [Fact]
    public void An_end_that_left_something_unread_has_ended_too()
    {
        var (one, other) = Channel.Pair();
        using var b = other;
        b.TrySend("never read"u8);
        one.Dispose();
        Assert.Equal(Received.Ended, b.Receive(new byte[64], wait: Patience).Outcome);
    }

    [Fact]
    public void A_message_too_long_for_the_room_is_no_message()
    {
        var (one, other) = Channel.Pair();
        using var a = one;
        using var b = other;
        a.TrySend(new byte[65]);
        a.TrySend(new byte[64]);
        Assert.Equal(Received.Truncated, b.Receive(new byte[64]).Outcome);
        Assert.Equal((Received.Message, 64), (b.Receive(new byte[64]) is var next ? (next.Outcome, next.Length) : default));
    }

    [Fact]
    public void Nobody_sends_nothing()
    {
        var (one, other) = Channel.Pair();
        using var a = one;
        using var b = other;
        Assert.Throws<ArgumentException>(() => a.TrySend([]));
    }

    [Fact]
    public void Waiting_ends_with_the_time_and_with_ShutDown()
    {
        var (one, other) = Channel.Pair();
        using var a = one;
        using var b = other;
        Assert.Equal(Received.TimedOut, b.Receive(new byte[1], wait: TimeSpan.FromMilliseconds(20)).Outcome);

        var outcome = Task.Run(() => b.Receive(new byte[1]).Outcome);
        Assert.False(outcome.Wait(50));
        b.ShutDown();
        Assert.True(outcome.Wait(Patience));
        Assert.Equal(Received.Ended, outcome.Result);
        Assert.Equal(Received.Ended, a.Receive(new byte[1], wait: Patience).Outcome);
    }

    [Fact]
    public void A_way_in_one_direction()
    {
        var (one, other) = Channel.Pair();
        using var a = one;
        using var b = other;
        a.SendOnly();
        Assert.False(b.TrySend("against the stream"u8));
        Assert.True(a.TrySend("with it"u8));
        var room = new byte[64];
        Assert.Equal("with it", Text(room, b.Receive(room)));
    }

    [Fact]
    public void Descriptors_come_with_a_message_and_are_not_inherited()
    {
        var (one, other) = Channel.Pair();
        using var a = one;
        using var b = other;
        var (read, write) = Pipe.Make();
        using (write)
        {
            Assert.True(a.TrySend("an end"u8, read));
            read.Dispose();
            var got = b.Receive(new byte[64], descriptors: 1);
            using var end = Assert.Single(got.Descriptors);
            Assert.EndsWith("2000000", Open.Flags(end), StringComparison.Ordinal); // O_CLOEXEC

            Assert.Equal("written", Open.WriteTo(write));
            write.Dispose();
            Assert.Equal("\0", Open.ReadAll(end));
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(4, 3)]
    [InlineData(16, 15)]
    public void Descriptors_that_were_not_asked_for_are_closed(int sent, int room)
    {
        var (one, other) = Channel.Pair();
        using var a = one;
        using var b = other;
        var (read, write) = Pipe.Make();
        using (write)
        {
            a.TrySend("many"u8, [.. Enumerable.Repeat(read, sent)]);
            read.Dispose();
            Assert.Equal(Received.Truncated, b.Receive(new byte[64], room).Outcome);
            Assert.Equal("broken pipe", Open.WriteTo(write)); // no reader is left
        }
    }

    [Fact]
    public void Sixteen_descriptors_and_no_more()
    {
        var (one, other) = Channel.Pair();
        using var a = one;
        using var b = other;
        Assert.True(a.TrySend("x"u8, [.. Enumerable.Repeat(a.Descriptor, Channel.MaxDescriptors)]));
        var got = b.Receive(new byte[1], Channel.MaxDescriptors);
        Assert.Equal(Channel.MaxDescriptors, got.Descriptors.Length);
        foreach (var descriptor in got.Descriptors)
            descriptor.Dispose();
        Assert.Throws<ArgumentException>(() => a.TrySend("x"u8, [.. Enumerable.Repeat(a.Descriptor, Channel.MaxDescriptors + 1)]));
    }

    private static string Text(byte[] room, Reception reception)
    {
        Assert.Equal(Received.Message, reception.Outcome);
        return Encoding.ASCII.GetString(room, 0, reception.Length);
    }
}
