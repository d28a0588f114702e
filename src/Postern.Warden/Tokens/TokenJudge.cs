using System.Security.Cryptography;
using Postern.Reports;
using Postern.Reports.Tokens;
using Postern.Warden.Ledger;

namespace Postern.Warden;

/// <summary>
/// Whether a token is to be granted. That it is made with the secret is the sentry's word, as with sequences; that it comes in time, for the first time, from where it may and for what
/// it may is found here. It is remembered last, and before anything is done: what is refused leaves no mark. But one that has a counter and no time would be as good tomorrow for whoever saw it refused: it is used up by
/// being genuine.
/// </summary>
internal sealed class TokenJudge(WardenOptions options, ILedger ledger)
{
    /// <summary>All are remembered for the most patient: the floor of what is forgotten is one for all of them (<see cref="DatedMarks"/>).</summary>
    private readonly ulong _longestAge = UnixTime.Of(options.Tokens.Max(k => k.MaxAge));

    /// <summary>One more than the last counter of each knock that was taken for good here. The ledger is behind where it could not be written, and the sentry's window is not.</summary>
    private readonly ulong[] _reached = [.. options.Tokens.Select(k => k.FirstCounter)];

    public Refusal Judge(in Report report, Moment now, TokenHearing hearing)
    {
        if (Read(report, hearing) is var unread and not Refusal.None)
            return unread;
        return hearing.Knock!.Method == TokenMethod.Knockknock ? JudgeCounted(report, now, hearing) : JudgeDated(report, now, hearing);
    }

    private Refusal JudgeCounted(in Report report, Moment now, TokenHearing hearing)
    {
        var mark = new LedgerMark(MarkKind.Counter, hearing.Knock!.Secret, Expires: 0) { Number = hearing.Token.Counter };
        if (mark.Number < hearing.Knock.FirstCounter || ledger.IsMarked(mark, now.Wall))
            return Refusal.Replayed;
        if (IsOutOfReach(mark, report.Door, hearing.Knock.Window, now))
            return Refusal.BadReport;
        _reached[report.Door] = mark.Number + 1;
        if (!ledger.TryMark(mark, now.Wall))
            return Refusal.NotRemembered;

        if (options.Policy.Decide(report.Source, report.Source, now.Wall) is var denied and not Refusal.None)
            return denied;
        hearing.Opens = [.. hearing.Knock.Opens.Where(service => HasPort(service, hearing.Token.Port))];
        if (hearing.Opens.Length > 0)
            return Refusal.None;
        hearing.Unavailable = new PortRange(Transport.Tcp, hearing.Token.Port).ToString();
        return Refusal.ServiceNotAllowed;
    }

    /// <summary>
    /// No sentry looks beyond the window, whose begin is where the ledger's was or later: it moved with each packet that was found, and those were judged before this one. Or one report of a sentry that was taken
    /// over would use up all counters that there are.
    /// </summary>
    private bool IsOutOfReach(LedgerMark mark, int door, int window, Moment now) =>
        mark.Number >= _reached[door] + (ulong)window && !ledger.IsMarked(mark with { Number = mark.Number - (ulong)window }, now.Wall);

    private Refusal JudgeDated(in Report report, Moment now, TokenHearing hearing)
    {
        if (CheckTime(hearing, now) is var untimely and not Refusal.None)
            return untimely;
        var mark = MarkOf(report, hearing);
        if (ledger.IsMarked(mark, now.Wall))
            return Refusal.Replayed;

        if (CheckAddress(report, hearing) is var elsewhere and not Refusal.None)
            return elsewhere;
        if (options.Policy.Decide(report.Source, report.Source, now.Wall) is var denied and not Refusal.None)
            return denied;
        if (!hearing.Knock!.Stacks.Admits(report.Stack))
            return Refusal.StackNotAllowed;
        if (CheckAsked(report, hearing) is var unavailable and not Refusal.None)
            return unavailable;

        return ledger.TryMark(mark, now.Wall) ? Refusal.None : Refusal.NotRemembered;
    }

    private Refusal Read(in Report report, TokenHearing hearing)
    {
        if ((uint)report.Door >= (uint)options.Tokens.Length || !TokenRequest.TryRead(report.Request.Span, out var token))
            return Refusal.BadReport;
        var knock = options.Tokens[report.Door];
        if (token.Value.Method != knock.Method)
            return Refusal.BadReport;
        (hearing.Knock, hearing.Token) = (knock, token.Value);
        return Refusal.None;
    }

    private static Refusal CheckTime(TokenHearing hearing, Moment now)
    {
        var here = UnixTime.Of(now.Wall);
        var (begin, end) = MomentOf(hearing);
        var age = UnixTime.Of(hearing.Knock!.MaxAge);
        if (here >= end + age)
            return NoteClock(hearing, end, here, Refusal.TooLate);
        return here + age < begin ? NoteClock(hearing, begin, here, Refusal.TooEarly) : Refusal.None;
    }

    private static Refusal NoteClock(TokenHearing hearing, ulong token, ulong here, Refusal refusal)
    {
        hearing.By = new("", "", 0) { ClockOff = UnixTime.Difference(token, here) };
        return refusal;
    }

    /// <summary>From when on, and until before when, it says that it is.</summary>
    private static (ulong Begin, ulong End) MomentOf(TokenHearing hearing)
    {
        var begin = hearing.Token.Made > ulong.MaxValue / UnixTime.Second / 2 ? ulong.MaxValue / 2 : hearing.Token.Made * UnixTime.Second;
        return (begin, begin + UnixTime.Of(hearing.Knock!.Period));
    }

    /// <summary>Over all of the token, and the secret: the same by another secret is another token.</summary>
    private LedgerMark MarkOf(in Report report, TokenHearing hearing)
    {
        var label = "postern token v1"u8;
        Span<byte> text = stackalloc byte[label.Length + KeyFingerprint.Size + TokenRequest.Size];
        label.CopyTo(text);
        hearing.Knock!.Secret.Write(text[label.Length..]);
        report.Request.Span.CopyTo(text[^TokenRequest.Size..]);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, digest);
        var last = MomentOf(hearing).End - 1;
        return new(MarkKind.Token, KeyFingerprint.Read(digest), last + _longestAge) { Made = last };
    }

    private static Refusal CheckAddress(in Report report, TokenHearing hearing) =>
        hearing.Token.Bound == Address.None ? (hearing.Knock!.RequireAddress ? Refusal.AddressRequired : Refusal.None)
        : hearing.Token.Bound == report.Source ? Refusal.None
        : Refusal.WrongAddress;

    /// <summary>All that the knock opens and closes, or the one service that the token names; of a connection that carries its token, what has the port that it goes to.</summary>
    private Refusal CheckAsked(in Report report, TokenHearing hearing)
    {
        if (hearing.Knock!.OneFlow && report.SourcePort == 0) // as a grant, 0 is any
            return Refusal.SourcePortRequired;
        var port = report.TcpPort;
        var (knock, code) = (hearing.Knock, hearing.Token.Service);
        hearing.Opens = [.. knock.Opens.Where(IsAsked)];
        hearing.Closes = [.. knock.Closes.Where(IsAsked)];
        return hearing.Opens.Length + hearing.Closes.Length == 0 ? Refusal.ServiceNotAllowed
            : DataRules.Check(hearing.Token.Data ?? "", [.. options.Services.Where(s => hearing.Opens.Contains(s.Name, StringComparer.Ordinal))]);

        bool IsAsked(string service) =>
            (code == 0 || TokenRequest.CodeOf(service) == code)
            && (!knock.OneFlow || HasPort(service, port));
    }

    private bool HasPort(string service, ushort port) => options.Services.Any(s => string.Equals(s.Name, service, StringComparison.Ordinal) && s.Has(Transport.Tcp, port));
}
