using System.Collections.Immutable;
using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Postern.Knocks.Sequences;

namespace Postern.Client.Tests;

public sealed class PropertyScheduleTests
{
    private static Knock KnockOf(int steps, TimeSpan timeout, TimeSpan? gap = null) =>
        new([IPAddress.Loopback], [.. Enumerable.Repeat(new KnockStep(StepKind.Udp, 1, 9), steps)]) { Ports = [22], Timeout = timeout, Gap = gap };

    [Fact]
    public void The_usual_knock_is_sent_at_these_times()
    {
        var rounds = KnockSchedule.Rounds(KnockOf(3, TimeSpan.FromSeconds(15))).Select(r => (r.Start.TotalMilliseconds, r.Gap.TotalMilliseconds));
        Assert.Equal([(0, 1), (500, 20), (1_200, 100), (2_500, 250), (5_000, 250), (10_000, 250)], rounds);
    }

    [Fact]
    public void What_cannot_be_watched_is_sent_once() => Assert.Single(KnockSchedule.Rounds(KnockOf(3, TimeSpan.FromSeconds(15)) with { Ports = [] }));

    [Fact]
    public void Rounds_never_overlap_and_fit_the_time() => Check.QuickThrowOnFailure(Prop.ForAll(
        Gen.Choose(1, 40).ToArbitrary(), Gen.Choose(1, 120_000).ToArbitrary(), Gen.Choose(-3_000, 3_000).ToArbitrary(), (steps, timeout, gap) =>
        {
            var knock = KnockOf(steps, TimeSpan.FromMilliseconds(timeout), gap < 0 ? null : TimeSpan.FromMilliseconds(gap));
            var rounds = KnockSchedule.Rounds(knock).ToList();
            return rounds[0].Start == TimeSpan.Zero
                && rounds.Zip(rounds.Skip(1)).All(pair => pair.Second.Start >= pair.First.Start + (pair.First.Gap * (steps - 1)) + TimeSpan.FromMilliseconds(300))
                && rounds.Skip(1).All(r => r.Start + (r.Gap * (steps - 1)) < knock.Timeout)
                && rounds.TrueForAll(r => gap >= 0 || r.Gap * (steps - 1) <= TimeSpan.FromSeconds(5))
                && rounds.TrueForAll(r => gap < 0 || r.Gap == knock.Gap);
        }));

    [Fact]
    public void Probes_are_dense_at_first_and_never_stop()
    {
        Assert.Equal([1, 2, 5, 10, 20, 50, 100, 200, 400, 800, 1_200], Enumerable.Range(0, 11).Select(n => (int)ProbeSchedule.At(n).TotalMilliseconds));
    }

    [Fact]
    public void The_writer_writes_what_the_steps_match() => Check.QuickThrowOnFailure(Prop.ForAll(
        Gen.Choose(0, 2).Zip(Gen.Choose(1, 65_535)).Zip(Gen.Choose(1, 65_535)).Select(t => (Kind: (StepKind)t.Item1.Item1, A: t.Item1.Item2, B: t.Item2)).ListOf().ToArbitrary(),
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        (drawn, chance) =>
        {
            var steps = drawn.Select(d => new KnockStep(d.Kind, (ushort)Math.Min(d.A, d.B), (ushort)Math.Max(d.A, d.B))).Append(KnockStep.AnyEcho).ToImmutableArray();
            var packets = SequenceWriter.Write(steps.AsSpan(), TimeSpan.FromMilliseconds(7), width => chance % width);
            return packets.Length == steps.Length
                && steps.Zip(packets).All(pair => pair.First.Matches(pair.Second.Kind, pair.Second.Value))
                && packets.Select((p, i) => p.Wait.TotalMilliseconds == (i == 0 ? 0 : 7)).All(fine => fine);
        }));

    [Theory]
    [InlineData(0, 8000)]
    [InlineData(10, 8010)]
    public void Every_port_of_a_run_can_be_chosen(int choice, ushort expected)
    {
        KnockStep[] steps = [new(StepKind.Udp, 8000, 8010)];
        Assert.Equal(expected, SequenceWriter.Write(steps, default, width => width == 11 ? choice : -1)[0].Value);
    }

    [Theory]
    [InlineData("192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2", AddressChoice.Both, "192.0.2.1 2001:db8::1")]
    [InlineData("2001:db8::1 192.0.2.1", AddressChoice.Both, "2001:db8::1 192.0.2.1")]
    [InlineData("2001:db8::1 192.0.2.1", AddressChoice.IPv4, "192.0.2.1")]
    [InlineData("2001:db8::1 192.0.2.1", AddressChoice.IPv6, "2001:db8::1")]
    [InlineData("::ffff:192.0.2.1", AddressChoice.Both, "192.0.2.1")]
    [InlineData("192.0.2.1", AddressChoice.IPv6, "")]
    public void One_address_of_each_family_is_taken(string all, AddressChoice choice, string expected) =>
        Assert.Equal(expected, string.Join(' ', HostAddresses.Choose(all.Split(' ').Select(IPAddress.Parse), choice)));

    [Fact]
    public void The_checksum_is_rfc_1071s() =>
        Assert.Equal(0xddf2, (ushort)~EchoRequest.Checksum([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])); // RFC 1071 §3, its own example
}
