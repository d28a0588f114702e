namespace Postern.Reports;

/// <summary>
/// Why a client did not get what it asked for. The one closed list: return value, audit field, metric label, log text and test
/// expectation. Its words are the names in kebab case (<see cref="RefusalText.Word"/>).
/// </summary>
public enum Refusal
{
    /// <summary>Not refused.</summary>
    None = 0,

    /// <summary>The report is not one that a sentry of this configuration can have written.</summary>
    BadReport,

    /// <summary>The knock belongs to a configuration that has since been replaced.</summary>
    StaleKnock,

    /// <summary>The source is none that may hold a grant: unspecified, multicast, broadcast or loopback.</summary>
    UnusableAddress,

    /// <summary>The address is on the policy's deny list.</summary>
    AddressDenied,

    /// <summary>The policy names who may knock, and this address is not among them.</summary>
    AddressNotAllowed,

    /// <summary>Outside the hours that the policy gives.</summary>
    OutsideHours,

    /// <summary>A close knock, or a revocation, for a service that this address holds no grant for.</summary>
    NoSuchGrant,

    /// <summary>No service of that name.</summary>
    NoSuchService,

    /// <summary>As many grants are in force as the gate will hold.</summary>
    TooManyGrants,

    /// <summary>The kernel did not take the change; the log says what it answered.</summary>
    FirewallFailed,

    // Single packet authorization, in the order of spec/spa.md §7: first what the sentry says.

    /// <summary>A packet to an SPA port that is of none of the sizes.</summary>
    WrongSize,

    /// <summary>The outer seal is not of this gate's secret, or was broken: noise, a scan, somebody else's packet.</summary>
    Junk,

    /// <summary>The very bytes of a packet that was opened a moment ago.</summary>
    Copy,

    /// <summary>More openings by public key than the gate will make in this time, in all or for this part of the network.</summary>
    OverBudget,

    /// <summary>The outer seal is right and the inner one is not for this gate's key.</summary>
    NotSealedToUs,

    /// <summary>The request is of a version that this gate does not know.</summary>
    UnknownVersion,

    /// <summary>The request is not laid out as the specification has it.</summary>
    BadRequest,

    /// <summary>A packet of fwknop that is encrypted with GnuPG, which this gate does not read.</summary>
    GnuPg,

    // From here on what the warden says.

    /// <summary>No key of that hint may come in.</summary>
    UnknownKey,

    /// <summary>The key is known, and the signature is not its own.</summary>
    BadSignature,

    /// <summary>The key is listed as revoked.</summary>
    KeyRevoked,

    /// <summary>The key's <c>expiry-time</c> has passed.</summary>
    KeyExpired,

    /// <summary>Signed for another gate.</summary>
    WrongGate,

    /// <summary>Signed longer ago than <c>clock_skew</c>, by the gate's clock.</summary>
    TooLate,

    /// <summary>Signed further in the future than <c>clock_skew</c>, by the gate's clock.</summary>
    TooEarly,

    /// <summary>Not newer than the last request that was accepted of this key and device; or a one-time sequence that was used.</summary>
    Replayed,

    /// <summary>The key may not ask for this service.</summary>
    ServiceNotAllowed,

    /// <summary>The request names no address, and one is required of it.</summary>
    AddressRequired,

    /// <summary>The request names no source port, and one is required of it.</summary>
    SourcePortRequired,

    /// <summary>The client's system, as the client says it, is none that the key is allowed on.</summary>
    SystemNotAllowed,

    /// <summary>The packet does not look as if it came from a stack that may knock so, or is no first segment of a connection.</summary>
    StackNotAllowed,

    /// <summary>A one-time sequence before whose turn others are left.</summary>
    NotInTurn,

    /// <summary>It could not be remembered, so it is not granted.</summary>
    NotRemembered,

    // Packets of fwknop.

    /// <summary>The stanza's <c>expires</c> has passed.</summary>
    KnockExpired,

    /// <summary>The stanza is for another user than the packet names.</summary>
    UserNotAllowed,

    /// <summary>The stanza does not list that command.</summary>
    CommandNotAllowed,

    // Actions.

    /// <summary>The action could not be run, or its command failed; the audit says how it ended.</summary>
    ActionFailed,

    /// <summary>As many actions are under way as the gate will have, or this one is, for this address.</summary>
    TooManyActions,

    // Forwards.

    /// <summary>The service leads where a request says, and this one does not say.</summary>
    ForwardMissing,

    /// <summary>The service does not lead there, or nowhere for addresses of this family.</summary>
    ForwardNotAllowed,

    /// <summary>That port leads this address elsewhere already, on account of another service or another's key.</summary>
    ForwardTaken,

    // Tokens that a secret makes: first what the sentry says.

    /// <summary>Too little came to make a token, or it is cut.</summary>
    TooShort,

    /// <summary>What came cannot be a token, whatever the secret: more of it is wrong than can be mended.</summary>
    Garbled,

    /// <summary>It has the shape of a token, and its code is by no secret of a knock.</summary>
    BadToken,

    /// <summary>A packet to where the steps of a rolling sequence may be, and it is none of them now.</summary>
    WrongStep,

    /// <summary>The token is good for another address only.</summary>
    WrongAddress,

    // What rides along.

    /// <summary>The service runs something with what the request says, and it does not say.</summary>
    DataMissing,

    /// <summary>The request says something for a command that the service does not have.</summary>
    DataNotTaken,

    // Where packets go.

    /// <summary>A single packet to a port of the pool that is none of those of now.</summary>
    WrongPort,
}

public static class RefusalText
{
    /// <summary>The refusal as it stands in logs, audit lines and vectors: <c>address-denied</c>.</summary>
    public static string Word(this Refusal refusal) => refusal switch
    {
        Refusal.None => "none",
        Refusal.BadReport => "bad-report",
        Refusal.StaleKnock => "stale-knock",
        Refusal.UnusableAddress => "unusable-address",
        Refusal.AddressDenied => "address-denied",
        Refusal.AddressNotAllowed => "address-not-allowed",
        Refusal.OutsideHours => "outside-hours",
        Refusal.NoSuchGrant => "no-such-grant",
        Refusal.NoSuchService => "no-such-service",
        Refusal.TooManyGrants => "too-many-grants",
        Refusal.FirewallFailed => "firewall-failed",
        Refusal.WrongSize => "wrong-size",
        Refusal.Junk => "junk",
        Refusal.Copy => "copy",
        Refusal.OverBudget => "over-budget",
        Refusal.NotSealedToUs => "not-sealed-to-us",
        Refusal.UnknownVersion => "unknown-version",
        Refusal.BadRequest => "bad-request",
        Refusal.GnuPg => "gnupg",
        Refusal.UnknownKey => "unknown-key",
        Refusal.BadSignature => "bad-signature",
        Refusal.KeyRevoked => "key-revoked",
        Refusal.KeyExpired => "key-expired",
        Refusal.WrongGate => "wrong-gate",
        Refusal.TooLate => "too-late",
        Refusal.TooEarly => "too-early",
        Refusal.Replayed => "replayed",
        Refusal.ServiceNotAllowed => "service-not-allowed",
        Refusal.AddressRequired => "address-required",
        Refusal.SourcePortRequired => "source-port-required",
        Refusal.SystemNotAllowed => "system-not-allowed",
        Refusal.StackNotAllowed => "stack-not-allowed",
        Refusal.NotInTurn => "not-in-turn",
        Refusal.NotRemembered => "not-remembered",
        Refusal.KnockExpired => "knock-expired",
        Refusal.UserNotAllowed => "user-not-allowed",
        Refusal.CommandNotAllowed => "command-not-allowed",
        Refusal.ActionFailed => "action-failed",
        Refusal.TooManyActions => "too-many-actions",
        Refusal.ForwardMissing => "forward-missing",
        Refusal.ForwardNotAllowed => "forward-not-allowed",
        Refusal.ForwardTaken => "forward-taken",
        Refusal.TooShort => "too-short",
        Refusal.Garbled => "garbled",
        Refusal.BadToken => "bad-token",
        Refusal.WrongStep => "wrong-step",
        Refusal.WrongAddress => "wrong-address",
        Refusal.DataMissing => "data-missing",
        Refusal.DataNotTaken => "data-not-taken",
        Refusal.WrongPort => "wrong-port",
        _ => throw new ArgumentOutOfRangeException(nameof(refusal), refusal, "not in the closed list"),
    };
}
