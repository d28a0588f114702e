using System.Collections.Immutable;
using System.Globalization;
using Postern.Knocks.Sequences;
using Postern.Reports;

namespace Postern.Cli.Imports.Knockd;

/// <param name="Name">One of ours.</param>
/// <param name="From">Where it comes from.</param>
internal sealed record ImportedService(string Name, string From)
{
    /// <summary>Null: it runs something.</summary>
    public PortRange? Ports { get; init; }

    public ImmutableArray<string> Run { get; init; } = [];

    public ImmutableArray<string> Undo { get; init; } = [];

    public bool HasShell { get; init; }

    public TimeSpan? OpenFor { get; init; }
}

internal sealed record ImportedKnock(string Name, string From)
{
    public ImmutableArray<KnockStep> Steps { get; init; } = [];

    public string? OneTimeFile { get; init; }

    public TimeSpan Within { get; init; }

    public TcpFlagCondition Flags { get; init; }

    public bool Strict { get; init; }

    public IpFamily Family { get; init; }

    public Address? To { get; init; }

    public ImmutableArray<string> Opens { get; init; } = [];

    public ImmutableArray<string> Closes { get; init; } = [];
}

internal static class ImportedName
{
    private const int MaxLength = 32;

    /// <summary>As near to a name of theirs as a name of ours can be, and another than all that are taken.</summary>
    public static string Of(string name, HashSet<string> taken)
    {
        var plain = new string([.. name.ToLowerInvariant().Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' ? c : '-')]).Trim('-', '_');
        plain = plain.Length == 0 ? "door" : plain[..Math.Min(plain.Length, MaxLength)];
        var free = plain;
        for (var i = 2; !taken.Add(free); i++)
        {
            var number = string.Create(CultureInfo.InvariantCulture, $"-{i}");
            free = plain[..Math.Min(plain.Length, MaxLength - number.Length)] + number;
        }

        return free;
    }
}

/// <summary>Runs of ports cut where another begins or ends, so that no two services have a port in common.</summary>
internal sealed class PortPieces
{
    private readonly ImmutableArray<PortRange> _all;

    private PortPieces(ImmutableArray<PortRange> all) => _all = all;

    public static PortPieces Of(IEnumerable<PortRange> all) => new([.. all.Distinct()]);

    public ImmutableArray<PortRange> Cut(ImmutableArray<PortRange> ports)
    {
        var pieces = ImmutableArray.CreateBuilder<PortRange>();
        foreach (var range in ports)
        {
            var begins = _all.Where(o => o.Overlaps(range)).SelectMany(o => new[] { (int)o.First, o.Last + 1 }).Append(range.First).Where(p => p >= range.First && p <= range.Last).Distinct().Order().ToArray();
            for (var i = 0; i < begins.Length; i++)
                pieces.Add(new(range.Transport, (ushort)begins[i], (ushort)(i + 1 < begins.Length ? begins[i + 1] - 1 : range.Last)));
        }

        return pieces.ToImmutable();
    }
}
