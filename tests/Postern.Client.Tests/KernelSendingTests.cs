using System.Net;
using Postern.Knocks.Sequences;
using Postern.Tests;

namespace Postern.Client.Tests;

/// <summary>What really leaves: asked of the kernel's own packets, at the other end of a cable.</summary>
public sealed class KernelSendingTests
{
    private static Task<KnockResult> Send(Street street, Knock knock) =>
        street.AtClient(() => Knocker.KnockAsync(knock, null, TestContext.Current.CancellationToken));

    [Theory(Timeout = 30_000)]
    [InlineData("drop")]
    [InlineData("reject with tcp reset")]
    [InlineData("accept")]
    public async Task A_tcp_step_is_one_syn_and_nothing_follows(string verdict)
    {
        using var street = new Street();
        street.Rules($"tcp dport 7000-7002 {verdict};");
        using var listener = street.Listen(7001);
        using var capture = new Capture(street.Gate);
        await Send(street, new([Street.Gate4, Street.Gate6], Street.Steps("tcp/7000,tcp/7001,tcp/7002")));

        await Task.Delay(2_500); // a SYN that nobody answers is repeated after 1 s
        var seen = capture.FromClient();
        foreach (var v6 in (bool[])[false, true])
            Assert.Equal("tcp/7000 S, tcp/7001 S, tcp/7002 S", Capture.Text(seen.Where(p => p.IsV6 == v6 && p.What.EndsWith(" S", StringComparison.Ordinal))));
        var others = seen.Where(p => !p.What.EndsWith(" S", StringComparison.Ordinal)).Select(p => p.What);
        if (verdict == "accept")
            Assert.All(others, what => Assert.Matches(@"^tcp/7001 (\.|R\.?)$", what)); // somebody listened and had answered: a reset takes it back
        else
            Assert.Empty(others);
    }

    [Fact(Timeout = 30_000)]
    public async Task Every_packet_is_of_a_fresh_source_port_and_in_order_with_its_gap()
    {
        using var street = new Street();
        street.Rules("meta l4proto { tcp, udp } drop;");
        using var capture = new Capture(street.Gate);
        var before = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1e3;
        await Send(street, new([Street.Gate4], Street.Steps("udp/8000,tcp/7000,icmp/120,udp/8000,tcp/7000,icmp/0")) { Gap = TimeSpan.FromMilliseconds(60) });

        var seen = capture.FromClient();
        Assert.Equal("udp/8000 1, tcp/7000 S, icmp/120, udp/8000 1, tcp/7000 S, icmp/0", Capture.Text(seen));
        Assert.Equal(4, seen.Where(p => !p.What.StartsWith("icmp", StringComparison.Ordinal)).Select(p => p.Source).Distinct(StringComparer.Ordinal).Count());

        // Each as many gaps after the start as there are packets before it. Between two of them it may be less: a busy machine delays the one and not the other.
        Assert.All(seen.Index(), packet => Assert.True(packet.Item.Time - before >= (packet.Index * 0.060) - 0.002, $"packet {packet.Index} after {packet.Item.Time - before:0.000} s"));
    }

    [Fact(Timeout = 30_000)]
    public async Task Both_families_carry_the_same_knock_at_the_same_time()
    {
        using var street = new Street();
        street.Rules("meta l4proto { tcp, udp } drop;");
        using var capture = new Capture(street.Gate);
        await Send(street, new([Street.Gate4, Street.Gate6], Street.Steps("udp/8000,icmp/33,tcp/7000,icmp")));

        var seen = capture.FromClient();
        Assert.Equal("udp/8000 1, icmp/33, tcp/7000 S, icmp/56", Capture.Text(seen.Where(p => !p.IsV6)));
        Assert.Equal("udp/8000 1, icmp/33, tcp/7000 S, icmp/56", Capture.Text(seen.Where(p => p.IsV6)));
    }

    [Fact(Timeout = 30_000)]
    public async Task A_gate_answers_our_echo_requests_as_it_answers_ping()
    {
        using var street = new Street();
        using var capture = new Capture(street.Gate);
        await Send(street, new([Street.Gate4, Street.Gate6], Street.Steps("icmp/1,icmp/1399")));

        // The kernel only answers what has a right checksum.
        Assert.Equal(4, capture.All().Count(p => !p.FromClient && p.What.Contains("echo reply", StringComparison.Ordinal)));
    }

    [Fact(Timeout = 30_000)]
    public async Task A_run_of_ports_is_rolled_anew_and_all_of_it_comes_up()
    {
        using var street = new Street();
        street.Rules("meta l4proto { tcp, udp } drop;");
        using var capture = new Capture(street.Gate);
        await Send(street, new([Street.Gate4], [.. Enumerable.Repeat(Street.Steps("udp/8000-8003")[0], 120)]) { Gap = TimeSpan.FromTicks(1) });

        Assert.Equal("udp/8000 1, udp/8001 1, udp/8002 1, udp/8003 1", Capture.Text(capture.FromClient().DistinctBy(p => p.What, StringComparer.Ordinal).OrderBy(p => p.What, StringComparer.Ordinal)));
    }

    [Fact(Timeout = 30_000)]
    public async Task A_link_local_address_is_knocked_at_through_its_interface()
    {
        using var street = new Street();
        street.Rules("meta l4proto { tcp, udp } drop;");
        var local = street.Gate.Run("ip", "-6", "-o", "address", "show", "dev", NetworkNamespace.Interface, "scope", "link").Split(' ', '/').First(w => w.StartsWith("fe80", StringComparison.Ordinal));
        street.Client.Run("ping", "-q", "-i", "0.1", "-c", "1", "-w", "20", $"{local}%{NetworkNamespace.Interface}"); // both ends check such addresses for duplicates first
        using var capture = new Capture(street.Gate);
        await street.AtClient(async () =>
        {
            var targets = await HostAddresses.ResolveAsync($"{local}%{NetworkNamespace.Interface}", AddressChoice.Both, TestContext.Current.CancellationToken);
            return await Knocker.KnockAsync(new(targets, Street.Steps("udp/8000,tcp/7000")), null, TestContext.Current.CancellationToken);
        });

        Assert.Equal("udp/8000 1, tcp/7000 S", Capture.Text(capture.All().Where(p => p.IsV6 && (p.What.StartsWith("udp/", StringComparison.Ordinal) || p.What.EndsWith(" S", StringComparison.Ordinal)))));
    }

    [Fact(Timeout = 30_000)]
    public async Task Where_no_way_leads_it_says_so_and_the_other_family_goes_on()
    {
        using var street = new Street();
        var nowhere = IPAddress.Parse("2001:db8::1");
        var failure = await Assert.ThrowsAsync<KnockException>(() => Send(street, new([nowhere], Street.Steps("tcp/7000"))));
        Assert.Equal(KnockFault.Unreachable, failure.Fault);
        Assert.Contains("-4", failure.Hint, StringComparison.Ordinal);

        var result = await Send(street, new([nowhere, Street.Gate4], Street.Steps("tcp/7000")));
        Assert.Equal(KnockOutcome.Sent, result.Outcome);
        Assert.Equal(Street.Gate4, result.Target);
    }
}
