using System.Collections.Immutable;
using System.Security.Cryptography;
using Postern.Keys.Fwknop;
using Postern.Reports;
using Postern.Reports.Fwknop;
using Postern.Warden.Ledger;

namespace Postern.Warden;

/// <summary>
/// Whether a packet of fwknop is to be granted. First whose it is, then whether he asks now and for the first time, then whether he may have it. It is remembered
/// last, and before anything is done: what is refused leaves no mark, as with signed requests, so that the same packet is judged again when what was in its way is gone.
/// <para>
/// The sentry says which tag is right; this side alone has the keys that encrypt, but for stanzas without tags. So a sentry that has been taken over can withhold packets
/// and invent none. The report is read as if an enemy had written it, and so is what comes out of it.
/// </para>
/// </summary>
internal sealed class FwknopJudge(WardenOptions options, ILedger ledger)
{
    private const ulong Second = 1_000_000_000;
    private const ushort FirstFreePort = 10_000;

    private readonly Dictionary<string, Service> _services = options.Services.ToDictionary(s => s.Name, StringComparer.Ordinal);

    /// <summary>Of each stanza, all whose tags are of the same key.</summary>
    private readonly ImmutableArray<ImmutableArray<int>> _alike = Alike(options.Fwknop);

    /// <summary>A packet may fit several stanzas, and is remembered for the most patient.</summary>
    private readonly ulong _longestAge = UnixTime.Of(options.Fwknop.Max(s => s.MaxAge));

    public Refusal Judge(in Report report, Moment now, FwknopHearing hearing)
    {
        if (Open(report, hearing, out var stanza, out var message) is var unread and not Refusal.None)
            return unread;
        if (CheckTime(message, stanza, hearing, now) is var untimely and not Refusal.None)
            return untimely;
        var mark = MarkOf(report, message);
        if (ledger.IsMarked(mark, now.Wall))
            return Refusal.Replayed;

        if (CheckRights(message, stanza, now) is var beyond and not Refusal.None)
            return beyond;
        if (options.Policy.Decide(hearing.To.Source, report.Source, now.Wall) is var denied and not Refusal.None)
            return denied;
        if (CheckAsked(message, stanza, hearing) is var unavailable and not Refusal.None)
            return unavailable;

        return ledger.TryMark(mark, now.Wall) ? Refusal.None : Refusal.NotRemembered;
    }

    /// <summary>By the stanza that the sentry names or, where its keys do not open it, by a later one whose tags are of the same key.</summary>
    private Refusal Open(in Report report, FwknopHearing hearing, out FwknopStanza stanza, out FwknopMessage message)
    {
        (stanza, message) = (null!, null!);
        if ((uint)report.Door >= (uint)options.Fwknop.Length)
            return Refusal.BadReport;
        var named = options.Fwknop[report.Door];
        var (source, destination) = (report.Source.ToIPAddress(), report.Destination.ToIPAddress());
        if (report.TagSize != (named.Tag?.TagSize ?? 0) || !named.TakesFrom(source, destination))
            return Refusal.BadReport;

        hearing.Knock = named.Name;
        var why = Refusal.NotSealedToUs;
        foreach (var place in _alike[report.Door])
        {
            var candidate = options.Fwknop[place];
            if (place < report.Door || !candidate.TakesFrom(source, destination))
                continue;
            var refusal = Open(report, candidate, out var read);
            if (refusal == Refusal.None)
            {
                (stanza, message) = (candidate, read!);
                hearing.Read(candidate, message);
                return Refusal.None;
            }

            why = refusal == Refusal.BadRequest ? refusal : why;
        }

        return why;
    }

    private static Refusal Open(in Report report, FwknopStanza stanza, out FwknopMessage? message)
    {
        message = null;
        var bytes = report.Request.Span[..^report.TagSize];
        Span<byte> plaintext = stackalloc byte[Report.MaxFwknop];
        var length = stanza.Key.Decrypt(stanza.Mode, bytes[..FwknopCipherKey.SaltSize], bytes[FwknopCipherKey.SaltSize..], plaintext);
        var refusal = length < 0 ? Refusal.NotSealedToUs : FwknopMessageReader.Read(plaintext[..length], out message);
        CryptographicOperations.ZeroMemory(plaintext);
        return refusal;
    }

    /// <summary>The packet says whole seconds.</summary>
    private static Refusal CheckTime(FwknopMessage message, FwknopStanza stanza, FwknopHearing hearing, Moment now)
    {
        var off = message.Time - (now.Wall - DateTimeOffset.UnixEpoch).TotalSeconds;
        if (Math.Abs(off) <= stanza.MaxAge.TotalSeconds)
            return Refusal.None;
        hearing.NoteClock(off);
        return off < 0 ? Refusal.TooLate : Refusal.TooEarly;
    }

    /// <summary>
    /// Over salt and ciphertext, and not over the tag: who takes the tag off a packet has another, which a stanza without tags and with the same key would open.
    /// </summary>
    private LedgerMark MarkOf(in Report report, FwknopMessage message)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(report.Request.Span[..^report.TagSize], digest);
        var last = ((ulong)message.Time * Second) + (Second - 1);
        return new(MarkKind.Packet, KeyFingerprint.Read(digest), last + _longestAge) { Made = last };
    }

    private static Refusal CheckRights(FwknopMessage message, FwknopStanza stanza, Moment now) =>
        stanza.HasExpired(now.Wall) ? Refusal.KnockExpired
        : stanza.User is { } user && !string.Equals(user, message.User, StringComparison.Ordinal) ? Refusal.UserNotAllowed
        : message.Allow == Address.None && stanza.RequireAddress ? Refusal.AddressRequired
        : Refusal.None;

    /// <summary>All or nothing: half of what was asked for would look like all of it.</summary>
    private Refusal CheckAsked(FwknopMessage message, FwknopStanza stanza, FwknopHearing hearing)
    {
        if (message.Type == FwknopType.Command)
            return CheckCommand(message, stanza, hearing);
        var asked = new List<(Service Service, PortForward? Chosen)>(message.Ports.Length);
        foreach (var port in message.Ports)
        {
            var refusal = message.Nat is { } nat
                ? FindForward(message, stanza, port, nat, hearing, out var found)
                : FindService(stanza, port, hearing.To.Source, out found);
            if (refusal != Refusal.None)
            {
                hearing.Unavailable = message.Nat is { } to ? $"{port} to {to.Host}:{to.Port}" : port.ToString();
                return refusal;
            }

            if (!asked.Contains(found))
                asked.Add(found);
        }

        hearing.Asked = [.. asked];
        return Refusal.None;
    }

    /// <summary>Its text is compared and never run.</summary>
    private Refusal CheckCommand(FwknopMessage message, FwknopStanza stanza, FwknopHearing hearing)
    {
        if (!stanza.Commands.TryGetValue(message.Command, out var name))
            return Refusal.CommandNotAllowed;
        hearing.Asked = [(_services[name], null)];
        return Refusal.None;
    }

    private Refusal FindService(FwknopStanza stanza, PortRange port, Address source, out (Service Service, PortForward? Chosen) found)
    {
        found = default;
        foreach (var service in stanza.Opens.Select(name => _services[name]))
        {
            if (!service.Has(port.Transport, port.First))
                continue;
            found = (service, null);
            return ForwardRules.Decide(options, service, source, chosen: null, out _);
        }

        return Refusal.ServiceNotAllowed;
    }

    /// <summary>
    /// The first service that leads there, from its own port or from one that the request may choose. A name is looked up nowhere: whoever answers for it would choose where we lead.
    /// Only for the address that the packet comes from: whoever may lead others' connections elsewhere could put himself in the way of them.
    /// </summary>
    private Refusal FindForward(FwknopMessage message, FwknopStanza stanza, PortRange port, FwknopNat nat, FwknopHearing hearing, out (Service Service, PortForward? Chosen) found)
    {
        found = default;
        var (source, to) = (hearing.To.Source, Address.None);
        if (source != hearing.Packet || !IsFree(stanza, port))
            return Refusal.ForwardNotAllowed;
        if (message.Type is not (FwknopType.LocalNat or FwknopType.TimedLocalNat) && (!nat.TryGetAddress(out to) || to == Address.None))
            return Refusal.ForwardNotAllowed;
        var chosen = new PortForward(port.Transport, port.First, new(to, nat.Port));
        var why = Refusal.ForwardNotAllowed;
        foreach (var service in stanza.Opens.Select(name => _services[name]))
        {
            var isItsOwn = service.Has(port.Transport, port.First) && service.Forward is { IsChosen: false } rule && rule.For(source) == chosen.Target;
            var refusal = ForwardRules.Decide(options, service, source, isItsOwn ? null : chosen, out _);
            if (refusal == Refusal.None)
            {
                found = (service, isItsOwn ? null : chosen);
                return Refusal.None;
            }

            why = refusal == Refusal.ForwardTaken ? refusal : why;
        }

        return why;
    }

    /// <summary>A port of what the stanza opens anyway; or one that is nobody's service, from where fwknop's clients draw theirs (<c>--nat-rand-port</c>): below that lies what is served to all.</summary>
    private bool IsFree(FwknopStanza stanza, PortRange port) =>
        stanza.Opens.Any(name => _services[name].Has(port.Transport, port.First))
        || (port.First >= FirstFreePort && !options.Services.Any(s => s.Has(port.Transport, port.First)));

    private static ImmutableArray<ImmutableArray<int>> Alike(ImmutableArray<FwknopStanza> stanzas)
    {
        var names = stanzas.Select(NameOfTag).ToArray();
        var places = names.Index().GroupBy(n => n.Item, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Select(n => n.Index).ToImmutableArray(), StringComparer.Ordinal);
        return [.. names.Select((name, place) => name.Length == 0 ? [place] : places[name])];
    }

    /// <summary>The same for the same key, and says nothing about it; empty where there is none: then the sentry has tried the key that encrypts.</summary>
    private static string NameOfTag(FwknopStanza stanza)
    {
        Span<byte> tag = stackalloc byte[FwknopDigests.MaxSize];
        return stanza.Tag is { } key ? $"{key.Digest} {Convert.ToHexString(tag[..key.Write("postern"u8, tag)])}" : "";
    }
}
