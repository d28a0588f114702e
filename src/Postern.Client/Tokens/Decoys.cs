using System.Collections.Immutable;
using System.Security.Cryptography;
using Postern.Knocks.Sequences;

namespace Postern.Client.Tokens;

/// <summary>Packets that mean nothing, by chance among those that do, so that who looks on does not know which these are.</summary>
public static class Decoys
{
    /// <summary>What a gate forgives in three rounds (spec/knocks.md §3).</summary>
    public const int Most = 20;

    /// <summary>Of the first rounds only: whoever has to try again has other troubles.</summary>
    internal const int Rounds = 3;

    /// <summary>All in an order of chance.</summary>
    /// <param name="real">Those that do mean something.</param>
    /// <param name="count">How many decoys.</param>
    /// <param name="draw">Makes one.</param>
    /// <param name="gap">Between two packets.</param>
    internal static ImmutableArray<KnockMessage> Mix(IReadOnlyCollection<KnockStep> real, int count, Func<KnockStep> draw, TimeSpan gap)
    {
        var all = real.ToList();
        while (all.Count < real.Count + count)
        {
            if (draw() is var decoy && !all.Contains(decoy))
                all.Add(decoy);
        }

        var packets = all.ToArray();
        RandomNumberGenerator.Shuffle<KnockStep>(packets);
        return [.. packets.Select((p, i) => new KnockMessage(new(p.Kind, p.First, i == 0 ? TimeSpan.Zero : gap), default))];
    }
}
