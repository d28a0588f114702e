using System.Net;
using System.Text;
using Postern.Client.Fwknop;
using Postern.Keys.Fwknop;
using Postern.Knocks.Sequences;
using Postern.Reports;

namespace Postern.Client.Tests.Fwknop;

/// <summary>A knock at fwknop before it is sent: no packet twice, nothing that a server would drop, nothing that fwknop does not know.</summary>
public sealed class FwknopKnockTests
{
    private static readonly IPAddress Server = IPAddress.Parse("192.0.2.1");

    [Fact]
    public async Task Every_round_is_a_packet_of_its_own()
    {
        var knock = Knock(FwknopPath.Usual);
        var packets = new HashSet<string>(StringComparer.Ordinal);
        for (var round = 0; round < 20; round++)
        {
            using var letter = await knock.WriteAsync(Server, new(round, TimeSpan.Zero, TimeSpan.Zero), TestContext.Current.CancellationToken);
            var message = Assert.Single(letter.Messages);
            Assert.False(message.IsCopy);
            Assert.True(packets.Add(Encoding.ASCII.GetString(message.Payload.Span)));
        }

        Assert.Equal(packets.Count, packets.Select(p => p[..12]).Distinct(StringComparer.Ordinal).Count()); // the salt too
    }

    [Theory]
    [InlineData(FwknopTransport.Udp, StepKind.Udp, false)]
    [InlineData(FwknopTransport.UdpRaw, StepKind.Udp, false)]
    [InlineData(FwknopTransport.Tcp, StepKind.Tcp, true)]
    [InlineData(FwknopTransport.Http, StepKind.Tcp, true)]
    public async Task Each_transport_has_its_shape(FwknopTransport transport, StepKind kind, bool isStream)
    {
        using var letter = await Knock(new(transport, 8080)).WriteAsync(Server, default, TestContext.Current.CancellationToken);
        Assert.Equal((kind, (ushort)8080, isStream), (letter.Messages[0].Packet.Kind, letter.Messages[0].Packet.Value, letter.Messages[0].IsStream));
        Assert.Equal(transport == FwknopTransport.Http, Encoding.ASCII.GetString(letter.Messages[0].Payload.Span).StartsWith("GET /", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_server_would_drop_is_not_sent()
    {
        await Knock(FwknopPath.Usual, 11).WriteAsync(Server, default, TestContext.Current.CancellationToken);
        var fault = await Assert.ThrowsAsync<KnockException>(() => Knock(FwknopPath.Usual, 12).WriteAsync(Server, default, TestContext.Current.CancellationToken));
        Assert.Equal(KnockFault.Unsupported, fault.Fault);
        Assert.Contains("no more than 399", fault.Message, StringComparison.Ordinal);
        Assert.Contains("fewer ports", fault.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task IPv6_is_refused_with_the_mend()
    {
        var fault = await Assert.ThrowsAsync<KnockException>(() => Knock(FwknopPath.Usual).WriteAsync(IPAddress.IPv6Loopback, default, TestContext.Current.CancellationToken));
        Assert.Equal(KnockFault.Unsupported, fault.Fault);
    }

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("172.31.255.255", true)]
    [InlineData("172.32.0.0", false)]
    [InlineData("172.15.255.255", false)]
    [InlineData("100.64.0.1", true)]
    [InlineData("198.51.100.7", false)]
    public void Private_addresses_are_known(string address, bool isPrivate) => Assert.Equal(isPrivate, OwnAddress.IsPrivate(IPAddress.Parse(address)));

    private static FwknopKnock Knock(FwknopPath path, int ports = 1)
    {
        var wish = new FwknopWish { Access = [.. Enumerable.Range(0, ports).Select(i => new PortRange(Transport.Tcp, (ushort)(10_000 + i)))], User = "alice" };
        var scribe = new FwknopScribe(wish, FwknopCipherKey.From("a key"u8), FwknopMode.Cbc, FwknopMacKey.From("an hmac key"u8, FwknopDigest.Sha256));
        return new(scribe, path) { AddressFor = (_, _) => Task.FromResult(Address.From(IPAddress.Parse("192.168.100.200"))) };
    }
}
