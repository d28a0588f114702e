using Postern.Firewall;
using Postern.Reports;
using Postern.Warden.Ledger;

namespace Postern.Warden;

/// <summary>What each kind of report comes to, before anything is done: whether it may be, and which deeds it asks for.</summary>
public sealed partial class Warden
{
    private Case JudgeSequence(in Report report, Moment now)
    {
        var refusal = Read(report, out var door);
        if (refusal == Refusal.None)
            refusal = _options.Policy.Decide(report.Source, report.Source, now.Wall);
        if (refusal == Refusal.None && !door.Stacks.Admits(report.Stack))
            refusal = Refusal.StackNotAllowed;
        if (refusal == Refusal.None)
            refusal = UseUp(report.Door, now);
        var (why, to) = (new Cause(door.Name, Stack: report.Stack), new Grantee(report.Source));
        return refusal != Refusal.None ? Case.Refused(Refuse(refusal, why, "", to), why, to)
            : new(why, to, _deeds[report.Door]) { UsedUp = door.OneTime is null ? null : door.Name };
    }

    private Deed[] DeedsOf(IEnumerable<string> opens, IEnumerable<string> closes, Func<Service, TimeSpan> time) =>
        [.. closes.Select(Deed.Close), .. opens.Select(name => new Deed(name, _services[name], time(_services[name])))];

    private Case JudgeToken(TokenJudge judge, in Report report, Moment now)
    {
        var hearing = new TokenHearing();
        var refusal = report.Generation == Generation ? judge.Judge(report, now, hearing) : Refusal.StaleKnock;
        var why = new Cause(hearing.Knock?.Name ?? "", hearing.By, report.Stack) { Data = hearing.Token.Data ?? "" };
        var to = new Grantee(report.Source, hearing.Knock is { OneFlow: true } ? report.SourcePort : (ushort)0);
        if (refusal != Refusal.None)
            return Case.Refused(Refuse(refusal, why, "", to, hearing.Unavailable), why, to);
        var deeds = DeedsOf(hearing.Opens, hearing.Closes, hearing.TimeFor);
        return new(why, to, hearing.Knock is { OneFlow: true } ? OfOnePort(deeds, report.TcpPort) : deeds);
    }

    /// <summary>A flow goes to one port; the service's others stay closed to it.</summary>
    private static Deed[] OfOnePort(Deed[] deeds, ushort port) => Array.ConvertAll(deeds, deed => deed with { Only = deed.Opens?.OneOf(Transport.Tcp, port) });

    /// <summary>What is good once is used up before anything comes of it: a grant may be lost so, and none is given twice.</summary>
    private Refusal UseUp(int number, Moment now)
    {
        if (_options.Doors[number].OneTime is not { } use)
            return Refusal.None;
        if (IsUsed(use, now))
            return Refusal.Replayed;
        if (use.InTurn && SequencesOf(_options.Doors[number].Name, until: number).Any(before => !IsUsed(before, now)))
            return Refusal.NotInTurn;
        return _ledger.TryMark(MarkOf(use), now.Wall) ? Refusal.None : Refusal.NotRemembered;
    }

    private bool IsUsed(OneTimeUse use, Moment now) => _ledger.IsMarked(MarkOf(use), now.Wall);

    private static LedgerMark MarkOf(OneTimeUse use) => new(MarkKind.OneTime, use.Digest, Expires: 0);

    private IEnumerable<OneTimeUse> SequencesOf(string knock, int until) =>
        _options.Doors.Take(until).Where(d => string.Equals(d.Name, knock, StringComparison.Ordinal)).Select(d => d.OneTime).OfType<OneTimeUse>();

    /// <summary>How many of a knock's one-time sequences can still be used.</summary>
    public int SequencesLeft(string knock, Moment now) => SequencesOf(knock, _options.Doors.Length).Count(use => !IsUsed(use, now));

    private Case JudgeSigned(RequestJudge judge, in Report report, Moment now)
    {
        var hearing = new Hearing(report.Source);
        var refusal = judge.Judge(report, now, hearing);
        var why = new Cause("", hearing.By, report.Stack) { Data = hearing.Data };
        return refusal != Refusal.None
            ? new(why, hearing.To, []) { Refusal = Refuse(refusal, why, hearing.Unavailable, hearing.To), Hearing = hearing }
            : new(why, hearing.To, Array.ConvertAll(hearing.Services, service => DeedOf(hearing, service))) { Hearing = hearing, TellsOutcomes = true };
    }

    private static Deed DeedOf(Hearing hearing, Service service)
    {
        var (time, capped) = hearing.TimeFor(service);
        return hearing.Closes ? Deed.Close(service.Name) : new(service.Name, service, time) { Capped = capped };
    }

    private Case JudgeFwknop(FwknopJudge judge, in Report report, Moment now)
    {
        var hearing = new FwknopHearing(report.Source);
        var refusal = report.Generation == Generation ? judge.Judge(report, now, hearing) : Refusal.StaleKnock;
        var why = new Cause(hearing.Knock, hearing.By, report.Stack);
        return refusal != Refusal.None
            ? Case.Refused(Refuse(refusal, why, "", hearing.To, hearing.Unavailable), why, hearing.To)
            : new(why, hearing.To, Array.ConvertAll(hearing.Asked, asked => DeedOf(hearing, asked.Service, asked.Chosen))) { TellsOutcomes = true };
    }

    private static Deed DeedOf(FwknopHearing hearing, Service service, PortForward? chosen)
    {
        var (time, capped) = hearing.TimeFor(service);
        return new(service.Name, service, time) { Capped = capped, Chosen = chosen };
    }

    private ReadOnlyMemory<byte> ReceiptKeyOf(Hearing? hearing) => hearing is not null && IsAnsweredFirst(hearing) ? hearing.ReceiptKey : default;

    /// <summary>One receipt a request (spec/spa.md §9), also if somebody who knows the gate secret seals it anew: the last one answered of each key is remembered.</summary>
    private bool IsAnsweredFirst(Hearing hearing)
    {
        if (hearing.ReceiptKey.IsEmpty || hearing.Identity is not { } who)
            return false;
        var key = KeyFingerprint.Of(who.Key);
        if (_answered.TryGetValue(key, out var last) && last >= hearing.Signed)
            return false;
        _answered[key] = hearing.Signed;
        return true;
    }
}
