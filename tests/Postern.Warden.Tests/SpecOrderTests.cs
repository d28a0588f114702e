using System.Collections.Immutable;
using System.Net;
using Postern.Reports;
using Postern.Reports.Spa;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests;

/// <summary>The warden's part of spec §7: each step by itself, and of each two steps the earlier one is what is said.</summary>
public sealed class SpecOrderTests
{
    /// <summary>A request that is granted, until one of the steps finds something in it.</summary>
    private sealed class Scene
    {
        public SpaHouse House { get; } = new();

        public SpaRequest Request { get; set; }

        public Identity Who { get; set; } = SpaHouse.Alice;

        public SpaOptions Spa { get; set; }

        public Policy Policy { get; set; } = Policy.Open;

        public Address Packet { get; set; } = SpaHouse.Home;

        /// <summary>Of what is written and signed.</summary>
        public Action<byte[]> Damage { get; set; } = _ => { };

        public bool WasAccepted { get; set; }

        public bool LedgerFails { get; set; }

        public Scene()
        {
            Request = House.Request();
            Spa = House.Spa;
        }

        public Refusal Play()
        {
            House.Options = House.Options with { Policy = Policy };
            if (WasAccepted)
                Assert.True(House.Ledger.TryRemember(KeyFingerprint.Of(Who.Key), 0, ulong.MaxValue));
            House.Ledger.Fails = LedgerFails;
            House.Spa = Spa with { Identities = [Who] };
            House.Apply();
            var bytes = SpaHouse.Sign(Request);
            Damage(bytes);
            return House.Send(bytes, Packet).Refusal;
        }
    }

    private static readonly (string Step, Refusal Word, Action<Scene> Make)[] Steps =
    [
        ("version", Refusal.UnknownVersion, s => s.Damage += b => b[0] = 2),
        ("layout", Refusal.BadRequest, s => s.Damage += b => b[^1] = 1),
        ("key", Refusal.UnknownKey, s => s.Request = s.Request with { KeyHint = 7 }),
        ("signature", Refusal.BadSignature, s => s.Damage += b => b[2 + 7] ^= 1),
        ("revoked", Refusal.KeyRevoked, s => s.Who = s.Who with { Revoked = true }),
        ("expired", Refusal.KeyExpired, s => s.Who = s.Who with { Expires = s.House.Now.Wall }),
        ("gate", Refusal.WrongGate, s => s.Request = s.Request with { GateId = 9 }),
        ("late", Refusal.TooLate, s => s.Request = s.Request with { Time = s.Request.Time - 61_000_000_000 }),
        ("replay", Refusal.Replayed, s => s.WasAccepted = true),
        ("no address", Refusal.AddressRequired, s => s.Spa = s.Spa with { RequireAddress = true }),
        ("no source port", Refusal.SourcePortRequired, s => s.Who = s.Who with { RequireSourcePort = true }),
        ("unusable", Refusal.UnusableAddress, s => s.Packet = SpaHouse.Ip("127.0.0.1")),
        ("denied", Refusal.AddressDenied, s => s.Policy = s.Policy with { Deny = [.. Everywhere] }),
        ("not allowed", Refusal.AddressNotAllowed, s => s.Policy = s.Policy with { Allow = [IPNetwork.Parse("203.0.113.0/24")] }),
        ("hours", Refusal.OutsideHours, s => s.Policy = s.Policy with { Hours = [Weekend] }),
        ("key's from", Refusal.AddressNotAllowed, s => s.Who = s.Who with { From = [IPNetwork.Parse("203.0.113.0/24")] }),
        ("key's hours", Refusal.OutsideHours, s => s.Who = s.Who with { Hours = [Weekend] }),
        ("key's systems", Refusal.SystemNotAllowed, s => s.Who = s.Who with { Systems = [ClientSystem.Linux] }),
        ("key's services", Refusal.ServiceNotAllowed, s => s.Who = s.Who with { AnyService = false, Services = ["web", "gone"] }),
        ("no service", Refusal.NoSuchService, s => s.Request = s.Request with { Services = ["gone", .. s.Request.Services] }),
        ("ledger", Refusal.NotRemembered, s => s.LedgerFails = true),
        ("kernel", Refusal.FirewallFailed, s => s.House.Kernel.Fails = 5),
    ];

    private static ImmutableArray<IPNetwork> Everywhere => [IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")];

    private static WeeklyHours Weekend => WeeklyHours.TryParse("Sat-Sun 00:00-24:00", out var hours) ? hours : default;

    public static TheoryData<string> Names => new(Steps.Select(s => s.Step));

    [Fact]
    public void Without_a_fault_it_is_granted() => Assert.Equal(Refusal.None, new Scene().Play());

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_step_has_its_word_and_nothing_is_opened_or_remembered(string name)
    {
        var (_, word, make) = Steps.Single(s => s.Step == name);
        var scene = new Scene();
        make(scene);
        Assert.Equal(word, scene.Play());
        Assert.Empty(scene.House.Kernel.Notes);
        Assert.Equal(0, scene.House.Warden.GrantCount);
        Assert.Equal(name is "replay" or "kernel" ? 1 : 0, scene.House.Ledger.Remembered);
        Assert.Equal(word, Assert.Single(scene.House.Audit.Entries).Refusal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Of_two_faults_the_earlier_is_said(string name)
    {
        var index = Array.FindIndex(Steps, s => s.Step == name);
        foreach (var later in Steps[(index + 1)..])
        {
            if ((name, later.Step) is ("key's services", "no service"))
                continue; // judged service by service: see SpaRightsTests
            var scene = new Scene();
            later.Make(scene);
            Steps[index].Make(scene);
            Assert.True(Steps[index].Word == scene.Play(), $"'{later.Step}' was said before '{name}'");
        }
    }

    [Fact]
    public void Where_no_keys_are_configured_a_signed_report_is_a_bad_one()
    {
        var house = new SpaHouse();
        house.Warden.Apply(house.Options, new([], []), house.Now);
        Assert.Equal(Refusal.BadReport, house.Send(SpaHouse.Sign(house.Request())).Refusal);
        Assert.Empty(house.Kernel.Notes);
    }
}
