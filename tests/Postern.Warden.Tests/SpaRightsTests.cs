using System.Collections.Immutable;
using System.Net;
using Postern.Reports;
using Postern.Reports.Spa;

namespace Postern.Warden.Tests;

/// <summary>What a key may have, for whom, and for how long.</summary>
public sealed class SpaRightsTests
{
    private readonly SpaHouse _house = new();

    private SpaRequest BobAsks(params string[] services) => _house.Request(services) with { KeyHint = TestKeys.Bob.PublicKey.Hint };

    private void Renew(params Identity[] identities) => _house.Warden.Renew(_house.Spa with { Identities = [.. identities] }, _house.Now);

    [Fact]
    public void All_its_services_are_opened_and_written_down_with_who_asked()
    {
        Assert.Equal(Refusal.None, _house.Ask(_house.Request("ssh", "web") with { Device = 7, Address = SpaHouse.Elsewhere, SourcePort = 4000 }));
        Assert.Equal(["+ssh 2001:db8::e:4000 30", "+web 2001:db8::e:4000 60"], _house.Kernel.Notes);
        Assert.All(_house.Warden.Grants, g => Assert.Equal((SpaHouse.Alice.Hint, 4000), (g.Holder, g.SourcePort)));
        var entry = _house.Audit.Entries[0];
        Assert.Equal(("opened", "ssh", SpaHouse.Elsewhere, (ushort)4000), (entry.What.ToString().ToLowerInvariant(), entry.Service, entry.Source, entry.SourcePort));
        Assert.Equal(new Requester("alice", SpaHouse.Alice.Hint, 7) { Packet = SpaHouse.Home }, entry.By);
        Assert.Matches("^[0-9a-f]{16}$", SpaHouse.Alice.Hint);
    }

    [Fact]
    public void Without_an_address_it_is_the_packets_source()
    {
        _house.Ask(_house.Request(), SpaHouse.Elsewhere);
        Assert.Equal(["+ssh 2001:db8::e 30"], _house.Kernel.Notes);
        Assert.Equal(Address.None, _house.Audit.Entries[0].By!.Packet);
    }

    [Theory]
    [InlineData("ssh,web", "service-not-allowed", "web")]
    [InlineData("web,gone", "service-not-allowed", "web")]
    [InlineData("gone", "service-not-allowed", "gone")]
    [InlineData("listed", "no-such-service", "listed")]
    [InlineData("ssh,listed,web", "no-such-service", "listed")]
    [InlineData("web,listed", "service-not-allowed", "web")]
    public void Services_are_had_all_or_not_at_all_and_the_one_is_named(string services, string expected, string which)
    {
        Renew(SpaHouse.Bob with { Services = ["ssh", "listed"] });
        Assert.Equal(expected, _house.Ask(BobAsks(services.Split(','))).Word());
        Assert.Equal(which, _house.Audit.Entries[^1].Service);
        Assert.Empty(_house.Kernel.Notes);
        Assert.Equal(0, _house.Ledger.Remembered);
    }

    [Theory]
    [InlineData(0, null, 30, false)]
    [InlineData(10, null, 10, false)]
    [InlineData(30, null, 30, false)]
    [InlineData(31, null, 30, true)]
    [InlineData(31, 3600, 31, false)]
    [InlineData(0, 3600, 30, false)]
    [InlineData(0, 20, 20, true)]
    [InlineData(21, 20, 20, true)]
    [InlineData(20, 20, 20, false)]
    [InlineData(-1, 3600, 3600, true)] // the greatest that can be asked for
    public void How_long_is_asked_capped_and_said(int asked, int? max, int given, bool capped)
    {
        Renew(SpaHouse.Alice with { Max = max is { } seconds ? TimeSpan.FromSeconds(seconds) : null });
        Assert.Equal(Refusal.None, _house.Ask(_house.Request() with { Seconds = (uint)asked }));
        Assert.Equal([$"+ssh 192.0.2.1 {given}"], _house.Kernel.Notes);
        Assert.Equal(capped ? TimeSpan.FromSeconds(asked == 0 ? 30 : (uint)asked) : null, _house.Audit.Entries[^1].Capped);
    }

    [Theory]
    [InlineData("192.0.2.0/24", "192.0.2.1", "none")]
    [InlineData("192.0.2.0/24", "::ffff:192.0.2.1", "none")]
    [InlineData("192.0.2.0/24", "192.0.3.1", "address-not-allowed")]
    [InlineData("192.0.2.0/24,2001:db8::/32", "2001:db8::1", "none")]
    [InlineData("192.0.2.0/24", "2001:db8::1", "address-not-allowed")]
    [InlineData("::/0", "192.0.2.1", "address-not-allowed")]
    public void From_is_held_against_the_address_that_is_granted(string from, string address, string expected)
    {
        Renew(SpaHouse.Alice with { From = Networks(from) });
        Assert.Equal(expected, _house.Ask(_house.Request() with { Address = SpaHouse.Ip(address) }, SpaHouse.Ip("203.0.113.5")).Word());
    }

    [Theory]
    [InlineData("192.0.2.66", "203.0.113.1", "address-denied")] // the address asked for
    [InlineData("203.0.113.1", "192.0.2.66", "address-denied")] // who asks, though for another
    [InlineData("::ffff:192.0.2.66", "203.0.113.1", "address-denied")]
    [InlineData("203.0.113.1", "203.0.113.1", "none")]
    [InlineData("203.0.113.1", "198.51.100.7", "none")] // the allow list is about who is let in
    [InlineData("198.51.100.7", "203.0.113.1", "address-not-allowed")]
    [InlineData("::192.0.2.1", "203.0.113.1", "unusable-address")] // IPv4-compatible, RFC 4291 §2.5.5.1: nobody's
    [InlineData("::ffff:127.0.0.1", "203.0.113.1", "unusable-address")]
    [InlineData("::ffff:0.0.0.0", "203.0.113.1", "unusable-address")]
    [InlineData("ff02::1", "203.0.113.1", "unusable-address")]
    public void The_deny_list_holds_for_the_address_and_for_the_packets_source(string address, string packet, string expected)
    {
        _house.Options = _house.Options with { Policy = new() { Deny = Networks("192.0.2.64/26"), Allow = Networks("192.0.2.0/24,203.0.113.0/24") } };
        _house.Apply();
        Assert.Equal(expected, _house.Ask(_house.Request() with { Address = SpaHouse.Ip(address) }, SpaHouse.Ip(packet)).Word());
    }

    [Theory]
    [InlineData("Fri 12:00-12:01", "none")]
    [InlineData("Fri 11:00-12:00", "outside-hours")]
    public void A_key_has_hours_of_its_own(string hours, string expected)
    {
        Renew(SpaHouse.Alice with { Hours = [WeeklyHours.TryParse(hours, out var parsed) ? parsed : throw new FormatException(hours)] });
        Assert.Equal(expected, _house.Ask(_house.Request()).Word());
    }

    [Theory]
    [InlineData(ClientSystem.Linux, "none")]
    [InlineData(ClientSystem.Windows, "system-not-allowed")]
    [InlineData(ClientSystem.Unsaid, "system-not-allowed")]
    [InlineData((ClientSystem)200, "system-not-allowed")]
    public void A_key_may_be_for_some_systems_only(ClientSystem system, string expected)
    {
        Renew(SpaHouse.Alice with { Systems = [ClientSystem.Linux, ClientSystem.MacOs] });
        Assert.Equal(expected, _house.Ask(_house.Request() with { System = system }).Word());
    }

    [Theory]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    public void What_is_required_may_be_so_of_all_or_of_one_key(bool address, bool port, bool ofAll)
    {
        if (ofAll)
            _house.Warden.Renew(_house.Spa with { RequireAddress = address, RequireSourcePort = port }, _house.Now);
        else
            Renew(SpaHouse.Alice with { RequireAddress = address, RequireSourcePort = port });
        Assert.Equal(address ? Refusal.AddressRequired : Refusal.SourcePortRequired, _house.Ask(_house.Request()));
        Assert.Equal(Refusal.None, _house.Ask(_house.Request() with { Address = address ? SpaHouse.Home : Address.None, SourcePort = port ? (ushort)1 : (ushort)0 }));
    }

    [Fact]
    public void An_expiry_is_the_first_moment_outside()
    {
        Renew(SpaHouse.Alice with { Expires = _house.Now.Wall.AddTicks(1) });
        Assert.Equal(Refusal.None, _house.Ask(_house.Request()));
        _house.Pass(0.0000001);
        Assert.Equal(Refusal.KeyExpired, _house.Ask(_house.Request()));
    }

    [Fact]
    public void Of_two_keys_with_one_hint_both_are_tried()
    {
        var keys = new KeyRing([SpaHouse.Bob, SpaHouse.Alice], _ => TestKeys.Alice.PublicKey.Hint);
        var judge = new RequestJudge(_house.Options, _house.Spa, keys, new MemoryLedger());
        foreach (var (signer, name) in (ReadOnlySpan<(Keys.Ssh.ISshSigner, string)>)[(TestKeys.Alice, "alice"), (TestKeys.Bob, "bob")])
        {
            var hearing = new Hearing(SpaHouse.Home);
            Assert.Equal(Refusal.None, judge.Judge(_house.ReportOf(SpaHouse.Sign(_house.Request(), signer)), _house.Now, hearing));
            Assert.Equal(name, hearing.By.Name);
        }
    }

    [Fact]
    public void A_key_that_is_listed_twice_is_as_its_first_line_says_but_revoked_where_any_says_so()
    {
        Renew(SpaHouse.Alice with { Name = "first" }, SpaHouse.Alice with { Name = "second" });
        _house.Ask(_house.Request());
        Assert.Equal("first", _house.Audit.Entries[^1].By!.Name);
        Renew(SpaHouse.Alice, SpaHouse.Alice with { Revoked = true });
        Assert.Equal(Refusal.KeyRevoked, _house.Ask(_house.Request()));
    }

    [Fact]
    public void Sequences_and_signed_requests_go_on_side_by_side()
    {
        Assert.Equal(Refusal.None, _house.Knock(0, SpaHouse.Elsewhere));
        Assert.Null(_house.Audit.Entries[^1].By);
        Assert.Equal(Refusal.None, _house.Ask(_house.Request()));
        Assert.Equal(Refusal.None, _house.Warden.Grant("web", SpaHouse.Home, null, _house.Now));
        Assert.Equal(["", SpaHouse.Alice.Hint, ""], _house.Warden.Grants.Select(g => g.Holder));
    }

    private static ImmutableArray<IPNetwork> Networks(string text) => [.. text.Split(',').Select(IPNetwork.Parse)];
}
