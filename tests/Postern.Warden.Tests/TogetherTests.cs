using Postern.Firewall;
using Postern.Keys.Ssh;
using Postern.Reports;
using Postern.Reports.Spa;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests;

/// <summary>Reports that waited together: each is answered as if it had come alone, and the disk and the kernel are told once.</summary>
public sealed class TogetherTests : IDisposable
{
    private readonly LedgerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static Address From(int host) => Address.FromV4(0x0b00_0000 + (uint)host);

    private static Report Knock(SpaHouse house, int door, Address source) => new(ReportKind.SequenceCompleted, house.Warden.Generation, door, 1234, source, source, 1);

    private static Refusal[] Handle(SpaHouse house, params Report[] reports) => Array.ConvertAll(HandleAll(house, reports), verdict => verdict.Refusal);

    private static Verdict[] HandleAll(SpaHouse house, params Report[] reports)
    {
        var verdicts = new Verdict[reports.Length];
        house.Warden.Handle(reports, house.Now, verdicts);
        return verdicts;
    }

    private static Report Ask(SpaHouse house, SpaRequest request, ISshSigner? key = null) => house.ReportOf(SpaHouse.Sign(request, key));

    [Fact]
    public void Each_of_many_has_its_own_answer()
    {
        var house = new SpaHouse();
        house.Pass(1);
        var bob = house.Request() with { KeyHint = TestKeys.Bob.PublicKey.Hint };
        Assert.Equal(
            [Refusal.None, Refusal.None, Refusal.BadReport, Refusal.ServiceNotAllowed, Refusal.None],
            Handle(house,
                Knock(house, 0, From(1)),
                Ask(house, house.Request("ssh", "web")),
                Knock(house, 99, From(2)),
                Ask(house, bob with { Services = ["web"] }, TestKeys.Bob),
                Ask(house, bob, TestKeys.Bob)));
        Assert.Equal(["+ssh 11.0.0.1 30", "+ssh 192.0.2.1 30", "+web 192.0.2.1 60"], house.Kernel.Notes.Take(3));
        Assert.Equal(3, house.Warden.GrantCount); // alice and bob knock from one address
    }

    /// <summary>What the kernel refuses of one is no other's.</summary>
    [Fact]
    public void A_kernel_that_refuses_one_gives_the_others_theirs()
    {
        using var kernel = new Picky("11.0.0.2");
        var audit = new Lines();
        var house = new SpaHouse();
        var warden = new Warden(kernel, audit);
        warden.Apply(house.Options, new([], []), house.Now);
        var verdicts = new Verdict[3];
        warden.Handle([.. Enumerable.Range(1, 3).Select(i => Knock(house, 0, From(i)))], house.Now, verdicts);
        Assert.Equal([Refusal.None, Refusal.FirewallFailed, Refusal.None], verdicts.Select(v => v.Refusal));
        Assert.Equal(1, kernel.Batches);
        Assert.Equal(2, warden.GrantCount);
        Assert.Contains(audit.Entries, e => e is { What: AuditEvent.Refused, Refusal: Refusal.FirewallFailed } && e.Source == From(2));
    }

    [Fact]
    public void The_same_twice_is_one_grant_extended_and_a_close_between_them_closes()
    {
        var house = new SpaHouse();
        Assert.Equal([Refusal.None, Refusal.None, Refusal.None, Refusal.None, Refusal.NoSuchGrant],
            Handle(house, Knock(house, 0, From(1)), Knock(house, 0, From(1)), Knock(house, 1, From(1)), Knock(house, 0, From(1)), Knock(house, 1, From(2))));
        Assert.Equal(["+ssh 11.0.0.1 30", "+ssh 11.0.0.1 30", "-ssh 11.0.0.1", "+ssh 11.0.0.1 30"], house.Kernel.Notes);
        Assert.Equal(["opened", "extended", "closed", "opened", "refused"], house.Audit.Entries.Select(e => e.What.ToString().ToLowerInvariant()));
        Assert.Equal(1, house.Warden.GrantCount);
    }

    [Fact]
    public void No_more_than_there_is_room_for()
    {
        var house = new SpaHouse { Options = new SpaHouse().Options with { MaxGrants = 3 } };
        house.Apply();
        Assert.Equal(
            [Refusal.None, Refusal.None, Refusal.None, Refusal.TooManyGrants, Refusal.None],
            Handle(house, [.. ((int[])[1, 2, 3, 4, 2]).Select(i => Knock(house, 0, From(i)))]));
    }

    /// <summary>Copies that come in one turn, and an older one behind a newer: neither is believed because the newer is not on the disk yet.</summary>
    [Fact]
    public void One_request_is_good_once_also_in_one_turn()
    {
        using var ledger = _folder.Open();
        var house = new SpaHouse(ledger);
        house.Pass(9);
        var first = Ask(house, house.Request());
        var older = Ask(house, house.Request() with { Time = house.Time - 1 });
        var newer = Ask(house, house.Request() with { Time = house.Time + 1 });
        var device = Ask(house, house.Request() with { Device = 5 });
        Assert.Equal([Refusal.None, Refusal.Replayed, Refusal.Replayed, Refusal.None, Refusal.Replayed, Refusal.None], Handle(house, first, first, older, newer, first, device));
        Assert.Equal(Refusal.Replayed, Assert.Single(Handle(house, first)));
    }

    [Fact]
    public void All_are_flushed_at_once_before_anything_is_opened()
    {
        var steps = new List<LedgerStep>();
        SpaHouse? house = null;
        using var ledger = _folder.Open(before: step =>
        {
            Assert.Empty(house?.Kernel.Notes ?? []);
            steps.Add(step);
        });
        house = new(ledger);
        house.Pass(1);
        steps.Clear();
        Assert.All(Handle(house, [.. Enumerable.Range(0, 10).Select(i => Ask(house, house.Request() with { Device = (uint)i }))]), refusal => Assert.Equal(Refusal.None, refusal));
        Assert.Equal([LedgerStep.Append, LedgerStep.FlushAppended], steps);
        Assert.Equal(10, house.Kernel.Notes.Count);
    }

    [Theory]
    [InlineData(nameof(LedgerStep.Append))]
    [InlineData(nameof(LedgerStep.FlushAppended))]
    public void What_cannot_be_remembered_is_refused_all_of_it_and_good_when_the_disk_is(string sick)
    {
        var step = (LedgerStep?)null;
        using var ledger = _folder.Open(before: s =>
        {
            if (s == step)
                throw new IOException("Input/output error");
        });
        var house = new SpaHouse(ledger);
        house.Pass(1);
        Report[] reports = [Ask(house, house.Request()), Knock(house, 0, From(1)), Ask(house, house.Request() with { Device = 7 })];
        step = Enum.Parse<LedgerStep>(sick);
        Assert.Equal([Refusal.NotRemembered, Refusal.None, Refusal.NotRemembered], Handle(house, reports));
        Assert.Equal(["+ssh 11.0.0.1 30"], house.Kernel.Notes);
        step = null;
        Assert.Equal([Refusal.None, Refusal.None, Refusal.None], Handle(house, reports));
    }

    /// <summary>A kernel that counts how often it was told, and refuses one.</summary>
    private sealed class Picky(string refused) : IFirewall
    {
        public int Batches { get; private set; }

        public System.Collections.Immutable.ImmutableArray<StandingGrant> Apply(Protection protection) => [];

        public void Open(ReadOnlySpan<Opening> openings, Span<FirewallResult> results)
        {
            Batches++;
            for (var i = 0; i < openings.Length; i++)
                results[i] = Open(openings[i].Service, openings[i].To, openings[i].Time);
        }

        public FirewallResult Open(ProtectedService service, Grantee to, TimeSpan time) => new(to.Source == SpaHouse.Ip(refused) ? 5 : 0);

        public FirewallResult Open(ProtectedService service, Grantee to, PortForward chosen, TimeSpan time) => default;

        public FirewallResult Close(ProtectedService service, Grantee to) => default;

        public FirewallResult Close(ProtectedService service, Grantee to, PortForward chosen) => default;

        public void TearDown() { }

        public FirewallState Inspect() => new(true, null);

        public void Dispose() { }
    }
}
