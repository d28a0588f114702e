using System.Collections.Immutable;
using System.Net;
using System.Text;
using Postern.Firewall;
using Postern.Keys.Fwknop;
using Postern.Reports;
using Postern.Reports.Fwknop;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests.Fwknop;

/// <summary>A report of the sentry to grants, or to the first reason against them.</summary>
public sealed class FwknopJudgeTests
{
    private static readonly Address Sender = Address.FromV4(0xc0000201); // 192.0.2.1
    private static readonly Address Gate = Address.FromV4(0xc6336401); // 198.51.100.1
    private static readonly Address Named = Address.FromV4(0xcb007105); // 203.0.113.5

    private readonly NotePad _kernel = new();
    private readonly Lines _audit = new();
    private readonly MemoryLedger _ledger = new();
    private readonly OrderPad _errands = new();
    private readonly Warden _warden;
    private Moment _now = new(TimeSpan.FromHours(1), new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero));
    private int _salt;

    public FwknopJudgeTests() => _warden = new(_kernel, _audit, _ledger, _errands);

    private static FwknopCipherKey Cipher(string name) => FwknopCipherKey.From(Encoding.ASCII.GetBytes("c " + name));

    private static FwknopMacKey Mac(string name) => FwknopMacKey.From(Encoding.ASCII.GetBytes("m " + name), FwknopDigest.Sha256);

    private static FwknopStanza Stanza(string name) => new(name, Cipher(name), FwknopMode.Cbc) { Tag = Mac(name), Opens = ["ssh", "web", "lan"] };

    private void Apply(params FwknopStanza[] stanzas) => Apply(Policy.Open, stanzas);

    private void Apply(Policy policy, params FwknopStanza[] stanzas)
    {
        ImmutableArray<Service> services =
        [
            new("ssh", [new(Transport.Tcp, 22)]), new("web", [new(Transport.Tcp, 80), new(Transport.Udp, 80)]) { OpenFor = TimeSpan.FromSeconds(60) },
            new("lan", []) { Forward = new() { Within = [new(IPNetwork.Parse("10.0.0.0/24"), 22)] } },
            new("mail", [new(Transport.Tcp, 25)]), new("note", []) { Action = new(1, HasUndo: false) },
        ];
        _warden.Apply(new(services, []) { Fwknop = [.. stanzas], Policy = policy, LocalForwards = true }, new([], []), _now);
    }

    private FwknopMessage Message => new()
    {
        Random = "1234567890123456", User = "alice", Time = _now.Wall.ToUnixTimeSeconds(), Type = FwknopType.Access, Allow = Named, Ports = [new(Transport.Tcp, 22)],
    };

    private Report Report(FwknopMessage message, string stanza = "phone", int door = 0, byte tag = 32) => Report(FwknopMessageWriter.Write(message), stanza, door, tag);

    private Report Report(byte[] plaintext, string stanza, int door, byte tag)
    {
        var bytes = new byte[8 + FwknopCipherKey.LengthFor(plaintext.Length) + tag];
        BitConverter.TryWriteBytes(bytes, ++_salt);
        Cipher(stanza).Encrypt(FwknopMode.Cbc, bytes.AsSpan(0, 8), plaintext, bytes.AsSpan(8));
        return new(ReportKind.FwknopPacket, _warden.Generation, door, 40_000, Sender, Gate, 1) { Request = bytes, TagSize = tag };
    }

    private Refusal Judge(FwknopMessage message) => _warden.Handle(Report(message), _now).Refusal;

    [Fact]
    public void What_is_asked_for_is_granted_to_whom_it_names_for_as_long_as_it_says()
    {
        Apply(Stanza("phone"));
        Assert.Equal(Refusal.None, Judge(Message));
        Assert.Equal(Refusal.None, Judge(Message with { Type = FwknopType.TimedAccess, Timeout = 90, Ports = [new(Transport.Udp, 80), new(Transport.Tcp, 80), new(Transport.Tcp, 22)] }));
        Assert.Equal(Refusal.None, Judge(Message with { Type = FwknopType.TimedAccess, Timeout = 9_999 }));
        Assert.Equal(["+ssh 203.0.113.5 30", "+web 203.0.113.5 90", "+ssh 203.0.113.5 90", "+ssh 203.0.113.5 300"], _kernel.Notes);
        Assert.Equal("opened phone ssh 203.0.113.5 12:00:30 none", _audit.Notes[0]);
        Assert.Equal(("alice", Sender), (_audit.Entries[0].By!.User, _audit.Entries[0].By!.Packet));
        Assert.Equal(TimeSpan.FromSeconds(9_999), _audit.Entries[^1].Capped);
        Assert.Equal(3, _ledger.Remembered);
    }

    [Fact]
    public void The_same_packet_is_good_once()
    {
        Apply(Stanza("phone"));
        var report = Report(Message);
        Assert.Equal(Refusal.None, _warden.Handle(report, _now).Refusal);
        Assert.Equal(Refusal.Replayed, _warden.Handle(report, _now).Refusal);
        Assert.Equal(Refusal.Replayed, _warden.Handle(report with { Source = Named, SourcePort = 7 }, _now).Refusal);
        Assert.Single(_kernel.Notes);
    }

    /// <summary>Without its tag it is another text, and the stanza without tags has the same key: it is the same packet.</summary>
    [Fact]
    public void Taking_off_the_tag_makes_no_new_packet_of_it()
    {
        Apply(Stanza("phone"), Stanza("bare") with { Key = Cipher("phone"), Tag = null });
        var report = Report(Message);
        Assert.Equal(Refusal.None, _warden.Handle(report, _now).Refusal);
        Assert.Equal(Refusal.Replayed, _warden.Handle(report with { Door = 1, TagSize = 0, Request = report.Request[..^32] }, _now).Refusal);
    }

    [Fact]
    public void What_cannot_be_remembered_is_not_granted_and_may_come_again()
    {
        Apply(Stanza("phone"));
        var report = Report(Message);
        _ledger.Fails = true;
        Assert.Equal(Refusal.NotRemembered, _warden.Handle(report, _now).Refusal);
        Assert.Empty(_kernel.Notes);
        _ledger.Fails = false;
        Assert.Equal(Refusal.None, _warden.Handle(report, _now).Refusal);
    }

    [Fact]
    public void What_was_refused_leaves_no_mark()
    {
        Apply(new Policy { Deny = [IPNetwork.Parse("203.0.113.0/24")] }, Stanza("phone"));
        var report = Report(Message);
        Assert.Equal(Refusal.AddressDenied, _warden.Handle(report, _now).Refusal);
        Assert.Equal(0, _ledger.Remembered);
        Apply(Stanza("phone"));
        Assert.Equal(Refusal.None, _warden.Handle(report with { Generation = _warden.Generation }, _now).Refusal);
    }

    [Theory]
    [InlineData(-121, Refusal.TooLate)]
    [InlineData(-120, Refusal.None)]
    [InlineData(120, Refusal.None)]
    [InlineData(121, Refusal.TooEarly)]
    [InlineData(-1_700_000_000, Refusal.TooLate)]
    [InlineData(998_000_000_000, Refusal.TooEarly)] // beyond what a time span holds, and the warden lives
    public void Its_time_is_held_against_the_clock(long seconds, Refusal expected)
    {
        Apply(Stanza("phone"));
        Assert.Equal(expected, Judge(Message with { Time = Message.Time + seconds }));
        if (expected != Refusal.None)
            Assert.NotNull(_audit.Entries[^1].By!.ClockOff);
    }

    [Fact]
    public void Years_after_2038_are_years()
    {
        _now = _now with { Wall = new(2040, 1, 1, 0, 0, 0, TimeSpan.Zero) };
        Apply(Stanza("phone"));
        Assert.Equal(Refusal.None, Judge(Message));
    }

    [Fact]
    public void Each_refusal_has_its_name()
    {
        Apply(Stanza("phone") with { User = "alice" }, Stanza("old") with { Expires = _now.Wall }, Stanza("near") with { Sources = [IPNetwork.Parse("10.0.0.0/8")] }, Stanza("lax") with { RequireAddress = false });
        Assert.Equal(Refusal.UserNotAllowed, Judge(Message with { User = "mallory" }));
        Assert.Equal(Refusal.AddressRequired, Judge(Message with { Allow = Address.None }));
        Assert.Equal(Refusal.UnusableAddress, Judge(Message with { Allow = Address.FromV4(0x7f000001) }));
        Assert.Equal(Refusal.ServiceNotAllowed, Judge(Message with { Ports = [new(Transport.Tcp, 22), new(Transport.Tcp, 25)] }));
        Assert.Equal(Refusal.ServiceNotAllowed, Judge(Message with { Ports = [new(Transport.Tcp, 9)] }));
        Assert.Equal(Refusal.CommandNotAllowed, Judge(Message with { Type = FwknopType.Command, Ports = [], Command = "reboot" }));
        Assert.Equal(Refusal.KnockExpired, _warden.Handle(Report(Message, "old", 1), _now).Refusal);
        Assert.Equal(Refusal.BadReport, _warden.Handle(Report(Message, "near", 2), _now).Refusal); // the sentry looks at that
        Assert.Equal(Refusal.BadReport, _warden.Handle(Report(Message, door: 4), _now).Refusal);
        Assert.Equal(Refusal.BadReport, _warden.Handle(Report(Message, door: -1), _now).Refusal);
        Assert.Equal(Refusal.BadReport, _warden.Handle(Report(Message, tag: 16), _now).Refusal);
        Assert.Equal(Refusal.NotSealedToUs, _warden.Handle(Report(Message, "stranger"), _now).Refusal);
        Assert.Equal(Refusal.BadRequest, _warden.Handle(Report(Encoding.ASCII.GetBytes("1234567890123456:rubbish:and:no:digest:of:it:at all"), "phone", 0, 32), _now).Refusal);
        Assert.Equal(Refusal.StaleKnock, _warden.Handle(Report(Message) with { Generation = _warden.Generation + 1 }, _now).Refusal);
        Assert.Empty(_kernel.Notes);
        Assert.Equal(0, _ledger.Remembered);
        Assert.Equal(Refusal.None, _warden.Handle(Report(Message with { Allow = Address.None }, "lax", 3), _now).Refusal);
        Assert.Equal(["+ssh 192.0.2.1 30"], _kernel.Notes);
    }

    [Fact]
    public void Of_stanzas_with_one_hmac_key_the_first_that_opens_it_decides()
    {
        Apply(Stanza("one") with { Tag = Mac("same") }, Stanza("two") with { Tag = Mac("same"), Opens = ["web"] }, Stanza("two") with { Name = "three", Tag = Mac("same") });
        Assert.Equal(Refusal.ServiceNotAllowed, _warden.Handle(Report(Message, "two"), _now).Refusal);
        Assert.StartsWith("refused two ", _audit.Notes[^1], StringComparison.Ordinal);
        Assert.Equal(Refusal.NotSealedToUs, _warden.Handle(Report(Message, "one", door: 1), _now).Refusal); // not one that stands before
    }

    [Fact]
    public void A_command_is_a_service_by_its_exact_text()
    {
        Apply(Stanza("phone") with { Commands = ImmutableDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("touch it", "note")]) });
        Assert.Equal(Refusal.None, Judge(Message with { Type = FwknopType.Command, Ports = [], Command = "touch it" }));
        Assert.Equal(Refusal.CommandNotAllowed, Judge(Message with { Type = FwknopType.Command, Ports = [], Command = "touch it " }));
        Assert.Equal(Refusal.CommandNotAllowed, Judge(Message with { Type = FwknopType.Command, Ports = [], Command = "Touch it" }));
        Assert.StartsWith("opened phone note 203.0.113.5", _audit.Notes[0], StringComparison.Ordinal);
    }

    [Fact]
    public void NAT_leads_where_a_service_allows_and_nowhere_else()
    {
        Apply(Stanza("phone"));
        var nat = Message with { Type = FwknopType.Nat, Ports = [new(Transport.Tcp, 42222)], Nat = new("10.0.0.5", 22) };
        Assert.Equal(Refusal.None, FromItself(nat));
        Assert.Equal(Refusal.ForwardNotAllowed, _warden.Handle(Report(nat), _now).Refusal); // another's address
        foreach (var taken in (ushort[])[25, 8443, 9999]) // what is served to all, or is not the stanza's
            Assert.Equal(Refusal.ForwardNotAllowed, FromItself(nat with { Ports = [new(Transport.Tcp, taken)] }));
        foreach (var bad in (FwknopNat[])[new("10.0.0.5", 23), new("10.0.1.5", 22), new("inside.example", 22), new("127.0.0.1", 22), new("0.0.0.0", 22)])
            Assert.Equal(Refusal.ForwardNotAllowed, FromItself(nat with { Nat = bad }));
        var local = nat with { Type = FwknopType.LocalNat, Ports = [new(Transport.Tcp, 40022)], Nat = new("gate.example", 22) };
        Assert.Equal(Refusal.None, FromItself(local));
        Assert.Equal(Refusal.ForwardNotAllowed, FromItself(local with { Nat = new("gate.example", 25) })); // not in 'opens'
        Assert.Equal(["+lan 203.0.113.5 tcp/42222->10.0.0.5:22 30", "+ssh 203.0.113.5 tcp/40022->:22 30"], _kernel.Notes);
    }

    /// <summary>The packet comes from the address that it names.</summary>
    private Refusal FromItself(FwknopMessage message) => _warden.Handle(Report(message) with { Source = message.Allow }, _now).Refusal;
}
