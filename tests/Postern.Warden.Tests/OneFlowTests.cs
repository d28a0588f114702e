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

    private static WardenOptions Options()
    {
        ImmutableArray<Service> services = [new("ssh", [new(Transport.Tcp, 22)]), new("web", [new(Transport.Tcp, 80), new(Transport.Tcp, 443)]) { OpenFor = TimeSpan.FromSeconds(5) }];
        return new(services, []) { Tokens = [new("in", TokenMethod.Syn, new(1, 2)) { Opens = ["ssh", "web"], OneFlow = true, Period = TimeSpan.FromSeconds(30) }] };
    }

    public OneFlowTests()
    {
        _warden = new(_kernel, new Lines(), new MemoryLedger());
        _warden.Apply(Options(), new([], []), _now);
    }

    [Fact]
    public void The_service_at_its_port_opens_to_its_source_port_until_the_segment_has_come_again()
    {
        Assert.Equal(Refusal.None, Handle(22, 1));
        Assert.Equal(Refusal.None, Handle(443, 2));
        Assert.Equal(["+ssh 192.0.2.1:40000 10", "+web 192.0.2.1:40000 5"], _kernel.Notes);
    }

    [Fact]
    public void Of_several_ports_of_the_service_only_the_one_it_goes_to_opens_and_is_put_back()
    {
        Handle(443, 1);
        Assert.Equal("tcp/443", _kernel.Ports);
        Assert.Equal(new PortRange(Transport.Tcp, 443), Assert.Single(Assert.Single(_warden.Grants).Ports));
        Handle(80, 2);
        Assert.Equal("tcp/80", _kernel.Ports);
        Assert.Equal(2, _warden.GrantCount);

        _kernel.InPlace = false; // somebody has emptied the kernel
        Assert.Equal(2, _warden.Apply(Options(), new([], []), _now));
        Assert.True(_kernel.Ports is "tcp/80" or "tcp/443");
        Assert.All(_warden.Grants, grant => Assert.Single(grant.Ports));
        Assert.Equal(Refusal.None, _warden.Revoke("web", Sender));
        Assert.Equal(0, _warden.GrantCount);
    }

    /// <summary>What a warden finds in the kernel, which another has left there.</summary>
    [Fact]
    public void What_stands_for_one_port_is_taken_over_for_that_port()
    {
        _kernel.Standing = [new("web", new(Sender, 40_000), TimeSpan.FromSeconds(4)) { Only = new(Transport.Tcp, 443) }];
        _warden.Apply(Options(), new([], []), _now);
        Assert.Equal("tcp/443", string.Join(' ', Assert.Single(_warden.Grants).Ports));
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
