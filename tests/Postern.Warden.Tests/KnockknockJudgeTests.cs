using System.Collections.Immutable;
using Postern.Reports;
using Postern.Reports.Tokens;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests;

/// <summary>A packet of knockknock that the sentry found, to a grant or to the first reason against it.</summary>
public sealed class KnockknockJudgeTests
{
    private static readonly Address Sender = Address.FromV4(0xc0000201); // 192.0.2.1
    private static readonly Address Gate = Address.FromV4(0xc6336401); // 198.51.100.1

    private readonly NotePad _kernel = new();
    private readonly Lines _audit = new();
    private readonly MemoryLedger _ledger = new();
    private readonly Warden _warden;
    private readonly Moment _now = new(TimeSpan.FromHours(1), new(2026, 11, 20, 12, 0, 10, TimeSpan.Zero));

    public KnockknockJudgeTests() => _warden = new(_kernel, _audit, _ledger);

    private const int Window = 20;

    private static TokenKnock Knock(ulong first = 0) => new("laptop", TokenMethod.Knockknock, new(1, 2)) { Opens = ["ssh", "web"], MaxAge = TimeSpan.Zero, FirstCounter = first, Window = Window };

    private void Apply(TokenKnock knock, Policy? policy = null)
    {
        ImmutableArray<Service> services = [new("ssh", [new(Transport.Tcp, 22)]), new("web", [new(Transport.Tcp, 80), new(Transport.Udp, 443)]), new("mail", [new(Transport.Tcp, 25)])];
        _warden.Apply(new(services, []) { Tokens = [knock], Policy = policy ?? Policy.Open }, new([], []), _now);
    }

    private Refusal Judge(uint counter, ushort port = 22)
    {
        var bytes = new byte[TokenRequest.Size];
        TokenRequest.OfCounter(counter, port).Write(bytes);
        return _warden.Handle(new Report(ReportKind.Token, _warden.Generation, 0, 40_000, Sender, Gate, 1) { Request = bytes }, _now).Refusal;
    }

    [Fact]
    public void It_opens_the_service_that_has_the_port()
    {
        Apply(Knock());
        Assert.Equal(Refusal.None, Judge(0, port: 80));
        Assert.Equal(["+web 192.0.2.1 30"], _kernel.Notes);
        Assert.Contains("opened laptop web 192.0.2.1 12:00:40 none", _audit.Notes);
    }

    [Fact]
    public void A_counter_is_good_once_and_so_is_none_before_it()
    {
        Apply(Knock());
        Assert.Equal(Refusal.None, Judge(5));
        Assert.Equal(Refusal.Replayed, Judge(5));
        Assert.Equal(Refusal.Replayed, Judge(5, port: 80));
        Assert.Equal(Refusal.Replayed, Judge(4));
        Assert.Equal(Refusal.None, Judge(6));
    }

    [Fact]
    public void The_last_counter_is_good_and_after_it_there_is_none()
    {
        Apply(Knock(uint.MaxValue - 1));
        Assert.Equal(Refusal.None, Judge(uint.MaxValue));
        Assert.Equal(Refusal.Replayed, Judge(uint.MaxValue));
        Assert.Equal(Refusal.Replayed, Judge(0));
    }

    /// <summary>No honest sentry finds one: it would use up the profile for ever.</summary>
    [Theory]
    [InlineData(0, Window)]
    [InlineData(0, uint.MaxValue)]
    [InlineData(100, 100 + Window)]
    public void A_counter_beyond_the_window_is_a_lie_and_uses_nothing_up(uint first, uint counter)
    {
        Apply(Knock(first));
        Assert.Equal(Refusal.BadReport, Judge(counter));
        Assert.Empty(_kernel.Notes);
        Assert.Equal(Refusal.None, Judge(first));
        Assert.Equal(Refusal.None, Judge(first + Window)); // the window began behind that
        Assert.Equal(Refusal.BadReport, Judge(first + Window + Window + 1));
    }

    [Fact]
    public void The_window_begins_where_the_ledger_has_come_to()
    {
        Apply(Knock());
        Assert.Equal(Refusal.None, Judge(19));
        Apply(Knock());
        Assert.Equal(Refusal.BadReport, Judge(40));
        Assert.Equal(Refusal.None, Judge(39));
    }

    /// <summary>The sentry has found them all the same, and looks for later ones now.</summary>
    [Fact]
    public void The_window_moves_while_nothing_can_be_remembered_and_with_what_policy_denies()
    {
        Apply(Knock());
        _ledger.Fails = true;
        for (var counter = 0u; counter < 3 * Window; counter++)
            Assert.Equal(Refusal.NotRemembered, Judge(counter));
        _ledger.Fails = false;
        Assert.Equal(Refusal.None, Judge(3 * Window));
        Apply(Knock(), new Policy { Deny = [System.Net.IPNetwork.Parse("192.0.2.0/24")] });
        for (var counter = (3 * Window) + 1u; counter < 6 * Window; counter++)
            Assert.Equal(Refusal.AddressDenied, Judge(counter));
    }

    [Fact]
    public void The_counter_of_the_profile_is_the_floor_where_it_is_newer_than_the_ledger_has()
    {
        Apply(Knock(first: 10));
        Assert.Equal(Refusal.Replayed, Judge(9));
        Assert.Equal(Refusal.None, Judge(10));
        Apply(Knock(first: 3)); // an old copy of it
        Assert.Equal(Refusal.Replayed, Judge(10));
        Apply(Knock(first: 100));
        Assert.Equal(Refusal.Replayed, Judge(99));
    }

    [Fact]
    public void It_is_remembered_before_anything_is_opened()
    {
        Apply(Knock());
        _ledger.Fails = true;
        Assert.Equal(Refusal.NotRemembered, Judge(0));
        Assert.Empty(_kernel.Notes);
        _ledger.Fails = false;
        Assert.Equal(Refusal.None, Judge(0));
    }

    /// <summary>It carries no time: whoever saw it refused could send it tomorrow.</summary>
    [Fact]
    public void What_is_refused_is_used_up_all_the_same()
    {
        Apply(Knock(), new Policy { Deny = [System.Net.IPNetwork.Parse("192.0.2.0/24")] });
        Assert.Equal(Refusal.AddressDenied, Judge(0));
        Apply(Knock());
        Assert.Equal(Refusal.Replayed, Judge(0));
        Assert.Equal(Refusal.ServiceNotAllowed, Judge(1, port: 25));
        Assert.Equal(Refusal.Replayed, Judge(1));
        Assert.Empty(_kernel.Notes);
    }

    [Theory]
    [InlineData(25)] // another service's
    [InlineData(443)] // of UDP
    [InlineData(0)]
    public void A_port_that_it_does_not_open_is_refused_and_told(ushort port)
    {
        Apply(Knock());
        Assert.Equal(Refusal.ServiceNotAllowed, Judge(0, port));
        Assert.Equal($"tcp/{port}", _audit.Entries[^1].Detail);
    }
}
