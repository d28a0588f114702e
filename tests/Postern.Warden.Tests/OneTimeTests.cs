using System.Collections.Immutable;
using Postern.Reports;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests;

/// <summary>Knocks that are good once: remembered before anything is opened, and never good again.</summary>
public sealed class OneTimeTests
{
    private static readonly Address Alice = Address.TryParse("192.0.2.1", out var alice) ? alice : default;

    private readonly NotePad _kernel = new();
    private readonly Lines _audit = new();
    private readonly MemoryLedger _ledger = new();
    private readonly Warden _warden;
    private readonly Moment _now = new(TimeSpan.FromHours(1), new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero));

    public OneTimeTests()
    {
        _warden = new(_kernel, _audit, _ledger);
        Apply(inTurn: false);
    }

    [Fact]
    public void Each_opens_once()
    {
        Assert.Equal(Refusal.None, Knock(1));
        Assert.Equal(["+ssh 192.0.2.1 30"], _kernel.Notes);
        Assert.Equal(Refusal.Replayed, Knock(1));
        Assert.Single(_kernel.Notes);
        Assert.Equal("refused office  192.0.2.1 - replayed", _audit.Notes[^1]);
        Assert.Equal(Refusal.None, Knock(0)); // not in turn, and nobody asked for that
        Assert.Equal(Refusal.None, Knock(2));
        Assert.Equal(0, _warden.SequencesLeft("office", _now));
        Assert.All([0, 1, 2], door => Assert.Equal(Refusal.Replayed, Knock(door)));
    }

    [Fact]
    public void In_turn_only_the_first_that_is_left_opens()
    {
        Apply(inTurn: true);
        Assert.Equal(Refusal.NotInTurn, Knock(1));
        Assert.Equal(0, _ledger.Remembered);
        Assert.Empty(_kernel.Notes);
        Assert.Equal(Refusal.None, Knock(0));
        Assert.Equal(Refusal.Replayed, Knock(0));
        Assert.Equal(Refusal.NotInTurn, Knock(2));
        Assert.Equal(Refusal.None, Knock(1));
        Assert.Equal(Refusal.None, Knock(2));
        Assert.Equal(Refusal.Replayed, Knock(2));
    }

    [Fact]
    public void The_turn_of_one_knock_is_not_that_of_another()
    {
        Apply(inTurn: true);
        Assert.Equal(Refusal.None, Knock(3)); // of the knock 'other'
        Assert.Equal(3, _warden.SequencesLeft("office", _now));
        Assert.Equal(0, _warden.SequencesLeft("other", _now));
    }

    [Fact]
    public void What_cannot_be_remembered_opens_nothing()
    {
        _ledger.Fails = true;
        Assert.Equal(Refusal.NotRemembered, Knock(0));
        Assert.Empty(_kernel.Notes);
        _ledger.Fails = false;
        Assert.Equal(Refusal.None, Knock(0));
    }

    [Fact]
    public void It_is_used_up_though_the_firewall_fails()
    {
        _kernel.Fails = 12;
        Assert.Equal(Refusal.FirewallFailed, Knock(0));
        _kernel.Fails = 0;
        Assert.Equal(Refusal.Replayed, Knock(0));
    }

    [Fact]
    public void Who_is_denied_uses_up_nothing()
    {
        Apply(inTurn: false, new Policy { Deny = [System.Net.IPNetwork.Parse("192.0.2.0/24")] });
        Assert.Equal(Refusal.AddressDenied, Knock(0));
        Assert.Equal(0, _ledger.Remembered);
    }

    [Fact]
    public void Without_a_ledger_nothing_opens()
    {
        var bare = new Warden(_kernel, _audit);
        bare.Apply(Options(inTurn: false, Policy.Open), new([], []), _now);
        Assert.Equal(Refusal.NotRemembered, bare.Handle(new(ReportKind.SequenceCompleted, 1, 0, 1, Alice, default, 0), _now).Refusal);
    }

    [Fact]
    public void The_verdict_says_which_knock_has_one_less()
    {
        Assert.Equal("office", Handle(0).UsedUp);
        Assert.Null(Handle(0).UsedUp);
        Assert.Null(Handle(4).UsedUp); // a sequence that is always good
    }

    private void Apply(bool inTurn, Policy? policy = null) => _warden.Apply(Options(inTurn, policy ?? Policy.Open), new([], []), _now);

    private static WardenOptions Options(bool inTurn, Policy policy) => new(
        [new("ssh", [new(Transport.Tcp, 22)]) { OpenFor = TimeSpan.FromSeconds(30) }],
        [Once("office", 1, inTurn), Once("office", 2, inTurn), Once("office", 3, inTurn), Once("other", 4, inTurn), new("always", ["ssh"], [])]) { Policy = policy };

    private static Door Once(string name, int digest, bool inTurn) => new(name, ["ssh"], []) { OneTime = new(new((UInt128)digest, 0), inTurn) };

    private Refusal Knock(int door) => Handle(door).Refusal;

    private Verdict Handle(int door) => _warden.Handle(new(ReportKind.SequenceCompleted, _warden.Generation, door, 1, Alice, default, 0), _now);
}
