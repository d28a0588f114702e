using Postern.Cli.Gate;
using Postern.Reports;

namespace Postern.Cli.Tests.Gate;

public sealed class GateInboxTests
{
    private static readonly Report Knock = new(ReportKind.SequenceCompleted, 1, 0, 0, Address.FromV4(0xc0000207), Address.None, 1);

    [Fact]
    public void Knocks_without_number_hold_up_neither_operators_nor_revocations()
    {
        using var inbox = new GateInbox();
        for (var i = 0; i < 5_000; i++)
            inbox.Put(Knock);
        inbox.Put(new(GateEventKind.Keys));
        inbox.Put(new(GateEventKind.Stop));
        Assert.Equal(904, inbox.DroppedReports);
        Assert.True(inbox.TryTake(null, out var first));
        Assert.True(inbox.TryTake(null, out var second));
        Assert.Equal((GateEventKind.Keys, GateEventKind.Stop), (first.Kind, second.Kind));
        Assert.True(inbox.TryTake(null, out var third));
        Assert.Equal(GateEventKind.Report, third.Kind);
    }

    [Fact]
    public void A_request_is_kept_though_the_sentry_uses_its_bytes_again()
    {
        using var inbox = new GateInbox();
        byte[] bytes = [1, 2, 3];
        inbox.Put(Knock with { Kind = ReportKind.SignedRequest, Request = bytes });
        bytes[0] = 9;
        Assert.True(inbox.TryTake(null, out var item));
        Assert.Equal([1, 2, 3], item.Report.Request.ToArray());
    }

    [Fact]
    public void Nothing_comes_of_waiting_for_nothing()
    {
        using var inbox = new GateInbox();
        Assert.False(inbox.TryTake(TimeSpan.FromMilliseconds(20), out _));
    }
}
