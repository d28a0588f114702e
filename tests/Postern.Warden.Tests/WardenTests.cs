using System.Collections.Immutable;
using System.Net;
using Postern.Firewall;
using Postern.Reports;
using Postern.Warden;

namespace Postern.Warden.Tests;

/// <summary>What the warden decides. The kernel's part is played by a note pad; the real kernel has tests of its own.</summary>
public sealed class WardenTests
{
    private static readonly Address Alice = Parse("192.0.2.1");
    private static readonly Address Bob = Parse("2001:db8::b");

    private readonly NotePad _kernel = new();
    private readonly Lines _audit = new();
    private readonly Warden _warden;
    private Moment _now = new(TimeSpan.FromHours(1), new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero)); // a Friday

    public WardenTests()
    {
        _warden = new(_kernel, _audit);
        Apply(Options());
    }

    private static WardenOptions Options() => new(
        [new("ssh", [new(Transport.Tcp, 22)]) { OpenFor = TimeSpan.FromSeconds(30) }, new("web", [new(Transport.Tcp, 80), new(Transport.Tcp, 443)])],
        [new("office", ["ssh"], []), new("leave", [], ["ssh"]), new("both", ["ssh", "web"], []), new("switch", ["web"], ["ssh"])]);

    [Fact]
    public void A_knock_opens_its_services_and_is_written_down()
    {
        Assert.Equal(Refusal.None, Knock(2, Alice));
        Assert.Equal(["+ssh 192.0.2.1 30", "+web 192.0.2.1 30"], _kernel.Notes);
        Assert.Equal(["opened both ssh 192.0.2.1 12:00:30 none", "opened both web 192.0.2.1 12:00:30 none"], _audit.Notes);
        Assert.Equal(2, _warden.GrantCount);
        Assert.Equal(_now.Uptime + TimeSpan.FromSeconds(30.1), _warden.NextEnd);
    }

    [Fact]
    public void Knocking_again_extends_and_never_stacks()
    {
        Knock(0, Alice);
        Pass(20);
        Knock(0, Alice);
        Assert.Equal(1, _warden.GrantCount);
        Assert.Equal("extended office ssh 192.0.2.1 12:00:50 none", _audit.Notes[^1]);
        Pass(29);
        _warden.EndGrants(_now);
        Assert.Equal(1, _warden.GrantCount);
        Pass(1.1);
        _warden.EndGrants(_now);
        Assert.Equal(0, _warden.GrantCount);
        Assert.Equal("ended - ssh 192.0.2.1 - none", _audit.Notes[^1]);
        Assert.Null(_warden.NextEnd);
    }

    /// <summary>The kernel counts in milliseconds, and zero would be for ever.</summary>
    [Fact]
    public void What_has_less_than_a_millisecond_left_is_not_put_back()
    {
        Knock(0, Alice);
        Pass(1);
        Knock(0, Bob);
        Pass(28.9995);
        _kernel.InPlace = false;
        Assert.Equal(1, _warden.Apply(Options(), new([], []), _now));
        Assert.Equal(Bob, Assert.Single(_warden.Grants).Source);
    }

    [Fact]
    public void A_thousand_knocks_leave_one_end_to_wait_for()
    {
        for (var i = 0; i < 1000; i++)
        {
            Knock(0, Alice);
            Pass(1);
        }

        Pass(40);
        _warden.EndGrants(_now);
        Assert.Single(_audit.Notes, n => n.StartsWith("ended"));
        Assert.Null(_warden.NextEnd);
    }

    [Fact]
    public void A_close_knock_ends_the_own_grant_and_no_other()
    {
        Knock(0, Alice);
        Knock(0, Bob);
        Assert.Equal(Refusal.None, Knock(1, Alice));
        Assert.Equal("-ssh 192.0.2.1", _kernel.Notes[^1]);
        Assert.Equal(["2001:db8::b"], _warden.Grants.Select(g => g.Source.ToString()));
        Assert.Equal(Refusal.NoSuchGrant, Knock(1, Alice));
        Assert.Equal("refused leave ssh 192.0.2.1 - no-such-grant", _audit.Notes[^1]);
    }

    [Fact]
    public void One_knock_may_close_and_open()
    {
        Knock(0, Alice);
        Assert.Equal(Refusal.None, Knock(3, Alice));
        Assert.Equal(["-ssh 192.0.2.1", "+web 192.0.2.1 30"], _kernel.Notes.Skip(1));
    }

    [Fact]
    public void An_operator_grants_and_revokes()
    {
        Assert.Equal(Refusal.NoSuchGrant, _warden.Revoke("ssh", Alice));
        Assert.Equal(Refusal.NoSuchService, _warden.Revoke("smtp", Alice));
        Assert.Equal(Refusal.NoSuchService, _warden.Grant("smtp", Alice, null, _now));
        Assert.Equal(Refusal.None, _warden.Grant("ssh", Alice, TimeSpan.FromMinutes(10), _now));
        Assert.Equal("+ssh 192.0.2.1 600", _kernel.Notes[^1]);
        Assert.Equal(Refusal.None, Knock(0, Alice));
        Assert.Equal("+ssh 192.0.2.1 600", _kernel.Notes[^1]); // a knock does not shorten it
        Assert.Equal(Refusal.None, _warden.Revoke("ssh", Alice));
        Assert.Equal("revoked - ssh 192.0.2.1 - none", _audit.Notes[^1]);
        Assert.Equal(0, _warden.GrantCount);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.0/24", "", "", "none")]
    [InlineData("192.0.3.1", "192.0.2.0/24", "", "", "address-not-allowed")]
    [InlineData("192.0.2.7", "192.0.2.0/24", "192.0.2.7/32", "", "address-denied")]
    [InlineData("2001:db8::1", "192.0.2.0/24,2001:db8::/32", "", "", "none")]
    [InlineData("2001:db9::1", "192.0.2.0/24,2001:db8::/32", "", "", "address-not-allowed")]
    [InlineData("2001:db8::1", "", "2001:db8::/64", "", "address-denied")]
    [InlineData("192.0.2.1", "", "", "Mon-Fri 08:00-18:00", "none")]
    [InlineData("192.0.2.1", "", "", "Mon-Thu 08:00-18:00", "outside-hours")]
    [InlineData("192.0.2.1", "", "", "Fri 12:00-12:01", "none")]
    [InlineData("192.0.2.1", "", "", "Fri 11:00-12:00", "outside-hours")]
    [InlineData("192.0.2.1", "", "", "Thu 22:00-12:30", "none")]
    [InlineData("192.0.2.1", "", "", "Sat-Mon 00:00-24:00", "outside-hours")]
    [InlineData("192.0.2.1", "", "", "Thu-Sun 00:00-24:00", "none")]
    [InlineData("0.0.0.0", "", "", "", "unusable-address")]
    [InlineData("127.0.0.1", "", "", "", "unusable-address")]
    [InlineData("224.0.0.1", "", "", "", "unusable-address")]
    [InlineData("255.255.255.255", "", "", "", "unusable-address")]
    [InlineData("::", "", "", "", "unusable-address")]
    [InlineData("::1", "", "", "", "unusable-address")]
    [InlineData("ff02::1", "", "", "", "unusable-address")]
    [InlineData("fe80::1", "", "", "", "none")]
    public void The_policy_decides_who_may_come_and_when(string source, string allow, string deny, string hours, string expected)
    {
        Apply(Options() with
        {
            Policy = new()
            {
                Allow = Networks(allow),
                Deny = Networks(deny),
                Hours = hours.Length == 0 ? [] : [WeeklyHours.TryParse(hours, out var parsed) ? parsed : throw new FormatException(hours)],
            },
        });
        Assert.Equal(expected, Knock(0, Parse(source)).Word());
        Assert.Equal(expected == "none" ? 1 : 0, _kernel.Notes.Count);
        Assert.EndsWith(expected, _audit.Notes[^1]);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    [InlineData(int.MaxValue)]
    public void A_report_of_no_door_opens_nothing(int door) => Assert.Equal(Refusal.BadReport, Knock(door, Alice));

    [Fact]
    public void A_report_of_another_kind_opens_nothing() =>
        Assert.Equal(Refusal.BadReport, _warden.Handle(new((ReportKind)7, _warden.Generation, 0, 0, Alice, Alice, 0), _now).Refusal);

    [Fact]
    public void A_report_from_before_a_reload_opens_nothing()
    {
        var late = new Report(ReportKind.SequenceCompleted, _warden.Generation, 0, 0, Alice, Alice, 0);
        Apply(Options());
        Assert.Equal(Refusal.StaleKnock, _warden.Handle(late, _now).Refusal);
        Assert.Empty(_kernel.Notes);
    }

    [Fact]
    public void Grants_are_bounded_and_the_last_place_can_still_be_extended()
    {
        Apply(Options() with { MaxGrants = 2 });
        Knock(0, Alice);
        Knock(0, Bob);
        Assert.Equal(Refusal.TooManyGrants, Knock(0, Parse("192.0.2.3")));
        Assert.Equal(Refusal.None, Knock(0, Alice));
        Assert.Equal(2, _warden.GrantCount);
    }

    [Fact]
    public void What_the_kernel_refuses_is_not_in_the_book()
    {
        _kernel.Fails = 105;
        Assert.Equal(Refusal.FirewallFailed, Knock(0, Alice));
        Assert.Equal(0, _warden.GrantCount);
        Assert.Equal("refused office ssh 192.0.2.1 - firewall-failed errno 105", _audit.Notes[^1]);
        _kernel.Fails = 0;
        Knock(0, Alice);
        _kernel.Fails = 105;
        Assert.Equal(Refusal.FirewallFailed, _warden.Revoke("ssh", Alice));
        Assert.Equal(1, _warden.GrantCount);
    }

    [Fact]
    public void What_the_kernel_still_holds_is_kept_at_start_and_told_once()
    {
        _kernel.Standing = [new("ssh", new(Alice), TimeSpan.FromSeconds(12)), new("gone", new(Bob), TimeSpan.FromSeconds(12))];
        Apply(Options());
        Assert.Equal(["kept - ssh 192.0.2.1 12:00:12 none"], _audit.Notes);
        Apply(Options());
        Assert.Single(_audit.Notes);
        Pass(12.1);
        _warden.EndGrants(_now);
        Assert.Equal(0, _warden.GrantCount);
    }

    [Fact]
    public void A_configuration_that_the_kernel_refuses_changes_nothing()
    {
        Knock(0, Alice);
        var generation = _warden.Generation;
        _kernel.ApplyFails = true;
        Assert.Throws<FirewallException>(() => Apply(Options() with { Doors = [] }));
        Assert.Equal(generation, _warden.Generation);
        Assert.Equal(1, _warden.GrantCount);
        Assert.Equal(Refusal.None, Knock(0, Bob));
    }

    private void Apply(WardenOptions options) => _warden.Apply(options, new([], []), _now);

    private Refusal Knock(int door, Address source) =>
        _warden.Handle(new(ReportKind.SequenceCompleted, _warden.Generation, door, 1234, source, source, 1), _now).Refusal;

    private void Pass(double seconds)
    {
        var time = TimeSpan.FromSeconds(seconds);
        _now = new(_now.Uptime + time, _now.Wall + time);
    }

    private static Address Parse(string text) => Address.TryParse(text, out var address) ? address : throw new FormatException(text);

    private static ImmutableArray<IPNetwork> Networks(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(IPNetwork.Parse)];
}
