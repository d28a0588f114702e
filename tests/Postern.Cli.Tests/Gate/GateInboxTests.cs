using Postern.Cli.Gate;
using Postern.Reports;

namespace Postern.Cli.Tests.Gate;

public sealed class GateInboxTests
{
    private static readonly Report Knock = new(ReportKind.SequenceCompleted, 1, 0, 0, From(7), Address.None, 1);
    private static readonly Report Request = Knock with { Kind = ReportKind.SignedRequest, Request = new byte[] { 1, 2, 3 } };

    private readonly Report[] _taken = new Report[GateInbox.MostInTurn];

    private static Address From(int host) => Address.FromV4(0xc0000200u + (uint)host);

    /// <summary>A network of its own for each number.</summary>
    private static Address Elsewhere(int number) => Address.FromV4(0x0b000000u + ((uint)number << 8));

    private List<Report> TakeAll(GateInbox inbox)
    {
        var all = new List<Report>();
        while (inbox.Take(_taken) is > 0 and var count)
            all.AddRange(_taken.AsSpan(0, count));
        return all;
    }

    [Fact]
    public void Knocks_without_number_hold_up_neither_operators_nor_revocations()
    {
        using var inbox = new GateInbox();
        for (var i = 0; i < 5_000; i++)
            inbox.Put(Knock);
        inbox.Put(new GateEvent(GateEventKind.Keys));
        inbox.Put(new GateEvent(GateEventKind.Stop));
        Assert.Equal(5_000 - 1024, inbox.DroppedReports);
        Assert.True(inbox.TryTake(out var first));
        Assert.True(inbox.TryTake(out var second));
        Assert.Equal((GateEventKind.Keys, GateEventKind.Stop), (first.Kind, second.Kind));
        Assert.False(inbox.TryTake(out _));
        Assert.Equal(48, inbox.Take(_taken)); // a turn, and no more, before the next operator is asked
        Assert.Equal(1024 - 48, TakeAll(inbox).Count);
    }

    [Fact]
    public void A_flood_of_signed_requests_pushes_out_no_sequence_nor_makes_it_wait()
    {
        using var inbox = new GateInbox();
        for (var i = 0; i < 100_000; i++)
        {
            inbox.Put(Request with { Source = Elsewhere(i) });
            if (i == 50_000)
                inbox.Put(Knock);
        }

        var count = inbox.Take(_taken);
        Assert.Equal(17, count);
        Assert.Equal(ReportKind.SequenceCompleted, _taken[0].Kind);
        Assert.Equal(512 - 16, TakeAll(inbox).Count);
        Assert.Equal(100_000 - 512, inbox.DroppedReports);
    }

    /// <summary>Whoever has seen a token can have it reported from everywhere; each is a wait, for which neither a sequence nor a signed request waits or is dropped.</summary>
    [Fact]
    public void A_flood_of_tokens_pushes_out_nothing_else_and_nothing_pushes_out_tokens()
    {
        using var inbox = new GateInbox();
        for (var i = 0; i < 100_000; i++)
        {
            inbox.Put(Request with { Kind = ReportKind.Token, Source = Elsewhere(i) });
            if (i == 50_000)
            {
                inbox.Put(Knock);
                inbox.Put(Request);
            }
        }

        Assert.Equal(2 + 8, inbox.Take(_taken));
        Assert.Equal([ReportKind.SequenceCompleted, ReportKind.SignedRequest, ReportKind.Token], _taken[..3].Select(r => r.Kind));
        Assert.Equal(256 - 8, TakeAll(inbox).Count);
        Assert.Equal(100_000 - 256, inbox.DroppedReports);
        for (var i = 0; i < 10_000; i++)
            inbox.Put((i % 2 == 0 ? Knock : Request) with { Source = Elsewhere(i) });
        inbox.Put(Request with { Kind = ReportKind.Token });
        Assert.Contains(ReportKind.Token, TakeAll(inbox).Select(r => r.Kind));
    }

    [Fact]
    public void Sequences_without_number_leave_signed_requests_their_turn()
    {
        using var inbox = new GateInbox();
        for (var i = 0; i < 1_000; i++)
            inbox.Put(Knock);
        inbox.Put(Request);
        Assert.Equal(49, inbox.Take(_taken));
        Assert.Equal(ReportKind.SignedRequest, _taken[48].Kind);
    }

    [Fact]
    public void What_one_network_sends_too_much_of_is_its_own_loss()
    {
        var heard = 0;
        for (var round = 0; round < 50; round++)
        {
            using var inbox = new GateInbox();
            for (var i = 0; i < 10_000; i++)
            {
                inbox.Put(Request with { Source = From(i % 200) });
                if (i == 5_000)
                    inbox.Put(Request with { Source = Elsewhere(9) });
            }

            heard += TakeAll(inbox).Count(r => r.Source == Elsewhere(9));
        }

        Assert.InRange(heard, 47, 50); // one in 256 shares its place with the flood
    }

    /// <summary>Twice as many as there is room for, of as many networks: half of them are heard, first and last alike.</summary>
    /// <summary>What was taken out counts no more: who knocked often and long ago is no flood.</summary>
    [Fact]
    public void A_network_is_judged_by_what_waits_of_it_now()
    {
        using var inbox = new GateInbox();
        for (var i = 0; i < 5_000; i++)
        {
            inbox.Put(Knock);
            inbox.Take(_taken);
        }

        for (var i = 0; i < 2_000; i++)
            inbox.Put(Knock with { Source = Elsewhere(1) });
        inbox.Put(Knock);
        Assert.Contains(Knock.Source, TakeAll(inbox).Select(r => r.Source));
    }

    [Fact]
    public void Of_many_networks_none_is_preferred()
    {
        var (early, late) = (0, 0);
        for (var round = 0; round < 40; round++)
        {
            using var inbox = new GateInbox();
            for (var i = 0; i < 1024; i++)
                inbox.Put(Request with { Source = Elsewhere(i) });
            var heard = TakeAll(inbox);
            Assert.Equal(512, heard.Count);
            early += heard.Count(r => r.Source.Value < Elsewhere(512).Value);
            late += heard.Count(r => r.Source.Value >= Elsewhere(512).Value);
        }

        Assert.True(early > 4_000 && late > 4_000, $"{early} of the first 20 480, {late} of the last");
    }

    [Fact]
    public async Task Whoever_waits_is_woken_by_what_is_put_in()
    {
        using var inbox = new GateInbox();
        inbox.Wait(TimeSpan.FromMilliseconds(20));
        Assert.False(inbox.TryTake(out _));

        var woken = Task.Run(() => inbox.Wait(null), TestContext.Current.CancellationToken);
        await Task.Delay(50, TestContext.Current.CancellationToken);
        inbox.Put(new GateEvent(GateEventKind.Keys));
        await woken;
        Assert.True(inbox.TryTake(out _));

        woken = Task.Run(() => inbox.Wait(null), TestContext.Current.CancellationToken);
        inbox.Put(Knock);
        await woken;
        Assert.Equal(1, inbox.Take(_taken));
    }
}
