using Postern.Reports.Tokens;

namespace Postern.Warden;

/// <summary>One token on its way through <see cref="TokenJudge"/>: what is known of it so far.</summary>
internal sealed class TokenHearing
{
    /// <summary>Null while it is not known which.</summary>
    public TokenKnock? Knock { get; set; }

    public TokenRequest Token { get; set; }

    /// <summary>What it opens, once it may.</summary>
    public string[] Opens { get; set; } = [];

    /// <summary>And closes.</summary>
    public string[] Closes { get; set; } = [];

    /// <summary>How far the client's clock is off, where that is why it was refused.</summary>
    public Requester? By { get; set; }
}
