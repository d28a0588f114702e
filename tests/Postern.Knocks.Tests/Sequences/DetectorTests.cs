using Postern.Knocks.Sequences;
using Postern.Packets;
using static Postern.Knocks.Tests.Sequences.Knocking;

namespace Postern.Knocks.Tests.Sequences;

/// <summary>What the detector promises, one promise a test.</summary>
public sealed class DetectorTests
{
    private const string Steps = "tcp/7000,udp/8000,tcp/9000";

    [Theory]
    [InlineData(Steps, StepOrder.Strict, Steps, 1)]
    [InlineData(Steps, StepOrder.Any, Steps, 1)]
    [InlineData(Steps, StepOrder.Any, "tcp/9000,tcp/7000,udp/8000", 1)]
    [InlineData(Steps, StepOrder.Strict, "tcp/9000,tcp/7000,udp/8000", 0)]
    [InlineData(Steps, StepOrder.Strict, "tcp/7000,tcp/8000,tcp/9000", 0)] // the right port over the wrong protocol
    [InlineData(Steps, StepOrder.Any, "tcp/7000,udp/8000,udp/9000", 0)]
    [InlineData(Steps, StepOrder.Strict, "tcp/7000,tcp/9000,udp/8000,tcp/9000", 0)] // one too early undoes the attempt
    [InlineData(Steps, StepOrder.Strict, "tcp/7000,tcp/9000,tcp/7000,udp/8000,tcp/9000", 1)] // trying again needs no pause
    [InlineData(Steps, StepOrder.Strict, "tcp/7000,udp/8000,tcp/7000,udp/8000,tcp/9000", 1)] // the last one was lost
    [InlineData(Steps, StepOrder.Strict, "tcp/7000,tcp/7000,udp/8000,udp/8000,tcp/7000,tcp/9000", 1)] // duplicates everywhere
    [InlineData(Steps, StepOrder.Strict, "tcp/9000,udp/8000,tcp/7000,udp/8000,tcp/9000", 1)] // reversed, then right
    [InlineData(Steps, StepOrder.Strict, "tcp/7000,udp/8000,tcp/9000,tcp/9000,tcp/9000", 1)] // the last one again opens nothing again
    [InlineData(Steps, StepOrder.Strict, Steps + "," + Steps, 2)]
    [InlineData(Steps, StepOrder.Any, Steps + "," + Steps, 2)]
    [InlineData("tcp/7000-7010,tcp/9000", StepOrder.Strict, "tcp/7004,tcp/9000", 1)]
    [InlineData("tcp/7000-7010,tcp/9000", StepOrder.Strict, "tcp/7011,tcp/9000", 0)]
    [InlineData("icmp/120,tcp/9000", StepOrder.Strict, "icmp/120,tcp/9000", 1)]
    [InlineData("icmp/120,tcp/9000", StepOrder.Strict, "icmp/121,tcp/9000", 0)]
    [InlineData("icmp,tcp/9000", StepOrder.Strict, "icmp/56,tcp/9000", 1)]
    [InlineData("tcp/7000", StepOrder.Strict, "tcp/7000", 1)]
    [InlineData("tcp/7000,tcp/7000,tcp/8000", StepOrder.Strict, "tcp/7000,tcp/8000", 0)]
    [InlineData("tcp/7000,tcp/7000,tcp/8000", StepOrder.Strict, "tcp/7000,tcp/7000,tcp/8000", 1)]
    [InlineData("tcp/7000,tcp/8000,tcp/7000", StepOrder.Strict, "tcp/7000,tcp/8000,tcp/7000", 1)]
    [InlineData("tcp/7000,tcp/7000,tcp/8000", StepOrder.Any, "tcp/7000,tcp/8000", 0)]
    [InlineData("tcp/7000,tcp/7000,tcp/8000", StepOrder.Any, "tcp/7000,tcp/8000,tcp/7000", 1)]
    [InlineData("tcp/7000-7010,tcp/7000-7010", StepOrder.Any, "tcp/7005,tcp/7003", 1)]
    [InlineData("tcp/7000-7010,tcp/7005", StepOrder.Strict, "tcp/7005,tcp/7005", 1)]
    [InlineData("tcp/7000-7010,tcp/7005", StepOrder.Strict, "tcp/7003,tcp/7004", 0)]
    public void Opens_as_often_as_the_sequence_was_made(string door, StepOrder order, string knocked, int times) =>
        Assert.Equal(times, Watching(Door(door, order)).KnockAll(Alice, knocked).Length);

    [Fact]
    public void Thirty_two_steps_are_the_longest_sequence()
    {
        var steps = string.Join(',', Enumerable.Range(1, 32).Select(i => $"tcp/{i * 100}"));
        Assert.Single(Watching(Door(steps)).KnockAll(Alice, steps));
        Assert.Throws<ArgumentOutOfRangeException>(() => Watching(Door(steps + ",udp/1")));
    }

    [Fact]
    public void Steps_that_overlap_in_part_are_refused_where_the_order_would_not_tell_them_apart()
    {
        Assert.Throws<ArgumentException>(() => Watching(Door("tcp/7000-7010,tcp/7005", StepOrder.Any)));
        Watching(Door("tcp/7000-7010,tcp/7005", StepOrder.Strict));
    }

    [Theory]
    [InlineData(StepOrder.Any, 1000.0, 1)]
    [InlineData(StepOrder.Any, 1000.000001, 0)]
    [InlineData(StepOrder.Strict, 1000.0, 1)]
    [InlineData(StepOrder.Strict, 1000.000001, 0)]
    public void The_time_is_exact_to_the_nanosecond(StepOrder order, double last, int opened)
    {
        var detector = Watching(Door("tcp/1,tcp/2", order, seconds: 1));
        detector.Knock(Alice, "tcp/1", 0);
        Assert.Equal(opened, detector.Knock(Alice, "tcp/2", last).Length);
    }

    [Fact]
    public void A_second_first_knock_starts_the_time_anew()
    {
        var detector = Watching(Door("tcp/1,tcp/2,tcp/3", seconds: 1));
        detector.Knock(Alice, "tcp/1", 0);
        detector.Knock(Alice, "tcp/1", 900);
        detector.Knock(Alice, "tcp/2", 1000);
        Assert.Single(detector.Knock(Alice, "tcp/3", 1800));
    }

    [Fact]
    public void A_second_knock_does_not_lengthen_the_time_of_the_first()
    {
        var detector = Watching(Door("tcp/1,tcp/2,tcp/3", seconds: 1));
        detector.Knock(Alice, "tcp/1", 0);
        detector.Knock(Alice, "tcp/2", 900);
        Assert.Empty(detector.Knock(Alice, "tcp/3", 1001));
    }

    [Fact]
    public void A_duplicate_made_on_the_way_is_not_a_repeat()
    {
        foreach (var order in new[] { StepOrder.Any, StepOrder.Strict })
        {
            var detector = Watching(Door("tcp/1,tcp/1,tcp/1", order));
            detector.Knock(Alice, "tcp/1", 0, mark: 70_001);
            detector.Knock(Alice, "tcp/1", 1, mark: 70_002);
            Assert.Empty(detector.Knock(Alice, "tcp/1", 2, mark: 70_001));
            Assert.Empty(detector.Knock(Alice, "tcp/1", 3, mark: 70_002));
            Assert.Single(detector.Knock(Alice, "tcp/1", 4, mark: 70_003));
        }
    }

    [Theory]
    [InlineData("tcp/7000,tcp/8000", "tcp/7000,tcp/8000,tcp/9000", "tcp/7000,tcp/8000,tcp/9000", new[] { 0, 1 })] // one the beginning of the other
    [InlineData("tcp/7000,tcp/8000,tcp/9000", "tcp/7000,tcp/9000,tcp/8000", "tcp/7000,tcp/9000,tcp/8000", new[] { 1 })] // same first
    [InlineData("tcp/7000,tcp/8000,tcp/9000", "tcp/8000,tcp/9000,tcp/9500", "tcp/7000,tcp/8000,tcp/9000,tcp/9500", new[] { 0, 1 })] // one begins in the other
    [InlineData("tcp/7000,tcp/8000", "tcp/8000,tcp/7000", "tcp/7000,tcp/8000,tcp/7000", new[] { 0, 1 })] // open and close
    [InlineData("tcp/7000,tcp/8000,tcp/9000", "udp/5555", "tcp/7000,udp/5555,tcp/8000,tcp/9000", new[] { 1, 0 })] // a knock at another door
    public void Doors_do_not_disturb_each_other(string first, string second, string knocked, int[] opened) =>
        Assert.Equal(opened, Watching(Door(first), Door(second)).KnockAll(Alice, knocked));

    [Fact]
    public void Clients_do_not_disturb_each_other()
    {
        var detector = Watching(Door("tcp/1,tcp/2,tcp/3"));
        var clients = Enumerable.Range(1, 200).SelectMany(i => new[] { Source($"192.0.2.{i}"), Source($"2001:db8::{i:x}") }).ToArray();
        foreach (var client in clients)
            Assert.Empty(detector.Knock(client, "tcp/1", 0));
        foreach (var client in clients.Reverse())
            Assert.Empty(detector.Knock(client, "tcp/2", 1));
        foreach (var client in clients.Where((_, i) => i % 3 == 0))
            detector.Knock(client, "tcp/3", 2);
        foreach (var client in clients.Where((_, i) => i % 3 == 1))
            Assert.Single(detector.Knock(client, "tcp/3", 3));
    }

    [Theory]
    [InlineData("syn,!ack", TcpFlags.Syn, 1)]
    [InlineData("syn,!ack", TcpFlags.Syn | TcpFlags.Ack, 0)]
    [InlineData("syn,!ack", TcpFlags.Syn | TcpFlags.Ece | TcpFlags.Cwr, 1)]
    [InlineData("syn,!ack", TcpFlags.Ack, 0)]
    [InlineData("fin,psh,urg", TcpFlags.Fin | TcpFlags.Psh | TcpFlags.Urg, 1)]
    [InlineData("!syn", TcpFlags.None, 1)]
    [InlineData("any", TcpFlags.Rst, 1)]
    public void Segments_with_other_flags_were_not_sent(string condition, TcpFlags flags, int opened)
    {
        var detector = Watching(Door("tcp/1,udp/2", flags: condition));
        detector.Knock(Alice, "tcp/1", 0, flags);
        Assert.Equal(opened, detector.Knock(Alice, "udp/2", 1).Length);
    }

    [Fact]
    public void An_answer_to_a_ping_is_no_knock()
    {
        var detector = Watching(Door("icmp"));
        Assert.Empty(detector.Observe(new PacketView { Source = Alice, Protocol = IpProtocol.Icmp, IsEchoRequest = false }, 0).ToArray());
        Assert.Single(detector.Observe(new PacketView { Source = Alice, Protocol = IpProtocol.IcmpV6, IsEchoRequest = true }, 0).ToArray());
    }
}
