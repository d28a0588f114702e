using System.Globalization;
using Postern.Reports;
using Postern.Reports.Spa;
using Postern.Warden.Ledger;

namespace Postern.Warden;

/// <summary>
/// Whether a signed request is to be granted. The order is that of spec §7: first who asks, then whether he asks it now and for the
/// first time, then whether he may have it. It is remembered last, and before anything is done: what is refused leaves no mark, so that the
/// same request may be sent again when what was in its way is gone.
/// </summary>
internal sealed class RequestJudge(WardenOptions options, SpaOptions spa, KeyRing keys, ILedger ledger)
{
    private const string NameSpace = "spa@postern";

    private readonly Dictionary<string, Service> _services = options.Services.ToDictionary(s => s.Name, StringComparer.Ordinal);
    private readonly ulong _skew = UnixTime.Of(spa.ClockSkew);
    private readonly SignatureBudget _budget = new();

    public Refusal Judge(in Report report, Moment now, Hearing hearing)
    {
        if (SignedRequest.Read(report.Request.Span, out var request) is var unread and not Refusal.None)
            return unread;
        if (FindKey(request, report.Source, now.Uptime, hearing, out var who) is var unknown and not Refusal.None)
            return unknown;

        if (who.Revoked)
            return Refusal.KeyRevoked;
        var isNew = request.Time > ledger.LastOf(KeyFingerprint.Of(who.Key), request.Device, now.Wall);
        if (isNew && request.GateId == spa.GateId) // spec §9: from here on whatever is refused may be answered
            hearing.ReceiptKey = request.ReceiptKey.ToArray();
        if (who.HasExpired(now.Wall))
            return Refusal.KeyExpired;
        if (request.GateId != spa.GateId)
            return Refusal.WrongGate;
        if (CheckTime(request, hearing, now) is var untimely and not Refusal.None)
            return untimely;
        if (!isNew)
            return Refusal.Replayed;

        if (CheckComplete(request, who) is var incomplete and not Refusal.None)
            return incomplete;
        if (options.Policy.Decide(hearing.To.Source, report.Source, now.Wall) is var denied and not Refusal.None)
            return denied;
        if (CheckRights(request, report.Stack, who, hearing, now) is var beyond and not Refusal.None)
            return beyond;
        if (CheckServices(request, who, hearing) is var unavailable and not Refusal.None)
            return unavailable;

        if (!ledger.TryRemember(KeyFingerprint.Of(who.Key), request.Device, request.Time))
            return Refusal.NotRemembered;
        _budget.NoteAccepted(request.KeyHint, report.Source);
        return Refusal.None;
    }

    /// <summary>The one key of that hint whose signature it is.</summary>
    private Refusal FindKey(in SignedRequest request, Address source, TimeSpan now, Hearing hearing, out Identity who)
    {
        who = null!;
        hearing.Read(request, request.KeyHint.ToString("x16", CultureInfo.InvariantCulture));
        var candidates = keys.Of(request.KeyHint);
        if (candidates.IsEmpty)
            return Refusal.UnknownKey;
        if (!_budget.Admits(request.KeyHint, source, now, request.Signature))
            return Refusal.OverBudget;
        foreach (var candidate in candidates)
        {
            if (!candidate.Key.Verify(NameSpace, request.Signed, request.Signature))
                continue;
            hearing.Identity = who = candidate;
            hearing.By = hearing.By with { Name = who.Name };
            return Refusal.None;
        }

        _budget.NoteFailure(request.KeyHint, source);
        return Refusal.BadSignature;
    }

    private Refusal CheckTime(in SignedRequest request, Hearing hearing, Moment now)
    {
        var here = UnixTime.Of(now.Wall);
        var refusal = here > request.Time && here - request.Time > _skew ? Refusal.TooLate
            : request.Time > here && request.Time - here > _skew ? Refusal.TooEarly
            : Refusal.None;
        if (refusal != Refusal.None)
            hearing.By = hearing.By with { ClockOff = UnixTime.Difference(request.Time, here) };
        return refusal;
    }

    /// <summary>Closing takes no source port: without one it ends all that the key holds at that address.</summary>
    private Refusal CheckComplete(in SignedRequest request, Identity who) =>
        request.Address == Address.None && (spa.RequireAddress || who.RequireAddress) ? Refusal.AddressRequired
        : request.SourcePort == 0 && !request.Close && (spa.RequireSourcePort || who.RequireSourcePort) ? Refusal.SourcePortRequired
        : Refusal.None;

    private static Refusal CheckRights(in SignedRequest request, ClientStack stack, Identity who, Hearing hearing, Moment now) =>
        !who.From.IsEmpty && !who.From.Holds(hearing.To.Source.ToIPAddress()) ? Refusal.AddressNotAllowed
        : !who.Hours.HasCome(now.Wall) ? Refusal.OutsideHours
        : !who.Systems.IsEmpty && !who.Systems.Contains(request.System) ? Refusal.SystemNotAllowed
        : !who.Stacks.Admits(stack) ? Refusal.StackNotAllowed
        : Refusal.None;

    /// <summary>
    /// All or nothing: half of what was asked for would look like all of it, and a name that is misspelt would never be noticed. Whether a
    /// service is there is told only to those who may use it.
    /// </summary>
    private Refusal CheckServices(in SignedRequest request, Identity who, Hearing hearing)
    {
        var services = new Service[request.ServiceCount];
        for (var i = 0; i < services.Length; i++)
        {
            var name = request.Service(i);
            var there = _services.TryGetValue(name, out services[i]!);
            if (there && who.MayUse(name))
                continue;
            hearing.Unavailable = name;
            return who.MayUse(name) ? Refusal.NoSuchService : Refusal.ServiceNotAllowed;
        }

        if (!hearing.Closes && DataRules.Check(hearing.Data, services) is var unfit and not Refusal.None)
            return unfit;
        hearing.Services = services;
        return Refusal.None;
    }
}
