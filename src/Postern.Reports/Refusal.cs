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
        _ => throw new ArgumentOutOfRangeException(nameof(refusal), refusal, "not in the closed list"),
    };
}
