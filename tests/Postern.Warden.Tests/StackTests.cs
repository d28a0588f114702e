using Postern.Reports;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests;

/// <summary>A knock that is only taken from certain stacks.</summary>
public sealed class StackTests
{
    private static readonly Address Alice = Address.TryParse("192.0.2.1", out var alice) ? alice : default;

    private readonly NotePad _kernel = new();
    private readonly Lines _audit = new();
    private readonly MemoryLedger _ledger = new();
    private readonly Warden _warden;
    private readonly Moment _now = new(TimeSpan.FromHours(1), new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero));

    public StackTests()
    {
        var once = new OneTimeUse(KeyFingerprint.Read(new byte[32]), InTurn: false);
        var ssh = new Service("ssh", [new(Transport.Tcp, 22)]);
        _warden = new(_kernel, _audit, _ledger);
        _warden.Apply(
            new([ssh], [new Door("phones", ["ssh"], []) { Stacks = [ClientStack.Android, ClientStack.Apple], OneTime = once }, new Door("anybody", ["ssh"], [])]), new([], []), _now);
    }

    [Theory]
    [InlineData(ClientStack.None)]
    [InlineData(ClientStack.Linux)]
    [InlineData(ClientStack.Nmap)]
    public void Others_are_refused_by_name_and_use_nothing_up(ClientStack stack)
    {
        Assert.Equal(Refusal.StackNotAllowed, Knock(0, stack));
        Assert.Empty(_kernel.Notes);
        Assert.Equal(0, _ledger.Remembered);
        Assert.Equal((stack, "phones"), (_audit.Entries[^1].Stack, _audit.Entries[^1].Knock));
    }

    [Theory]
    [InlineData(0, ClientStack.Android)]
    [InlineData(0, ClientStack.Apple)]
    [InlineData(1, ClientStack.None)]
    [InlineData(1, ClientStack.Hping3)]
    public void These_are_let_in_and_the_audit_says_what_they_looked_like(int door, ClientStack stack)
    {
        Assert.Equal(Refusal.None, Knock(door, stack));
        Assert.Single(_kernel.Notes);
        Assert.Equal((AuditEvent.Opened, stack), (_audit.Entries[^1].What, _audit.Entries[^1].Stack));
        _warden.EndGrants(_now with { Uptime = _now.Uptime + TimeSpan.FromHours(1) });
        Assert.Equal((AuditEvent.Ended, ClientStack.None), (_audit.Entries[^1].What, _audit.Entries[^1].Stack)); // no packet ended it
    }

    [Fact]
    public void A_key_may_be_so_bound_too()
    {
        var house = new SpaHouse();
        house.Warden.Renew(house.Spa with { Identities = [SpaHouse.Alice with { Stacks = [ClientStack.Linux] }] }, house.Now);
        Assert.Equal(Refusal.StackNotAllowed, house.Ask(house.Request()));
        Assert.Equal(0, house.Ledger.Remembered);
    }

    private Refusal Knock(int door, ClientStack stack) =>
        _warden.Handle(new(ReportKind.SequenceCompleted, 1, door, 1, Alice, default, 0) { Stack = stack }, _now).Refusal;
}
