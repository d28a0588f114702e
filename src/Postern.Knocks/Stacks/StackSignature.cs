using System.Collections.Immutable;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Knocks.Stacks;

/// <summary>One line of <c>stacks.txt</c>: what the first segments of a stack have in common.</summary>
public sealed record StackSignature(ClientStack Stack)
{
    /// <summary>What is set only by IPv4's own fields.</summary>
    private const SynTraits OnlyOfV4 = SynTraits.DontFragment | SynTraits.NoIdentification;

    private const int MaxWindow = ushort.MaxValue;

    private static readonly ImmutableArray<byte> UsualHops = [32, 64, 128, 255];

    /// <summary>Of IP; 0: any.</summary>
    public byte Version { get; init; }

    /// <summary>What it is sent with; 0: any.</summary>
    public byte Hops { get; init; }

    public WindowRule Window { get; init; }

    public ScaleRule Scale { get; init; } = ScaleRule.Any;

    /// <inheritdoc cref="SynOptions.Order"/>
    public ulong Options { get; init; }

    public SynTraits Must { get; init; }

    public SynTraits May { get; init; }

    public bool Fits(in SynView syn) =>
        syn.Options.Order == Options
        && Scale.Fits(syn.Options.Scale)
        && Window.Fits(syn.Window, syn.Options.MaximumSegment)
        && (Hops == 0 || SentWith(syn.Hops) == Hops)
        && (Version == 0 || Version == 4 == syn.IsV4)
        && FitsTraits(syn);

    /// <summary>No path is longer than the distance between two of them.</summary>
    public static byte SentWith(byte hops)
    {
        foreach (var usual in UsualHops)
        {
            if (hops <= usual)
                return usual;
        }

        return byte.MaxValue;
    }

    private bool FitsTraits(in SynView syn)
    {
        var must = syn.IsV4 ? Must : Must & ~OnlyOfV4;
        return (syn.Traits & must) == must && (syn.Traits & ~(must | May)) == SynTraits.None;
    }

    /// <summary>How the window is chosen.</summary>
    /// <param name="Kind">The manner.</param>
    /// <param name="Value">The window itself, or how many segments.</param>
    public readonly record struct WindowRule(WindowKind Kind, ushort Value)
    {
        public bool Fits(ushort window, ushort segment) => Kind switch
        {
            WindowKind.Any => true,
            WindowKind.Exactly => window == Value,
            WindowKind.Segments => window == segment * Value,
            _ => segment > 0 && window == MaxWindow / segment * segment,
        };
    }

    /// <summary>Which scales; a lowest of −1 is none at all.</summary>
    public readonly record struct ScaleRule(int Lowest, int Highest)
    {
        public static ScaleRule Any => new(-1, byte.MaxValue);

        public bool Fits(int scale) => scale >= Lowest && scale <= Highest;
    }
}

public enum WindowKind
{
    Any,
    Exactly,

    /// <summary>So many times the maximum segment size.</summary>
    Segments,

    /// <summary>As many whole segments as 16 bits can say.</summary>
    FullSegments,
}
