using System.Net;
using Postern.Firewall;
using Postern.Reports;

namespace Postern.Warden.Tests;

/// <summary>Grants that lead on: to a fixed target, which anybody may knock for, or to one that is chosen.</summary>
public sealed class ForwardTests
{
    private static readonly Address Alice = SpaHouse.Ip("192.0.2.1");
    private static readonly Address Bob = SpaHouse.Ip("2001:db8::b");
    private static readonly Service Ssh = new("ssh", [new(Transport.Tcp, 22)]);
    private static readonly Service Office = new("office", [new(Transport.Tcp, 2222)]) { Forward = new() { Fixed = [Target("10.0.0.5:22")] } };
    private static readonly Service Lan = new("lan", []) { Forward = new() { Within = [new(IPNetwork.Parse("10.0.0.0/24"), 22), new(IPNetwork.Parse("0.0.0.0/0"), 80)] } };
    private static readonly Service Rest = new("rest", []) { Forward = new() { Within = [new(IPNetwork.Parse("10.0.0.0/8"), 0), new(IPNetwork.Parse("::/0"), 0)] } };
    private static readonly Service Wake = new("wake", []) { Action = new(7, HasUndo: true) };

    private readonly NotePad _kernel = new();
    private readonly Lines _audit = new();
    private readonly Warden _warden;
    private Moment _now = new(TimeSpan.FromHours(1), new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero));

    public ForwardTests()
    {
        _warden = new(_kernel, _audit);
        Apply(Options());
    }

    private static WardenOptions Options() => new([Ssh, Office, Lan, Rest, Wake], [new("in", ["office"], []), new("out", [], ["office"])]) { LocalForwards = true };

    private static ForwardTarget Target(string text) => ForwardTarget.TryParse(text, out var target) ? target : throw new FormatException(text);

    private static PortForward Forward(string text) => PortForward.TryParse(text, out var forward) ? forward : throw new FormatException(text);

    private int Apply(WardenOptions options) =>
        _warden.Apply(options, new([.. options.Services.Where(s => s.Action is null).Select(s => new ProtectedService(s.Name, s.Ports, s.Appear) { Forward = s.Forward })], []), _now);

    private Refusal Knock(int door, Address source) =>
        _warden.Handle(new(ReportKind.SequenceCompleted, _warden.Generation, door, 0, source, Address.None, 0), _now).Refusal;

    private Refusal Choose(string service, Address source, string forward, int seconds = 30) =>
        _warden.Grant(service, source, TimeSpan.FromSeconds(seconds), _now, Forward(forward));

    private void Pass(double seconds) => _now = new(_now.Uptime + TimeSpan.FromSeconds(seconds), _now.Wall.AddSeconds(seconds));

    [Fact]
    public void A_knock_for_a_fixed_forward_is_an_ordinary_grant_that_says_where_to()
    {
        Assert.Equal(Refusal.None, Knock(0, Alice));
        Assert.Equal(["+office 192.0.2.1 30"], _kernel.Notes);
        Assert.Equal(("10.0.0.5:22", false), (_warden.Grants.Single().Forward.ToString(), _warden.Grants.Single().IsChosen));
        Assert.Equal(Target("10.0.0.5:22"), _audit.Entries[^1].Forward);
        Pass(20);
        Assert.Equal(Refusal.None, Knock(0, Alice));
        Assert.Equal(Refusal.None, Knock(1, Alice));
        Assert.Equal(["+office 192.0.2.1 30", "-office 192.0.2.1"], _kernel.Notes.Skip(1));
        Assert.Equal(0, _warden.GrantCount);
    }

    [Fact]
    public void There_is_nothing_for_a_family_that_it_has_no_target_of()
    {
        Assert.Equal(Refusal.ForwardNotAllowed, Knock(0, Bob));
        Assert.Equal("refused in office 2001:db8::b - forward-not-allowed", _audit.Notes[^1]);
        Assert.Empty(_kernel.Notes);
    }

    [Fact]
    public void What_is_to_be_chosen_must_be_said() => Assert.Equal(Refusal.ForwardMissing, _warden.Grant("lan", Alice, null, _now));

    [Theory]
    [InlineData("lan", "tcp/4444=10.0.0.7:22", "none")]
    [InlineData("lan", "udp/4444=10.0.0.7:22", "none")]
    [InlineData("lan", "tcp/22=10.0.0.7:22", "none")]
    [InlineData("lan", "tcp/4444=192.0.2.99:80", "none")]
    [InlineData("lan", "tcp/4444=10.0.0.7:23", "forward-not-allowed")]
    [InlineData("lan", "tcp/4444=10.0.1.7:22", "forward-not-allowed")]
    [InlineData("lan", "tcp/4444=[fd00::7]:22", "forward-not-allowed")]
    [InlineData("rest", "tcp/4444=[fd00::7]:22", "forward-not-allowed")]
    [InlineData("lan", "tcp/4444=127.0.0.1:80", "forward-not-allowed")]
    [InlineData("lan", "tcp/4444=169.254.169.254:80", "forward-not-allowed")]
    [InlineData("lan", "tcp/4444=224.0.0.1:80", "forward-not-allowed")]
    [InlineData("lan", "tcp/4444=0.0.0.1:80", "forward-not-allowed")]
    [InlineData("lan", "tcp/4444=:22", "forward-not-allowed")]
    [InlineData("lan", "tcp/2222=10.0.0.7:22", "forward-taken")]
    [InlineData("lan", "udp/2222=10.0.0.7:22", "none")]
    [InlineData("ssh", "tcp/4444=:22", "none")]
    [InlineData("ssh", "tcp/4444=:23", "forward-not-allowed")]
    [InlineData("ssh", "udp/4444=:22", "forward-not-allowed")]
    [InlineData("ssh", "tcp/4444=10.0.0.7:22", "forward-not-allowed")]
    [InlineData("office", "tcp/4444=10.0.0.5:22", "forward-not-allowed")]
    [InlineData("office", "tcp/4444=:2222", "forward-not-allowed")]
    [InlineData("wake", "tcp/4444=10.0.0.5:22", "forward-not-allowed")]
    public void A_choice_is_held_against_the_service(string service, string forward, string expected)
    {
        Assert.Equal(expected, Choose(service, Alice, forward).Word());
        var choice = Forward(forward);
        Assert.Equal(expected == "none" ? [$"+{service} 192.0.2.1 {choice.Port}->{choice.Target} 30"] : [], _kernel.Notes);
        Assert.Equal((choice.Target, choice.Port), (_audit.Entries[^1].Forward, _audit.Entries[^1].Port));
    }

    [Fact]
    public void One_address_may_hold_several_each_with_its_own_end()
    {
        Choose("lan", Alice, "tcp/4444=10.0.0.7:22", 10);
        Choose("lan", Alice, "udp/4444=10.0.0.7:22", 20);
        Choose("lan", Alice, "tcp/4445=10.0.0.7:22", 30);
        Choose("ssh", Alice, "tcp/4446=:22", 30);
        _warden.Grant("ssh", Alice, null, _now);
        Assert.Equal(5, _warden.GrantCount);
        Pass(15);
        _warden.EndGrants(_now);
        Assert.Equal(["udp/4444", "tcp/4445", "tcp/4446", "tcp/22"], _warden.Grants.Select(g => g.Ports.Single().ToString()));
        Assert.Equal(Refusal.None, _warden.Revoke("lan", Alice));
        Assert.Equal(["-lan 192.0.2.1 udp/4444->10.0.0.7:22", "-lan 192.0.2.1 tcp/4445->10.0.0.7:22"], _kernel.Notes[^2..]);
        Assert.Equal(Refusal.None, _warden.Revoke("ssh", Alice));
        Assert.Equal(0, _warden.GrantCount);
    }

    [Fact]
    public void A_port_of_an_address_leads_to_one_place()
    {
        Choose("lan", Alice, "tcp/4444=10.0.0.7:22", 100);
        Assert.Equal(Refusal.ForwardTaken, Choose("rest", Alice, "tcp/4444=10.0.0.8:22"));
        Assert.Equal(Refusal.None, Choose("lan", Alice, "tcp/4444=10.0.0.7:22", 10)); // never shorter
        Assert.Equal("+lan 192.0.2.1 tcp/4444->10.0.0.7:22 100", _kernel.Notes[^1]);
        Assert.Equal(Refusal.None, Choose("lan", Alice, "tcp/4444=10.0.0.8:22", 10)); // another, with an end of its own
        Assert.Equal("+lan 192.0.2.1 tcp/4444->10.0.0.8:22 10", _kernel.Notes[^1]);
        Assert.Equal("10.0.0.8:22", _warden.Grants.Single().Forward.ToString());
        Pass(10.1);
        _warden.EndGrants(_now);
        Assert.Equal(0, _warden.GrantCount);
        Assert.Single(_audit.Notes, note => note.StartsWith("ended"));
    }

    [Fact]
    public void They_count_with_all_others()
    {
        Apply(Options() with { MaxGrants = 2 });
        Assert.Equal(Refusal.None, Choose("lan", Alice, "tcp/1=10.0.0.7:22"));
        Assert.Equal(Refusal.None, Choose("lan", Alice, "tcp/2=10.0.0.7:22"));
        Assert.Equal(Refusal.TooManyGrants, Choose("lan", Alice, "tcp/3=10.0.0.7:22"));
    }

    [Fact]
    public void What_the_kernel_holds_is_kept_with_where_it_leads()
    {
        _kernel.Standing =
        [
            new("office", new(Alice), TimeSpan.FromSeconds(20)) { Forward = Target("10.0.0.5:22") },
            new("lan", new(Alice), TimeSpan.FromSeconds(20)) { Forward = Target("10.0.0.7:22"), Chosen = Forward("tcp/4444=10.0.0.7:22") },
            new("lan", new(Alice), TimeSpan.FromSeconds(20)) { Forward = Target("10.0.0.7:22"), Chosen = Forward("tcp/4445=10.0.0.7:22") },
        ];
        Apply(Options());
        Assert.Equal(
            ["office tcp/2222 10.0.0.5:22", "lan tcp/4444 10.0.0.7:22", "lan tcp/4445 10.0.0.7:22"],
            _warden.Grants.Select(g => $"{g.Service} {g.Ports.Single()} {g.Forward}"));
        _warden.Revoke("lan", Alice);
        Assert.Equal("-lan 192.0.2.1 tcp/4445->10.0.0.7:22", _kernel.Notes[^1]);
    }

    /// <summary>The book knows them when somebody has emptied the kernel.</summary>
    [Fact]
    public void What_was_lost_with_the_rules_is_put_back_for_the_time_it_had_left()
    {
        Knock(0, Alice);
        Choose("lan", Alice, "tcp/4444=10.0.0.7:22", 100);
        Choose("rest", Alice, "tcp/4445=10.9.9.9:1", 100);
        _warden.Grant("ssh", Bob, TimeSpan.FromSeconds(60), _now);
        _warden.Grant("ssh", Alice, TimeSpan.FromSeconds(5), _now);
        Pass(10);
        _kernel.Notes.Clear();
        _kernel.InPlace = false;
        Assert.Equal(3, Apply(Options() with { Services = [Ssh, Office, Lan] }));
        Assert.Equal(["+office 192.0.2.1 20", "+lan 192.0.2.1 tcp/4444->10.0.0.7:22 90", "+ssh 2001:db8::b 50"], _kernel.Notes);
        Assert.Equal(3, _warden.GrantCount);

        _kernel.InPlace = true; // and what somebody took out of it by hand is not
        Assert.Equal(0, Apply(Options()));
        Assert.Equal(0, _warden.GrantCount);
    }
}
