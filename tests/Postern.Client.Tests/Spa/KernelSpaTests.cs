using System.Net;
using System.Net.Sockets;
using Postern.Client.Spa;
using Postern.Reports;
using Postern.Reports.Spa;
using Postern.Tests;

namespace Postern.Client.Tests.Spa;

/// <summary>What of an SPA knock really leaves, seen and opened at the other end of a cable.</summary>
public sealed class KernelSpaTests
{
    private static Task<KnockResult> Send(Street street, Knock knock) =>
        street.AtClient(() => Knocker.KnockAsync(knock, null, TestContext.Current.CancellationToken));

    [Theory(Timeout = 60_000)]
    [InlineData("udp/62201", 17, 17, 62_201)]
    [InlineData("icmp", 1, 58, 0)]
    [InlineData("tcp/443", 6, 6, 443)]
    public async Task Each_carrier_takes_one_request_to_each_family_in_copies_that_are_the_same(string carrier, byte protocol4, byte protocol6, ushort port)
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        street.Rules("tcp dport 443 drop;");
        using var capture = new RawCapture(street);
        var result = await Send(street, new([Street.Gate4, Street.Gate6], gateway.Knock(new(["ssh", "web"]) { Seconds = 600 }, carrier)));
        Assert.Equal(KnockOutcome.Sent, result.Outcome);

        await Task.Delay(1_500); // what the kernel would repeat, it repeats after a second
        var seen = capture.FromClient();
        var opened = new List<OpenedRequest>();
        foreach (var v6 in (bool[])[false, true])
        {
            var packets = seen.FindAll(p => p.IsV6 == v6);
            Assert.Equal(3, packets.Count);
            Assert.All(packets, p => Assert.Equal((v6 ? protocol6 : protocol4, port, protocol4 == 6 ? 2 : 0), (p.Protocol, p.Port, p.TcpFlags)));
            Assert.All(packets, p => Assert.Equal(packets[0].Payload, p.Payload));
            Assert.Equal(320, packets[0].Payload.Length);
            opened.Add(gateway.Open(packets[0].Payload));
        }

        Assert.NotEqual(opened[0].Time, opened[1].Time);
        var now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000;
        Assert.All(opened, o =>
        {
            Assert.True(o.IsSigned);
            Assert.Equal((false, gateway.Gate.Key.GateId, gateway.Signer.PublicKey.Hint, Address.None, 0, 600u, "ssh,web", ClientSystem.Linux),
                (o.Close, o.GateId, o.KeyHint, o.Address, o.SourcePort, o.Seconds, o.Services, o.System));
            Assert.NotEqual(0u, o.Device);
            Assert.Equal(opened[0].Device, o.Device);
            Assert.Empty(o.ReceiptKey);
            Assert.InRange(o.Time, now - 30_000_000_000, now + 1_000_000_000);
        });
        Assert.Equal(2, gateway.Signer.Signatures);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_syn_whose_port_is_open_or_refused_is_not_followed_by_data()
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        using var listener = street.Listen(443);
        using var capture = new RawCapture(street);
        foreach (var carrier in (string[])["tcp/443", "tcp/444"])
            await Send(street, new([Street.Gate4], gateway.Knock(new(["ssh"]), carrier)));
        await Task.Delay(1_500);

        var seen = capture.FromClient();
        Assert.Equal(6, seen.Count(p => p.TcpFlags == 2 && p.Payload.Length == 320));
        Assert.All(seen.Where(p => p.TcpFlags != 2), p => Assert.Equal((443, 4, 0), (p.Port, p.TcpFlags, p.Payload.Length))); // a listener that answers is told no
    }

    [Fact(Timeout = 60_000)]
    public async Task Later_rounds_ask_anew_over_the_next_carrier()
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        street.Rules("tcp dport { 22, 443 } drop;");
        using var capture = new RawCapture(street);
        var result = await Send(street, new([Street.Gate4], gateway.Knock(new(["ssh"]), "udp/62201", "icmp", "tcp/443")) { Ports = [22], Timeout = TimeSpan.FromSeconds(2.4) });

        Assert.Equal((KnockOutcome.NotDone, 3), (result.Outcome, result.Rounds));
        var rounds = capture.FromClient().FindAll(p => p.Payload.Length > 0).GroupBy(p => Convert.ToHexString(p.Payload), StringComparer.Ordinal).Select(g => g.ToList()).ToList();
        Assert.Equal([17, 1, 6], rounds.Select(r => (int)r[0].Protocol));
        Assert.All(rounds, r => Assert.Equal(3, r.Count));
        var times = rounds.ConvertAll(r => gateway.Open(r[0].Payload).Time);
        Assert.Equal(times.Order(), times);
        Assert.Equal(3, times.Distinct().Count());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_carrier_that_this_host_cannot_use_is_passed_over_and_one_alone_is_a_clear_error()
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        street.Client.Run("sysctl", "-w", "net.ipv4.tcp_fastopen=0");
        using var capture = new RawCapture(street);
        await Send(street, new([Street.Gate4], gateway.Knock(new(["ssh"]), "tcp/443", "udp/62201")));
        Assert.All(capture.FromClient(), p => Assert.Equal(17, p.Protocol));

        var failure = await Assert.ThrowsAsync<KnockException>(() => Send(street, new([Street.Gate4], gateway.Knock(new(["ssh"]), "tcp/443"))));
        Assert.Equal(KnockFault.Unsupported, failure.Fault);
        Assert.Contains("--carrier udp", failure.Hint, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Close_source_port_and_address_are_in_the_request()
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        using var capture = new RawCapture(street);
        var scribe = new SpaScribe(gateway.Gate, new(["ssh"]) { Close = true }, gateway.Signer, gateway.Device);
        await Send(street, new([Street.Gate4], new SpaKnock(scribe, SpaGateway.Parse("udp/7"))
        {
            SourcePortFor = _ => 40_000,
            AddressFor = (_, _) => Task.FromResult(Address.From(IPAddress.Parse("2001:db8::7"))),
        }));

        var opened = gateway.Open(capture.FromClient()[0].Payload);
        Assert.Equal((true, (ushort)40_000, "2001:db8::7", 0u), (opened.Close, opened.SourcePort, opened.Address.ToString(), opened.Seconds));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_service_is_seen_to_open_after_the_first_copy()
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        street.Rules("udp dport 62201 add @open { ip saddr timeout 20s }; tcp dport 22 ip saddr @open accept; tcp dport 22 drop;");
        using var ssh = street.Listen(22);
        var result = await Send(street, new([Street.Gate4], gateway.Knock(new(["ssh"]), "udp/62201")) { Ports = [22] });

        Assert.Equal((KnockOutcome.Done, 1), (result.Outcome, result.Rounds));
    }

    [Theory(Timeout = 60_000)]
    [InlineData(ReceiptOutcome.Granted, KnockOutcome.Done)]
    [InlineData(ReceiptOutcome.Refused, KnockOutcome.Refused)]
    public async Task What_the_gate_answers_ends_the_knock(ReceiptOutcome outcome, KnockOutcome expected)
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        using var socket = street.Gate.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(IPAddress.Any, 62_201));
        var answering = Task.Run(async () =>
        {
            var buffer = new byte[1500];
            var come = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), TestContext.Current.CancellationToken);
            var request = gateway.Open(buffer.AsMemory(0, come.ReceivedBytes));
            Assert.Equal(32, request.ReceiptKey.Length);
            var receipt = new Receipt(outcome, request.Time, request.Time + 240_000_000_000, Address.From(IPAddress.Parse(NetworkNamespace.Left4)))
            {
                SecondsLeft = outcome == ReceiptOutcome.Granted ? 30u : 0,
                Word = outcome == ReceiptOutcome.Refused ? "too-late" : "",
            };
            var stale = receipt with { RequestTime = request.Time - 1 };
            await socket.SendToAsync(new byte[240], come.RemoteEndPoint); // noise, and the answer to another, are not taken
            await socket.SendToAsync(gateway.Answer(request, stale), come.RemoteEndPoint);
            await socket.SendToAsync(gateway.Answer(request, receipt), come.RemoteEndPoint);
        });
        var result = await Send(street, new([Street.Gate4], gateway.Knock(new(["vpn"]) { Receipt = true }, "udp/62201")));
        await answering;

        Assert.Equal((expected, 1), (result.Outcome, result.Rounds));
        Assert.Equal(outcome, result.Receipt!.Outcome);
        Assert.Equal(outcome == ReceiptOutcome.Refused ? "too-late" : "", result.Receipt.Word);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_refusal_ends_the_watching_too()
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        street.Rules("tcp dport 22 drop;");
        using var socket = street.Gate.Enter(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(IPAddress.Any, 62_201));
        var answering = Task.Run(async () =>
        {
            var buffer = new byte[1500];
            var come = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), TestContext.Current.CancellationToken);
            var request = gateway.Open(buffer.AsMemory(0, come.ReceivedBytes));
            await socket.SendToAsync(gateway.Answer(request, new(ReceiptOutcome.Refused, request.Time, request.Time, Address.None) { Word = "outside-hours" }), come.RemoteEndPoint);
        });
        var result = await Send(street, new([Street.Gate4], gateway.Knock(new(["ssh"]) { Receipt = true }, "udp/62201")) { Ports = [22], Timeout = TimeSpan.FromSeconds(40) });
        await answering;

        Assert.Equal((KnockOutcome.Refused, 1), (result.Outcome, result.Rounds));
    }

    [Fact(Timeout = 60_000)]
    public async Task Where_a_receipt_is_asked_for_and_none_comes_it_asks_again()
    {
        using var street = new Street();
        using var gateway = new SpaGateway();
        using var capture = new RawCapture(street);
        var result = await Send(street, new([Street.Gate4], gateway.Knock(new(["vpn"]) { Receipt = true }, "udp/62201")) { Timeout = TimeSpan.FromSeconds(1) });

        Assert.Equal((KnockOutcome.NotDone, 2), (result.Outcome, result.Rounds));
        var keys = capture.FromClient().Select(p => gateway.Open(p.Payload)).DistinctBy(o => o.Time).Select(o => Convert.ToHexString(o.ReceiptKey)).ToList();
        Assert.Equal(2, keys.Distinct(StringComparer.Ordinal).Count());
    }
}
