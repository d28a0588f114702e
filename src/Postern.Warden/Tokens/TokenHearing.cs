using Postern.Reports.Tokens;

namespace Postern.Warden;

/// <summary>One token on its way through <see cref="TokenJudge"/>: what is known of it so far.</summary>
internal sealed class TokenHearing
{
    /// <summary>A kernel sends its first segment again after 1 s, 3 s, 7 s (RFC 6298 §2).</summary>
    private static readonly TimeSpan FlowTime = TimeSpan.FromSeconds(10);

    /// <summary>Null while it is not known which.</summary>
    public TokenKnock? Knock { get; set; }

    public TokenRequest Token { get; set; }

    /// <summary>What it opens, once it may.</summary>
    public string[] Opens { get; set; } = [];

    /// <summary>And closes.</summary>
    public string[] Closes { get; set; } = [];

    /// <summary>What it asks for and may not have, where it is no service.</summary>
    public string? Unavailable { get; set; }

    /// <summary>For as long as the service says; for one flow only until its client has sent the segment again.</summary>
    public TimeSpan TimeFor(Service service) => Knock!.OneFlow && service.OpenFor > FlowTime ? FlowTime : service.OpenFor;

    /// <summary>How far the client's clock is off, where that is why it was refused.</summary>
    public Requester? By { get; set; }
}
