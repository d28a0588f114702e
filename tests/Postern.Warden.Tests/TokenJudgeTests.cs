using System.Collections.Immutable;
using Postern.Firewall;
using Postern.Reports;
using Postern.Reports.Tokens;
using Postern.Warden.Ledger;

namespace Postern.Warden.Tests;

/// <summary>A token that the sentry found, to grants or to the first reason against them.</summary>
public sealed class TokenJudgeTests
{
    private static readonly Address Sender = Address.FromV4(0xc0000201); // 192.0.2.1
    private static readonly Address Gate = Address.FromV4(0xc6336401); // 198.51.100.1

    private readonly NotePad _kernel = new();
    private readonly Lines _audit = new();
    private readonly MemoryLedger _ledger = new();
    private readonly Warden _warden;
    private Moment _now = new(TimeSpan.FromHours(1), new(2026, 11, 20, 12, 0, 10, TimeSpan.Zero));

    public TokenJudgeTests() => _warden = new(_kernel, _audit, _ledger);

    private static TokenKnock Rolling(string name = "phone", int secret = 1) => new(name, TokenMethod.Rolling, new((UInt128)secret, 0))
    {
        Opens = ["ssh"],
        Period = TimeSpan.FromSeconds(30),
        MaxAge = TimeSpan.FromSeconds(30),
    };

    private static TokenKnock Ports(string name = "card") => new(name, TokenMethod.Ports, new(9, 0)) { Opens = ["ssh", "web"], MaxAge = TimeSpan.FromSeconds(20) };

    private void Apply(params TokenKnock[] knocks) => Apply(Policy.Open, knocks);

    private void Apply(Policy policy, params TokenKnock[] knocks)
    {
        ImmutableArray<Service> services = [new("ssh", [new(Transport.Tcp, 22)]), new("web", [new(Transport.Tcp, 80)]) { OpenFor = TimeSpan.FromSeconds(60) }];
        _warden.Apply(new(services, []) { Tokens = [.. knocks], Policy = policy }, new([], []), _now);
    }

    private TokenRequest Token(TokenMethod method = TokenMethod.Rolling) => new(method, (ulong)(_now.Wall.ToUnixTimeSeconds() / 30 * 30)) { Number = 5 };

    private Report Report(TokenRequest token, int door = 0)
    {
        var bytes = new byte[TokenRequest.Size];
        token.Write(bytes);
        return new(ReportKind.Token, _warden.Generation, door, 40_000, Sender, Gate, 1) { Request = bytes };
    }

    private Refusal Judge(TokenRequest token, int door = 0) => _warden.Handle(Report(token, door), _now).Refusal;

    [Fact]
    public void A_token_opens_what_its_knock_opens_and_closes_what_it_closes()
    {
        Apply(Rolling() with { Opens = ["ssh"], Closes = ["web"] });
        Assert.Equal(Refusal.NoSuchGrant, Judge(Token())); // nothing to close, and the rest is done
        Assert.Equal(["+ssh 192.0.2.1 30"], _kernel.Notes);
        Assert.Contains("opened phone ssh 192.0.2.1 12:00:40 none", _audit.Notes);
        _warden.Grant("web", Sender, null, _now);
        Assert.Equal(Refusal.None, Judge(Token() with { Number = 6 }));
    }

    [Fact]
    public void It_is_good_once_and_a_mark_stands_before_anything_is_opened()
    {
        Apply(Rolling(), Rolling("other", secret: 2));
        _ledger.Fails = true;
        Assert.Equal(Refusal.NotRemembered, Judge(Token()));
        Assert.Empty(_kernel.Notes);
        _ledger.Fails = false;
        Assert.Equal(Refusal.None, Judge(Token()));
        Assert.Equal(Refusal.Replayed, Judge(Token()));
        Assert.Equal(Refusal.Replayed, _warden.Handle(Report(Token()) with { Source = Gate, SourcePort = 9 }, _now).Refusal);
        Assert.Equal(Refusal.None, Judge(Token(), door: 1)); // the same token by another secret is another
        Assert.Equal(Refusal.None, Judge(Token() with { Number = 6 }));
    }

    [Theory]
    [InlineData(-31, Refusal.TooEarly)] // its step begins at 12:00:00, and one step before it is fine
    [InlineData(-30, Refusal.None)]
    [InlineData(59, Refusal.None)]
    [InlineData(60, Refusal.TooLate)]
    public void Its_time_is_the_wardens_to_judge(int seconds, Refusal expected)
    {
        Apply(Rolling());
        var token = Token();
        _now = _now with { Wall = new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero).AddSeconds(seconds) };
        Assert.Equal(expected, Judge(token));
        Assert.Equal(expected != Refusal.None, _audit.Entries[^1].By?.ClockOff is not null);
    }

    [Fact]
    public void What_is_forgotten_is_not_believed_to_be_new()
    {
        Apply(Rolling());
        var token = Token();
        Assert.Equal(Refusal.None, Judge(token));
        var book = new MarkBook();
        var mark = new LedgerMark(MarkKind.Token, new(1, 1), 200) { Made = 100 };
        book.Add(mark);
        book.Add(mark with { Kind = MarkKind.Packet, Expires = 500 });
        book.Forget(201);
        Assert.True(book.Has(mark, ulong.MaxValue));
        Assert.True(book.Has(mark with { Digest = new(2, 2) }, ulong.MaxValue));
        Assert.False(book.Has(new(MarkKind.Packet, new(2, 2), 200) { Made = 100 }, ulong.MaxValue)); // tokens' floor is not packets'
        var again = new MarkBook();
        foreach (var record in book.Records())
            again.Read(record);
        Assert.True(again.Has(mark, ulong.MaxValue));
        Assert.Equal(book.Count, again.Count);
    }

    /// <summary>What is forgotten leaves a floor, so that a used token of a strict knock is kept as long as one of the most patient: its floor would refuse their tokens.</summary>
    [Fact]
    public void What_one_knock_forgets_costs_another_no_token()
    {
        Apply(Ports("strict") with { MaxAge = TimeSpan.FromSeconds(5) }, Ports("patient") with { Secret = new(7, 7), MaxAge = TimeSpan.FromSeconds(60) });
        var made = (ulong)_now.Wall.ToUnixTimeSeconds();
        Assert.Equal(Refusal.None, Judge(new(TokenMethod.Ports, made)));
        _now = _now with { Wall = _now.Wall.AddSeconds(20) };
        _ledger.Forget(_now.Wall);
        Assert.Equal(Refusal.None, Judge(new(TokenMethod.Ports, made - 5), door: 1));
        Assert.Equal(Refusal.Replayed, Judge(new(TokenMethod.Ports, made - 5), door: 1));
    }

    [Fact]
    public void It_may_be_bound_to_an_address()
    {
        Apply(Rolling(), Rolling("bound", 2) with { RequireAddress = true });
        Assert.Equal(Refusal.WrongAddress, Judge(Token() with { Bound = Gate }));
        Assert.Equal(Refusal.None, Judge(Token() with { Bound = Sender }));
        Assert.Equal(Refusal.AddressRequired, Judge(Token(), door: 1));
        Assert.Equal(Refusal.None, Judge(Token() with { Bound = Sender }, door: 1));
    }

    [Fact]
    public void It_may_have_to_look_as_if_a_certain_system_sent_it()
    {
        Apply(Rolling() with { Stacks = [ClientStack.Linux, ClientStack.Apple] });
        Assert.Equal(Refusal.StackNotAllowed, Judge(Token())); // of none that is known
        Assert.Equal(Refusal.StackNotAllowed, _warden.Handle(Report(Token()) with { Stack = ClientStack.Nmap }, _now).Refusal);
        Assert.Empty(_kernel.Notes);
        Assert.Equal(Refusal.None, _warden.Handle(Report(Token()) with { Stack = ClientStack.Apple }, _now).Refusal);
    }

    [Fact]
    public void It_may_name_one_of_the_services()
    {
        Apply(Ports());
        var token = new TokenRequest(TokenMethod.Ports, (ulong)_now.Wall.ToUnixTimeSeconds());
        Assert.Equal(Refusal.ServiceNotAllowed, Judge(token with { Service = TokenRequest.CodeOf("mail") }));
        Assert.Equal(Refusal.None, Judge(token with { Service = TokenRequest.CodeOf("web") }));
        Assert.Equal(["+web 192.0.2.1 60"], _kernel.Notes);
    }

    [Fact]
    public void The_policy_has_the_last_word_and_what_is_refused_may_come_again()
    {
        Apply(new Policy { Deny = [System.Net.IPNetwork.Parse("192.0.2.0/24")] }, Rolling());
        Assert.Equal(Refusal.AddressDenied, Judge(Token()));
        Apply(Rolling());
        Assert.Equal(Refusal.None, Judge(Token()));
    }

    [Fact]
    public void What_no_sentry_of_ours_can_have_said_is_a_bad_report()
    {
        Apply(Rolling());
        Assert.Equal(Refusal.BadReport, Judge(Token(), door: 1));
        Assert.Equal(Refusal.BadReport, Judge(Token(TokenMethod.Ports)));
        Assert.Equal(Refusal.StaleKnock, _warden.Handle(Report(Token()) with { Generation = 99 }, _now).Refusal);
        Apply();
        Assert.Equal(Refusal.BadReport, Judge(Token()));
    }
}
