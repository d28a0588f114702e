using Postern.Reports;
using Postern.Reports.Errands;

namespace Postern.Warden.Tests;

/// <summary>Services that run something: the same story as ports, by way of the steward, whose part an order pad plays.</summary>
public sealed class ActionTests
{
    private static readonly Address Alice = SpaHouse.Ip("192.0.2.1");
    private static readonly Address Bob = SpaHouse.Ip("2001:db8::b");
    private static readonly Service Wake = new("wake", []) { OpenFor = TimeSpan.FromSeconds(60), Action = new(7, HasUndo: true) };
    private static readonly Service Ring = new("ring", []) { Action = new(8, HasUndo: false) };

    private readonly NotePad _kernel = new();
    private readonly Lines _audit = new();
    private readonly OrderPad _steward = new();
    private readonly Warden _warden;
    private Moment _now = new(TimeSpan.FromHours(1), new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero));

    public ActionTests()
    {
        _warden = new(_kernel, _audit, null, _steward);
        Apply(Options());
    }

    private static WardenOptions Options() => new(
        [new("ssh", [new(Transport.Tcp, 22)]), Wake, Ring],
        [new("up", ["wake"], []), new("down", [], ["wake"]), new("bell", ["ring"], []), new("all", ["ssh", "wake", "ring"], [])]);

    [Fact]
    public void A_knock_orders_it_and_a_grant_stands_and_the_firewall_hears_nothing()
    {
        Assert.Equal(Refusal.None, Knock(0, Alice));
        Assert.Equal(["run wake 192.0.2.1:0 3660 7"], _steward.Notes);
        Assert.Empty(_kernel.Notes);
        Assert.Equal(["opened up wake 192.0.2.1 12:01:00 none"], _audit.Notes);
        Hear(ErrandNoteKind.Ran, Alice);
        Assert.Equal("ran - wake 192.0.2.1 - none", _audit.Notes[^1]);
        Assert.Equal(1, _warden.GrantCount);
        Pass(60.1);
        _warden.EndGrants(_now);
        Assert.Equal("ended - wake 192.0.2.1 - none", _audit.Notes[^1]);
        Hear(ErrandNoteKind.Undone, Alice);
        Assert.Equal("undone - wake 192.0.2.1 - none", _audit.Notes[^1]);
        Assert.Single(_steward.Orders); // the steward has a clock of its own
    }

    [Fact]
    public void Who_knocks_in_the_moment_after_its_end_has_it_run_again()
    {
        Knock(0, Alice);
        Pass(60);
        Hear(ErrandNoteKind.Undone, Alice);
        Assert.Equal(Refusal.None, Knock(0, Alice)); // nobody has been told yet that it ended: the kernel's grants may take a moment longer
        Assert.Equal("run wake 192.0.2.1:0 3720 7", _steward.Notes[^1]);
        Assert.Equal(["ended - wake 192.0.2.1 - none", "opened up wake 192.0.2.1 12:02:00 none"], _audit.Notes[^2..]);
        Assert.Equal(1, _warden.GrantCount);
    }

    [Fact]
    public void Knocking_again_extends_and_does_not_run_again()
    {
        Knock(0, Alice);
        Pass(20);
        Assert.Equal(Refusal.None, Knock(0, Alice));
        Assert.Equal(["run wake 192.0.2.1:0 3660 7", "extend wake 192.0.2.1:0 3680 7"], _steward.Notes);
        Assert.Equal("extended up wake 192.0.2.1 12:01:20 none", _audit.Notes[^1]);
        Knock(0, Bob);
        Assert.Equal("run wake 2001:db8::b:0 3680 7", _steward.Notes[^1]);
        Assert.Equal(2, _warden.GrantCount);
    }

    [Fact]
    public void Without_an_undo_each_knock_runs_it_and_nothing_stands()
    {
        Assert.Equal(Refusal.None, Knock(2, Alice));
        Assert.Equal(Refusal.None, Knock(2, Alice));
        Assert.Equal(["run ring 192.0.2.1:0 0 8", "run ring 192.0.2.1:0 0 8"], _steward.Notes);
        Assert.Equal(["opened bell ring 192.0.2.1 - none", "opened bell ring 192.0.2.1 - none"], _audit.Notes);
        Assert.Equal(0, _warden.GrantCount);
        Assert.Null(_warden.NextEnd);
    }

    [Fact]
    public void Beside_ports_in_one_knock()
    {
        Assert.Equal(Refusal.None, Knock(3, Alice));
        Assert.Equal(["+ssh 192.0.2.1 30"], _kernel.Notes);
        Assert.Equal(["run wake 192.0.2.1:0 3660 7", "run ring 192.0.2.1:0 0 8"], _steward.Notes);
    }

    [Fact]
    public void A_close_knock_and_an_operator_undo_it_now()
    {
        Knock(0, Alice);
        Assert.Equal(Refusal.None, Knock(1, Alice));
        Assert.Equal("undo wake 192.0.2.1:0 0 0", _steward.Notes[^1]);
        Assert.Equal("closed down wake 192.0.2.1 - none", _audit.Notes[^1]);
        Assert.Equal(Refusal.NoSuchGrant, Knock(1, Alice));
        Assert.Equal(Refusal.None, _warden.Grant("wake", Alice, TimeSpan.FromSeconds(5), _now));
        Assert.Equal(Refusal.None, _warden.Revoke("wake", Alice));
        Assert.Equal(["run wake 192.0.2.1:0 3605 7", "undo wake 192.0.2.1:0 0 0"], _steward.Notes.TakeLast(2));
        Assert.Equal(0, _warden.GrantCount);
    }

    [Theory]
    [InlineData(ErrandNoteKind.Failed, 3, 0, "exit code 3")]
    [InlineData(ErrandNoteKind.Failed, 0, 15, "signal 15")]
    [InlineData(ErrandNoteKind.Failed, 0, 0, "not started")]
    [InlineData(ErrandNoteKind.TimedOut, 0, 0, "killed: longer than time_limit")]
    public void What_failed_is_no_grant_any_more(ErrandNoteKind kind, byte code, byte signal, string detail)
    {
        Knock(0, Alice);
        _warden.Hear(new(kind, "wake", Alice, 0) { ExitCode = code, Signal = signal }, _now);
        Assert.Equal(0, _warden.GrantCount);
        Assert.Equal($"failed - wake 192.0.2.1 - action-failed {detail}", _audit.Notes[^1]);
        Assert.Single(_steward.Orders);
    }

    [Theory]
    [InlineData(ErrandRefusal.Busy, "too-many-actions it is running, or being undone")]
    [InlineData(ErrandRefusal.TooMany, "too-many-actions")]
    [InlineData(ErrandRefusal.NotWritten, "not-remembered the journal of actions")]
    [InlineData(ErrandRefusal.UnknownAction, "action-failed the steward reads another configuration")]
    [InlineData(ErrandRefusal.NoSuchErrand, "no-such-grant")]
    public void What_the_steward_refuses_is_no_grant(ErrandRefusal refusal, string expected)
    {
        Knock(0, Alice);
        _warden.Hear(new(ErrandNoteKind.Refused, "wake", Alice, 0) { Refusal = refusal }, _now);
        Assert.Equal(0, _warden.GrantCount);
        Assert.Equal($"refused - wake 192.0.2.1 - {expected}", _audit.Notes[^1]);
    }

    /// <summary>Undo, and run anew before the first is undone: the note about the first must not take the second with it.</summary>
    [Fact]
    public void A_late_word_about_the_one_before_ends_no_grant()
    {
        Knock(0, Alice);
        Knock(1, Alice);
        Knock(0, Alice);
        Hear(ErrandNoteKind.Undone, Alice);
        Assert.Equal(1, _warden.GrantCount);
        _warden.Hear(new(ErrandNoteKind.Undone, "wake", Alice, 0) { ExitCode = 1 }, _now);
        Assert.Equal("undone - wake 192.0.2.1 - none undo: exit code 1", _audit.Notes[^1]);
    }

    [Fact]
    public void Without_a_steward_nothing_is_granted_and_nothing_is_thought_closed()
    {
        _steward.IsGone = true;
        Assert.Equal(Refusal.TooManyActions, Knock(0, Alice));
        Assert.Equal(Refusal.TooManyActions, Knock(2, Alice));
        Assert.Equal(0, _warden.GrantCount);
        _steward.IsGone = false;
        Knock(0, Alice);
        _steward.IsGone = true;
        Assert.Equal(Refusal.TooManyActions, _warden.Revoke("wake", Alice));
        Assert.Equal(1, _warden.GrantCount);
        var alone = new Warden(_kernel, _audit);
        alone.Apply(Options(), new([], []), _now);
        Assert.Equal(Refusal.TooManyActions, alone.Grant("wake", Alice, null, _now));
    }

    [Fact]
    public void A_warden_that_starts_anew_is_told_what_stands()
    {
        Hear(ErrandNoteKind.Standing, Alice, until: 12, holder: "");
        Assert.Equal(["kept - wake 192.0.2.1 12:00:12 none"], _audit.Notes);
        Knock(0, Alice);
        Assert.Equal(["extend wake 192.0.2.1:0 3660 7"], _steward.Notes);
        Hear(ErrandNoteKind.Standing, Alice, until: 30, holder: ""); // an end that could not be put off
        Assert.Equal(2, _audit.Notes.Count);
        Pass(30.1);
        _warden.EndGrants(_now);
        Assert.Equal(0, _warden.GrantCount);
        Assert.Null(_warden.NextEnd);
    }

    [Fact]
    public void Before_its_first_configuration_a_warden_undoes_nothing()
    {
        var warden = new Warden(_kernel, _audit, null, _steward);
        warden.Hear(new(ErrandNoteKind.Standing, "wake", Alice, 0) { Until = TimeSpan.FromHours(2) }, _now);
        Assert.Empty(_steward.Orders);
    }

    [Fact]
    public void What_stands_of_a_service_or_a_key_that_is_gone_is_undone()
    {
        Hear(ErrandNoteKind.Standing, Alice, 12, holder: "00000000000000aa");
        _warden.Hear(new(ErrandNoteKind.Standing, "gone", Bob, 9) { Until = _now.Uptime + TimeSpan.FromSeconds(5) }, _now);
        _warden.Hear(new(ErrandNoteKind.Standing, "ring", Bob, 0) { Until = _now.Uptime + TimeSpan.FromSeconds(5) }, _now);
        Assert.Equal(["undo wake 192.0.2.1:0 0 0", "undo gone 2001:db8::b:9 0 0", "undo ring 2001:db8::b:0 0 0"], _steward.Notes);
        Assert.Equal(0, _warden.GrantCount);
    }

    [Fact]
    public void A_reload_keeps_what_stands_and_undoes_what_has_vanished()
    {
        Knock(0, Alice);
        Apply(Options() with { Services = [Wake with { Action = new(9, HasUndo: true) }, Ring], Doors = [] });
        Assert.Equal(1, _warden.GrantCount);
        Assert.Single(_steward.Orders);
        Apply(Options() with { Services = [Ring], Doors = [] });
        Assert.Equal(0, _warden.GrantCount);
        Assert.Equal("undo wake 192.0.2.1:0 0 0", _steward.Notes[^1]);
        Assert.Equal("revoked - wake 192.0.2.1 - none", _audit.Notes[^1]);
    }

    [Fact]
    public void Action_grants_count_among_all()
    {
        Apply(Options() with { MaxGrants = 1 });
        Knock(0, Alice);
        Assert.Equal(Refusal.TooManyGrants, Knock(0, Bob));
        Assert.Equal(Refusal.None, Knock(2, Bob)); // nothing of it stays
    }

    [Fact]
    public void A_key_is_named_and_its_grant_goes_with_it()
    {
        var steward = new OrderPad();
        var house = new SpaHouse(errands: steward) { Spa = new(SpaHouse.GateId, [SpaHouse.Alice with { Name = "-rf $(alice) @home" }]) };
        house.Options = Options();
        house.Apply();
        house.Pass(1);
        Assert.Equal(Refusal.None, house.Ask(house.Request("wake") with { SourcePort = 4000, Seconds = 10 }));
        var order = Assert.Single(steward.Orders);
        Assert.Equal(("_rf___alice__@home", SpaHouse.Alice.Hint, 4000), (order.Key, order.Holder, order.SourcePort));
        Assert.Equal(house.Now.Uptime + TimeSpan.FromSeconds(10), order.Until);
        house.Warden.Renew(house.Spa with { Identities = [] }, house.Now);
        Assert.Equal(ErrandOrderKind.Undo, steward.Orders[^1].Kind);
        Assert.Equal(0, house.Warden.GrantCount);
    }

    [Fact]
    public void A_signed_request_is_answered_as_granted_also_without_an_undo()
    {
        var house = new SpaHouse(errands: new OrderPad()) { Options = Options() };
        house.Apply();
        house.Pass(1);
        var outcome = Assert.Single(house.AskFor(house.Request("ring")).Outcomes);
        Assert.Equal((Refusal.None, house.Now.Wall), (outcome.Refusal, outcome.Until)); // until now: null would say "closed"
    }

    private void Apply(WardenOptions options) => _warden.Apply(options, new([], []), _now);

    private void Hear(ErrandNoteKind kind, Address source, double until = 0, string holder = "") =>
        _warden.Hear(new(kind, "wake", source, 0) { Until = until == 0 ? default : _now.Uptime + TimeSpan.FromSeconds(until), Holder = holder }, _now);

    private Refusal Knock(int door, Address source) =>
        _warden.Handle(new(ReportKind.SequenceCompleted, _warden.Generation, door, 1234, source, source, 1), _now).Refusal;

    private void Pass(double seconds)
    {
        var time = TimeSpan.FromSeconds(seconds);
        _now = new(_now.Uptime + time, _now.Wall + time);
    }
}
