using System.Collections.Immutable;
using Postern.Reports;
using Postern.Reports.Tokens;
using Postern.Warden.Ledger;

namespace Postern.Warden;

/// <summary>
/// A knock by a token that a secret makes, whichever the method. Its place in <see cref="WardenOptions.Tokens"/> is the door number of such reports. The sentry has the
/// secret too, or it could not know the token: what it says of one is believed, as it is of a sequence.
/// </summary>
/// <param name="Name">Of the knock.</param>
/// <param name="Method">By which its tokens are made.</param>
/// <param name="Secret">SHA-256 of the secret, by which a used token is told from those of other secrets.</param>
public sealed record TokenKnock(string Name, TokenMethod Method, KeyFingerprint Secret)
{
    public ImmutableArray<string> Opens { get; init; } = [];

    public ImmutableArray<string> Closes { get; init; } = [];

    /// <summary>Only where the packet that completes the token looks as if it came from one of these; empty: from any, and from none that we know.</summary>
    public ImmutableArray<ClientStack> Stacks { get; init; } = [];

    /// <summary>How long the moment lasts that a token names: a time step; of a time in seconds, one.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long before that moment, and after it, the token is taken.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A token must be bound to the address that it comes from.</summary>
    public bool RequireAddress { get; init; }

    /// <summary>Of a knock whose tokens have a counter: the lowest that is good, whatever the ledger says.</summary>
    public ulong FirstCounter { get; init; }

    /// <summary>So many counters are good, from the lowest on; a sentry looks for no others.</summary>
    public int Window { get; init; }

    /// <summary>The grant is for the source port of the packet alone.</summary>
    public bool OneFlow { get; init; }
}
