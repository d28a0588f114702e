using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Warden.Tests;

/// <summary>Spec §9: who may be answered, and what is to be told.</summary>
public sealed class SpaReceiptTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    private readonly SpaHouse _house = new();

    private SpaRequest Request(params string[] services) => _house.Request(services) with { ReceiptKey = [.. Key] };

    [Fact]
    public void What_was_granted_until_when()
    {
        var verdict = _house.AskFor(Request("ssh", "web"));
        Assert.True(verdict.ReceiptDue);
        Assert.Equal(Key, verdict.ReceiptKey.ToArray());
        Assert.Equal(
            [new ServiceOutcome("ssh", Refusal.None, _house.Now.Wall.AddSeconds(30)), new("web", Refusal.None, _house.Now.Wall.AddSeconds(60))],
            verdict.Outcomes);
    }

    [Fact]
    public void Who_asks_for_none_gets_none() => Assert.False(_house.AskFor(_house.Request()).ReceiptDue);

    [Fact]
    public void A_copy_is_not_answered_nor_is_one_that_is_late_and_was_accepted()
    {
        var request = SpaHouse.Sign(Request());
        Assert.True(_house.Send(request).ReceiptDue);
        Assert.False(_house.Send(request).ReceiptDue);
        _house.Pass(3600);
        Assert.Equal(new Verdict(Refusal.TooLate), _house.Send(request));
    }

    [Fact]
    public void A_clock_that_is_off_is_told()
    {
        Assert.True(_house.AskFor(Request() with { Time = _house.Time - 100_000_000_000 }) is { Refusal: Refusal.TooLate, ReceiptDue: true });
        Assert.True(_house.AskFor(Request() with { Time = _house.Time + 100_000_000_000 }) is { Refusal: Refusal.TooEarly, ReceiptDue: true });
    }

    [Fact]
    public void Who_is_not_known_learns_nothing()
    {
        Assert.False(_house.AskFor(Request() with { KeyHint = 5 }).ReceiptDue);
        Assert.False(_house.Send(SpaHouse.Sign(Request(), TestKeys.Bob)).ReceiptDue);
        Assert.False(_house.AskFor(Request() with { GateId = 5 }).ReceiptDue);
    }

    [Fact]
    public void A_revoked_key_learns_nothing_and_an_expired_one_why()
    {
        _house.Warden.Renew(_house.Spa with { Identities = [SpaHouse.Alice with { Revoked = true }] }, _house.Now);
        Assert.Equal(new Verdict(Refusal.KeyRevoked), _house.AskFor(Request()));
        _house.Warden.Renew(_house.Spa with { Identities = [SpaHouse.Alice with { Expires = _house.Now.Wall }] }, _house.Now);
        Assert.True(_house.AskFor(Request()) is { Refusal: Refusal.KeyExpired, ReceiptDue: true });
    }

    [Fact]
    public void What_the_kernel_or_the_ledger_did_not_take_is_told()
    {
        _house.Ledger.Fails = true;
        Assert.True(_house.AskFor(Request()) is { Refusal: Refusal.NotRemembered, ReceiptDue: true });
        _house.Ledger.Fails = false;
        _house.Kernel.Fails = 12;
        var second = Request("ssh", "web");
        var verdict = _house.AskFor(second with { Time = second.Time + 1 });
        Assert.True(verdict.ReceiptDue);
        Assert.All(verdict.Outcomes, o => Assert.Equal((Refusal.FirewallFailed, null), (o.Refusal, o.Until)));
    }

    [Fact]
    public void One_request_is_answered_once_however_often_it_is_sealed_anew()
    {
        _house.Ledger.Fails = true;
        Assert.True(_house.AskFor(Request()).ReceiptDue);
        Assert.False(_house.AskFor(Request()).ReceiptDue);
        Assert.True(_house.AskFor(Request() with { Time = Request().Time + 1 }).ReceiptDue);
    }
}
