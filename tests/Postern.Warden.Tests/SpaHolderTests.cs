using Postern.Keys.Ssh;
using Postern.Reports;

namespace Postern.Warden.Tests;

/// <summary>Whose a grant is: who may end it, and with what it ends.</summary>
public sealed class SpaHolderTests
{
    private readonly SpaHouse _house = new();

    private Refusal Ask(SshPrivateKey who, bool close = false, ushort port = 0, uint seconds = 0, params string[] services)
    {
        _house.Pass(0.001);
        return _house.Ask(_house.Request(services) with { KeyHint = who.PublicKey.Hint, Close = close, SourcePort = port, Seconds = seconds });
    }

    private string[] Held => [.. _house.Warden.Grants.Select(g => $"{g.Service}:{g.SourcePort}").Order(StringComparer.Ordinal)];

    private void Renew(params Identity[] identities) => _house.Warden.Renew(_house.Spa with { Identities = [.. identities] }, _house.Now);

    [Fact]
    public void A_close_without_a_source_port_ends_all_that_is_its_own_at_that_address()
    {
        Ask(TestKeys.Alice, services: ["ssh", "web"]);
        Ask(TestKeys.Alice, port: 4000);
        Ask(TestKeys.Alice, port: 4001);
        Assert.Equal(["ssh:0", "ssh:4000", "ssh:4001", "web:0"], Held);
        Assert.Equal(Refusal.None, Ask(TestKeys.Alice, close: true));
        Assert.Equal(["web:0"], Held);
        Assert.Equal(["-ssh 192.0.2.1", "-ssh 192.0.2.1:4000", "-ssh 192.0.2.1:4001"], _house.Kernel.Notes.TakeLast(3).Order(StringComparer.Ordinal));
        Assert.Equal(Refusal.NoSuchGrant, Ask(TestKeys.Alice, close: true));
    }

    [Fact]
    public void A_close_with_a_source_port_ends_that_one()
    {
        Ask(TestKeys.Alice);
        Ask(TestKeys.Alice, port: 4000);
        Ask(TestKeys.Alice, port: 4001);
        Assert.Equal(Refusal.None, Ask(TestKeys.Alice, close: true, port: 4000));
        Assert.Equal(["ssh:0", "ssh:4001"], Held);
        Assert.Equal(Refusal.NoSuchGrant, Ask(TestKeys.Alice, close: true, port: 4000));
    }

    [Fact]
    public void A_close_needs_no_source_port_where_opening_does()
    {
        Renew(SpaHouse.Alice with { RequireSourcePort = true });
        Assert.Equal(Refusal.None, Ask(TestKeys.Alice, port: 4000));
        Assert.Equal(Refusal.None, Ask(TestKeys.Alice, close: true));
        Assert.Empty(Held);
    }

    /// <summary>A request names any address: whoever holds a key could otherwise end the grants of all the others.</summary>
    [Fact]
    public void Nobody_closes_what_is_anothers()
    {
        Ask(TestKeys.Alice, port: 4000);
        _house.Warden.Grant("ssh", SpaHouse.Home, null, _house.Now);
        Assert.Equal(Refusal.NoSuchGrant, Ask(TestKeys.Bob, close: true));
        Assert.Equal(Refusal.NoSuchGrant, Ask(TestKeys.Bob, close: true, port: 4000));
        Assert.Equal(Refusal.NoSuchGrant, Ask(TestKeys.Alice, close: true, port: 4001));
        Assert.Equal(["ssh:0", "ssh:4000"], Held);
        Assert.Equal(Refusal.None, _house.Knock(1, SpaHouse.Home)); // what no key holds, a sequence may close
        Assert.Equal(Refusal.NoSuchGrant, _house.Knock(1, SpaHouse.Home));
        Assert.Equal(["ssh:4000"], Held);
    }

    [Fact]
    public void By_hand_everything_at_the_address_is_ended()
    {
        Ask(TestKeys.Alice);
        Ask(TestKeys.Bob, port: 4000);
        Assert.Equal(Refusal.None, _house.Warden.Revoke("ssh", SpaHouse.Home));
        Assert.Empty(Held);
        Assert.Equal(["alice", "bob"], _house.Audit.Entries.TakeLast(2).Select(e => e.By!.Name).Order(StringComparer.Ordinal));
        Assert.Equal(Refusal.NoSuchGrant, _house.Warden.Revoke("ssh", SpaHouse.Home));
    }

    [Fact]
    public void A_key_that_is_revoked_or_gone_loses_its_grants_at_once_and_no_other_does()
    {
        Ask(TestKeys.Alice, services: ["ssh", "web"]);
        Ask(TestKeys.Bob, port: 4000);
        _house.Knock(0, SpaHouse.Elsewhere);
        Renew(SpaHouse.Alice with { Revoked = true }, SpaHouse.Bob);
        Assert.Equal(["-ssh 192.0.2.1", "-web 192.0.2.1"], _house.Kernel.Notes.TakeLast(2).Order(StringComparer.Ordinal));
        Assert.Equal((AuditEvent.Revoked, "alice"), (_house.Audit.Entries[^1].What, _house.Audit.Entries[^1].By!.Name));
        Assert.Equal(["ssh:0", "ssh:4000"], Held);
        Renew();
        Assert.Equal(["ssh:0"], Held);
        Assert.Equal(Refusal.UnknownKey, Ask(TestKeys.Bob));
    }

    [Fact]
    public void A_key_that_has_expired_or_may_use_less_loses_what_it_may_no_longer_have()
    {
        Ask(TestKeys.Alice, services: ["ssh", "web"]);
        Renew(SpaHouse.Alice with { AnyService = false, Services = ["ssh"] });
        Assert.Equal(["ssh:0"], Held);
        Renew(SpaHouse.Alice with { Expires = _house.Now.Wall });
        Assert.Empty(Held);
    }

    [Fact]
    public void What_the_kernel_does_not_close_stays_in_the_book_and_is_tried_again()
    {
        Ask(TestKeys.Alice);
        _house.Kernel.Fails = 12;
        Renew();
        Assert.Equal(["ssh:0"], Held);
        Assert.Equal(Refusal.FirewallFailed, _house.Audit.Entries[^1].Refusal);
        _house.Kernel.Fails = 0;
        Renew();
        Assert.Empty(Held);
    }

    [Fact]
    public void At_a_start_grants_are_kept_with_their_holder_but_not_those_of_keys_that_are_gone()
    {
        _house.Kernel.Standing =
        [
            new("ssh", new(SpaHouse.Home, 4000, SpaHouse.Alice.Hint), TimeSpan.FromSeconds(20)),
            new("ssh", new(SpaHouse.Home, 0, "00000000000000aa"), TimeSpan.FromSeconds(20)),
            new("web", new(SpaHouse.Home, 0, SpaHouse.Bob.Hint), TimeSpan.FromSeconds(20)), // which bob may not use
            new("web", new(SpaHouse.Elsewhere), TimeSpan.FromSeconds(20)),
        ];
        _house.Apply();
        Assert.Equal(["ssh:4000", "web:0"], Held);
        Assert.Equal(["-ssh 192.0.2.1", "-web 192.0.2.1"], _house.Kernel.Notes);
        Assert.Equal("alice", _house.Audit.Entries.First(e => e is { What: AuditEvent.Kept, SourcePort: 4000 }).By!.Name);
        _house.Options = _house.Options with { Services = [_house.Options.Services[0]] };
        _house.Kernel.Standing = [_house.Kernel.Standing[0]];
        _house.Apply();
        Assert.Equal(["ssh:4000"], Held);
        Assert.Single(_house.Audit.Entries, e => e is { What: AuditEvent.Kept, SourcePort: 4000 }); // said once, not at each reload
    }

    /// <summary>Two behind one address share its grant; whose end it is, with whose key it goes.</summary>
    [Fact]
    public void Of_two_at_one_address_it_is_his_who_has_it_longest()
    {
        Renew(SpaHouse.Alice with { Max = TimeSpan.FromHours(1) }, SpaHouse.Bob);
        Ask(TestKeys.Alice, seconds: 3600);
        Ask(TestKeys.Bob);
        Assert.Equal(SpaHouse.Alice.Hint, Assert.Single(_house.Warden.Grants).Holder);
        Assert.Equal("bob", _house.Audit.Entries[^1].By!.Name);
        Renew(SpaHouse.Bob); // alice is gone, and her hour with her
        Assert.Empty(Held);

        Ask(TestKeys.Bob);
        _house.Pass(10);
        Renew(SpaHouse.Alice, SpaHouse.Bob);
        Ask(TestKeys.Alice);
        Assert.Equal(SpaHouse.Alice.Hint, Assert.Single(_house.Warden.Grants).Holder);
        Renew(SpaHouse.Alice);
        Assert.Equal(["ssh:0"], Held);
    }

    [Fact]
    public void Grants_are_bounded_for_signed_requests_too()
    {
        _house.Options = _house.Options with { MaxGrants = 2 };
        _house.Apply();
        Assert.Equal(Refusal.None, Ask(TestKeys.Alice, port: 1));
        _house.Pass(0.001);
        var verdict = _house.AskFor(_house.Request("ssh", "web") with { SourcePort = 2 });
        Assert.Equal(Refusal.TooManyGrants, verdict.Refusal);
        Assert.Equal([Refusal.None, Refusal.TooManyGrants], verdict.Outcomes.Select(o => o.Refusal));
        Assert.Equal(2, _house.Warden.GrantCount);
        Assert.Equal(Refusal.None, Ask(TestKeys.Alice, port: 1)); // and the last place can still be extended
    }

    [Fact]
    public void Narrow_and_wide_are_two_grants()
    {
        Ask(TestKeys.Alice);
        Ask(TestKeys.Alice, port: 4000);
        Ask(TestKeys.Alice, port: 4000);
        Assert.Equal(["opened", "opened", "extended"], _house.Audit.Entries.Select(e => e.What.ToString().ToLowerInvariant()));
        _house.Pass(31);
        _house.Warden.EndGrants(_house.Now);
        Assert.Empty(Held);
        Assert.Equal([0, 4000], _house.Audit.Entries.Where(e => e.What == AuditEvent.Ended).Select(e => (int)e.SourcePort));
    }
}
