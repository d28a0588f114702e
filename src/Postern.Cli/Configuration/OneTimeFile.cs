using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postern.Cli.Imports.Knockd;
using Postern.Knocks.Sequences;
using Postern.Warden.Ledger;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>One sequence of a file of one-time sequences, and where it stands.</summary>
internal readonly record struct OneTimeLine(ImmutableArray<KnockStep> Steps, Place Place)
{
    /// <summary>
    /// What the ledger remembers of it when it was used: SHA-256 of the steps as they are written here. Neither the knock's name nor the file's is in it, so that what was used stays so when
    /// they are renamed.
    /// </summary>
    public KeyFingerprint Digest() => KeyFingerprint.Read(SHA256.HashData(Encoding.ASCII.GetBytes("postern one-time sequence\n" + string.Join(',', Steps))));
}

/// <summary>
/// A file of sequences, one a line, each good once: <c>7000,8000:udp,9000</c> as knockd writes them, or <c>tcp/7000, udp/8000, icmp/120</c>. Blank lines and those that begin with <c>#</c> are
/// passed over; knockd makes such of lines that were used. A line with a fault opens nothing, and does not take the others with it.
/// </summary>
internal static class OneTimeFile
{
    /// <summary>Each is a door of the sentry's.</summary>
    public const int MaxLines = 4096;

    private const int MaxSize = 1 << 20;

    private const int MaxOverlapping = SequenceDetector.MaxOverlappingSteps;

    public static ImmutableArray<OneTimeLine> Read(string path, FaultList faults) => FileOf(path).ReadText(faults) is { } text ? ReadText(path, text, faults) : [];

    private static TrustedFile FileOf(string path) => new(path, MaxSize, "no sequence of it is taken: the knock opens nothing")
    {
        IsSecret = true,
        IsForGroup = true,
        Make = "make it, with one sequence a line, each good once: 7319,40112:udp,1893",
        Shrink = "remove the lines that were used",
    };

    /// <summary>Reads a text as if it were a file of that name.</summary>
    internal static ImmutableArray<OneTimeLine> ReadText(string path, string text, FaultList faults)
    {
        var lines = ImmutableArray.CreateBuilder<OneTimeLine>();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var (before, number) = (faults.Count, 0);
        foreach (var whole in text.Split('\n'))
        {
            var line = whole.Trim();
            var place = new Place(path, ++number, 1 + whole.Length - whole.TrimStart().Length);
            if (line.Length == 0 || line[0] == '#' || ReadSteps(line, place, faults) is not { } steps)
                continue;
            if (!seen.TryAdd(string.Join(',', steps), number))
                faults.Add(place, string.Create(CultureInfo.InvariantCulture, $"the sequence of line {seen[string.Join(',', steps)]} again, which is good once"), "write another");
            else if (lines.Count == MaxLines)
                faults.Add(place, string.Create(CultureInfo.InvariantCulture, $"more than {MaxLines} sequences"), "put these into the next file, for when the others are used");
            else
                lines.Add(new(steps, place));
        }

        if (lines.Count == 0 && faults.Count == before)
            faults.Add(Place.Whole(path), "holds no sequence: the knock opens nothing", "write some, one a line: 7319,40112:udp,1893");
        return lines.ToImmutable();
    }

    private static ImmutableArray<KnockStep>? ReadSteps(string line, Place place, FaultList faults)
    {
        var steps = ImmutableArray.CreateBuilder<KnockStep>();
        foreach (var item in line.Split(',').Select(i => i.Trim()))
        {
            if (TryReadStep(item, out var step))
            {
                steps.Add(step);
                continue;
            }

            faults.Add(place, $"{Quote(item)} is not a step", "write ports with commas: 7000,8000:udp,9000, or tcp/7000, udp/8000, icmp/120");
            return null;
        }

        var what = steps.Count > SequenceDetector.MaxSteps ? string.Create(CultureInfo.InvariantCulture, $"more than {SequenceDetector.MaxSteps} steps")
            : steps.Count(s => steps.Count(o => o.Overlaps(s)) > 1) > MaxOverlapping ? string.Create(CultureInfo.InvariantCulture, $"more than {MaxOverlapping} steps overlap others")
            : new KnockSequence("", steps.ToImmutable()).FirstAmbiguity() is { } twins ? $"the steps {twins.One} and {twins.Other} overlap in part"
            : null;
        if (what is null)
            return steps.ToImmutable();
        faults.Add(place, what, "use fewer, or more different ports");
        return null;
    }

    private static bool TryReadStep(string item, out KnockStep step) =>
        KnockStep.TryParse(item, out step)
        || (item.Length > 0 && char.IsAsciiDigit(item[0]) && KnockdReader.TryReadStep(item, out step, out _, out var odd) && odd is null && item.TakeWhile(c => c != ':').All(c => char.IsAsciiDigit(c) || c is ' '));
}
