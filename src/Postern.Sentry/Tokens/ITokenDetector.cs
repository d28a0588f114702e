using Postern.Packets;

namespace Postern.Sentry.Tokens;

/// <summary>
/// Looks for the tokens of one method. A function of (packet, time) and of what it remembers, which is bounded; it never throws for a packet and allocates nothing for one that completes no token.
/// </summary>
internal interface ITokenDetector
{
    /// <summary>The tokens that this packet completes: mostly none. The answer lives until the next call.</summary>
    ReadOnlySpan<FoundToken> Observe(in PacketView packet, TokenTime now);
}

/// <param name="Door">The place of the knock in <see cref="TokenWatchOptions.Knocks"/>.</param>
/// <param name="Request">The bytes of a <see cref="Reports.Tokens.TokenRequest"/>. They live until the detector is called again.</param>
internal readonly record struct FoundToken(int Door, ReadOnlyMemory<byte> Request);

/// <summary>When a packet came. What lasts is measured by uptime; what a clock says may jump.</summary>
/// <param name="Uptime">Nanoseconds; only differences matter.</param>
/// <param name="Wall">Nanoseconds since 1970.</param>
internal readonly record struct TokenTime(long Uptime, long Wall)
{
    private const long Second = 1_000_000_000;

    /// <summary>Seconds since 1970; a clock that stands before is at its start.</summary>
    public long Seconds => Math.Max(0, Wall / Second);
}
