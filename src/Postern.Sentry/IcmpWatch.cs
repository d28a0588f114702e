using System.Collections.Immutable;
using Postern.Keys;
using Postern.Reports.Tokens;
using Postern.Sentry.Tokens;

namespace Postern.Sentry;

/// <summary>A knock by a token in the pattern of echo requests, as the sentry knows it.</summary>
/// <param name="Secret">The caller's.</param>
public sealed record IcmpWatch(TokenSecret Secret) : TokenWatch(Secret)
{
    /// <summary>Seconds.</summary>
    public int Step { get; init; } = 30;

    /// <summary>Its tokens are bound to the client's address.</summary>
    public bool IsBound { get; init; }

    public override TokenMethod Method => TokenMethod.Icmp;

    public override bool Echo => true;

    internal override ITokenDetector Detector(ImmutableArray<(int Door, TokenWatch Knock)> knocks, TokenWatchOptions options, TokenThoughts thoughts) =>
        new IcmpDetector([.. knocks.Select(k => (k.Door, (IcmpWatch)k.Knock))], thoughts);

    internal override void Write(BinaryWriter writer)
    {
        writer.Write(Step);
        writer.Write(IsBound);
    }

    internal static IcmpWatch Read(BinaryReader reader, TokenSecret secret) => new(secret) { Step = CountedSteps.Read(reader), IsBound = reader.ReadBoolean() };
}
