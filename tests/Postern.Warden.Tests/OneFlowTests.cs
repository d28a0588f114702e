using System.Collections.Immutable;
using Postern.Reports;
using Postern.Reports.Tokens;

namespace Postern.Warden.Tests;

/// <summary>A connection that carries its token: it alone is let in.</summary>
public sealed class OneFlowTests
{
    private static readonly Address Sender = Address.FromV4(0xc0000201); // 192.0.2.1

    private readonly NotePad _kernel = new();
    private readonly Warden _warden;
    private readonly Moment _now = new(TimeSpan.FromHours(1), new(2026, 11, 20, 12, 0, 10, TimeSpan.Zero));

    public OneFlowTests()
    {
        ImmutableArray<Service> services = [new("ssh", [new(Transport.Tcp, 22)]), new("web", [new(Transport.Tcp, 80), new(Transport.Tcp, 443)]) { OpenFor = TimeSpan.FromSeconds(5) }];
        _warden = new(_kernel, new Lines(), new MemoryLedger());
        _warden.Apply(new(services, []) { Tokens = [new("in", TokenMethod.Syn, new(1, 2)) { Opens = ["ssh", "web"], OneFlow = true, Period = TimeSpan.FromSeconds(30) }] }, new([], []), _now);
    }

    [Fact]
    public void The_service_at_its_port_opens_to_its_source_port_until_the_segment_has_come_again()
    {
        Assert.Equal(Refusal.None, Handle(22, 1));
        Assert.Equal(Refusal.None, Handle(443, 2));
        Assert.Equal(["+ssh 192.0.2.1:40000 10", "+web 192.0.2.1:40000 5"], _kernel.Notes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(23)]
    public void Where_no_service_of_the_knock_is_nothing_opens(ushort port)
    {
        Assert.Equal(Refusal.ServiceNotAllowed, Handle(port, 1));
        Assert.Empty(_kernel.Notes);
    }

    [Fact]
    public void A_token_that_was_used_at_one_port_is_used_at_all()
    {
        Assert.Equal(Refusal.None, Handle(22, 1));
        Assert.Equal(Refusal.Replayed, Handle(443, 1));
    }

    /// <summary>A grant to port 0 would be one to all of them.</summary>
    [Fact]
    public void Without_a_source_port_there_is_no_flow()
    {
        Assert.Equal(Refusal.SourcePortRequired, Handle(22, 1, from: 0));
        Assert.Empty(_kernel.Notes);
    }

    private Refusal Handle(ushort port, ulong number, ushort from = 40_000)
    {
        var bytes = new byte[TokenRequest.Size];
        new TokenRequest(TokenMethod.Syn, (ulong)(_now.Wall.ToUnixTimeSeconds() / 30 * 30)) { Number = number }.Write(bytes);
        return _warden.Handle(new(ReportKind.Token, _warden.Generation, 0, from, Sender, default, 1) { Request = bytes, TcpPort = port }, _now).Refusal;
    }
}
