using System.Collections.Immutable;
using Postern.Reports;
using Postern.Reports.Errands;
using Postern.Reports.Tokens;

namespace Postern.Warden.Tests;

/// <summary>What rides along with a knock, to the command of an action: all that is asked for takes it, or none of it.</summary>
public sealed class DataTests
{
    private static readonly Service Ssh = new("ssh", [new(Transport.Tcp, 22)]);
    private static readonly Service Wake = new("wake", []) { OpenFor = TimeSpan.FromSeconds(60), Action = new(7, HasUndo: true) { TakesData = true } };
    private static readonly Service Ring = new("ring", []) { Action = new(8, HasUndo: false) { TakesData = true } };
    private static readonly Service Plain = new("plain", []) { Action = new(9, HasUndo: false) };

    private readonly OrderPad _steward = new();
    private readonly SpaHouse _house;

    public DataTests()
    {
        _house = new(errands: _steward)
        {
            Options = new([Ssh, Wake, Ring, Plain], [new("up", ["wake"], []), new("bell", ["ring"], [])])
            {
                Tokens =
                [
                    new("one", TokenMethod.Ports, new(1, 0)) { Opens = ["wake"], MaxAge = TimeSpan.FromSeconds(60) },
                    new("mixed", TokenMethod.Ports, new(2, 0)) { Opens = ["wake", "ssh"], MaxAge = TimeSpan.FromSeconds(60) },
                    new("shut", TokenMethod.Ports, new(3, 0)) { Closes = ["wake"], MaxAge = TimeSpan.FromSeconds(60) },
                ],
            },
        };
        _house.Apply();
        _house.Pass(1);
    }

    private Refusal Ask(string data, params string[] services)
    {
        _house.Pass(0.001);
        return _house.Ask(_house.Request(services) with { Data = data });
    }

    private Refusal Token(string? data, int door = 0, string? service = null)
    {
        _house.Pass(0.001);
        var bytes = new byte[TokenRequest.Size];
        new TokenRequest(TokenMethod.Ports, (ulong)_house.Now.Wall.ToUnixTimeSeconds()) { Number = _house.Time, Data = data, Service = service is null ? (ushort)0 : TokenRequest.CodeOf(service) }.Write(bytes);
        return _house.Warden.Handle(new(ReportKind.Token, _house.Warden.Generation, door, 4000, SpaHouse.Home, SpaHouse.Elsewhere, 1) { Request = bytes }, _house.Now).Refusal;
    }

    [Fact]
    public void It_goes_to_the_steward_and_into_the_audit_and_stays_with_the_grant()
    {
        Assert.Equal(Refusal.None, Ask("nas-2", "wake"));
        Assert.Equal("nas-2", Assert.Single(_steward.Orders).Data);
        Assert.Equal("nas-2", _house.Audit.Entries[^1].Data);
        Assert.Equal("nas-2", Assert.Single(_house.Warden.Grants).Data);
        _house.Pass(61);
        _house.Warden.EndGrants(_house.Now);
        Assert.Equal((AuditEvent.Ended, "nas-2"), (_house.Audit.Entries[^1].What, _house.Audit.Entries[^1].Data));
        Assert.Equal(Refusal.None, Token("nas-3"));
        Assert.Equal("nas-3", _steward.Orders[^1].Data);
    }

    [Fact]
    public void With_the_same_it_is_extended_and_with_another_refused()
    {
        Assert.Equal(Refusal.None, Ask("nas", "wake"));
        Assert.Equal(Refusal.None, Ask("nas", "wake"));
        Assert.Equal([(ErrandOrderKind.Run, "nas"), (ErrandOrderKind.Extend, "")], _steward.Orders.Select(o => (o.Kind, o.Data)));
        Assert.Equal(Refusal.TooManyActions, Ask("tv", "wake"));
        Assert.Equal(2, _steward.Orders.Count);

        // So it is after another warden has taken over.
        var next = new Warden(new NotePad(), _house.Audit, _house.Ledger, _steward);
        next.Apply(_house.Options with { Spa = _house.Spa }, new([], []), _house.Now);
        next.Hear(new(ErrandNoteKind.Standing, "wake", SpaHouse.Home, 0) { Until = _house.Now.Uptime + TimeSpan.FromSeconds(30), Data = "nas" }, _house.Now);
        _house.Pass(1);
        var report = _house.ReportOf(SpaHouse.Sign(_house.Request("wake") with { Data = "tv" })) with { Generation = next.Generation };
        Assert.Equal(Refusal.TooManyActions, next.Handle(report, _house.Now).Refusal);
        _house.Pass(1);
        report = _house.ReportOf(SpaHouse.Sign(_house.Request("wake") with { Data = "nas" })) with { Generation = next.Generation };
        Assert.Equal(Refusal.None, next.Handle(report, _house.Now).Refusal);
        Assert.Equal(ErrandOrderKind.Extend, _steward.Orders[^1].Kind);
    }

    [Theory]
    [InlineData("", new[] { "wake" }, Refusal.DataMissing)]
    [InlineData("", new[] { "ring", "ssh" }, Refusal.DataMissing)]
    [InlineData("x", new[] { "ssh" }, Refusal.DataNotTaken)]
    [InlineData("x", new[] { "plain" }, Refusal.DataNotTaken)]
    [InlineData("x", new[] { "wake", "ssh" }, Refusal.DataNotTaken)]
    [InlineData("x", new[] { "wake", "ring" }, Refusal.None)]
    [InlineData("", new[] { "plain", "ssh" }, Refusal.None)]
    public void A_request_is_refused_whole_and_leaves_no_mark(string data, string[] services, Refusal expected)
    {
        var request = _house.Request(services) with { Data = data };
        var whole = SpaHouse.Sign(request);
        Assert.Equal(expected, _house.Send(whole).Refusal);
        Assert.Equal(expected == Refusal.None, _steward.Orders.Count > 0 || services.Contains("ssh") && expected == Refusal.None);
        Assert.Equal(expected == Refusal.None ? Refusal.Replayed : expected, _house.Send(whole).Refusal);
    }

    [Fact]
    public void A_token_is_refused_whole_too()
    {
        Assert.Equal(Refusal.DataMissing, Token(null));
        Assert.Equal(Refusal.DataNotTaken, Token("x", door: 1));
        Assert.Equal(Refusal.DataMissing, Token(null, door: 1));
        Assert.Equal(Refusal.None, Token("x", door: 1, service: "wake"));
        Assert.Equal(Refusal.None, Token(null, door: 1, service: "ssh"));
        Assert.Equal(Refusal.DataNotTaken, Token("x", door: 2));
        Assert.Equal(Refusal.None, Token(null, door: 2));
    }

    [Fact]
    public void A_sequence_and_an_operator_cannot_say_it()
    {
        Assert.Equal(Refusal.DataMissing, _house.Knock(0, SpaHouse.Home));
        Assert.Equal(Refusal.DataMissing, _house.Knock(1, SpaHouse.Home));
        Assert.Equal(Refusal.DataMissing, _house.Warden.Grant("wake", SpaHouse.Home, null, _house.Now));
        Assert.Empty(_steward.Orders);
    }
}
