using System.Diagnostics;

namespace Postern.Fuzz.Engine;

/// <summary>Mutates what has been kept, and keeps what takes a way that nothing before it took. Where no code was rewritten it keeps nothing: that is blind mutation.</summary>
public sealed class Campaign
{
    private const int MostTrims = 128;
    private const int Recent = 8;
    private const int Round = 64;

    private readonly Runner _runner;
    private readonly Chance _chance;
    private readonly Mutator _mutator;
    private readonly Coverage _coverage = new();
    private readonly List<byte[]> _kept = [];
    private readonly Dictionary<string, Finding> _findings = new(StringComparer.Ordinal);

    private readonly Action<byte[]> _before;

    /// <param name="target">Whom.</param>
    /// <param name="seeds">To begin with; one at least.</param>
    /// <param name="seed">Of chance.</param>
    /// <param name="before">Called with each input before it runs, so that one that never ends is known.</param>
    public Campaign(Target target, IReadOnlyList<byte[]> seeds, ulong seed, Action<byte[]>? before = null)
    {
        _before = before ?? (_ => { });
        _runner = new(target) { Limit = Runner.UsualLimit };
        _chance = new(seed);
        _mutator = new(_chance, Words.Of(seeds), target.MaxLength);
        foreach (var input in seeds.OrderBy(s => s.Length))
        {
            if (Run(input) || _kept.Count == 0)
                _kept.Add(input);
        }
    }

    public long Executions { get; private set; }

    public int EdgeCount => _coverage.Count;

    /// <summary>What has been kept: of the seeds those that add something, and what was found beside them.</summary>
    public IReadOnlyList<byte[]> Kept => _kept;

    public IReadOnlyCollection<Finding> Findings => _findings.Values;

    public void RunFor(TimeSpan time)
    {
        var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < end)
            RunRound(end);
    }

    public void RunTimes(long executions)
    {
        while (Executions < executions && _findings.Count == 0)
            RunRound(long.MaxValue);
    }

    private void RunRound(long end)
    {
        var parent = _chance.Below(2) == 0 ? _kept[^(1 + _chance.Below(Math.Min(Recent, _kept.Count)))] : _chance.Of(_kept);
        for (var i = 0; i < Round && Stopwatch.GetTimestamp() < end; i++)
        {
            var child = _mutator.Change(parent, _chance.Of(_kept));
            if (Run(child))
                _kept.Add(Trim(child));
        }
    }

    private bool Run(byte[] input)
    {
        _before(input);
        Executions++;
        Edges.Clear();
        if (_runner.Run(input) is { } finding)
            _findings.TryAdd(finding.Kind, finding);
        return _coverage.Add();
    }

    /// <summary>The input without those blocks that its way does not depend on.</summary>
    private byte[] Trim(byte[] input)
    {
        Run(input);
        var way = Coverage.Signature();
        var tries = 0;
        for (var size = Math.Max(1, input.Length / 2); tries < MostTrims; size = Math.Max(1, size / 2))
        {
            for (var at = 0; at + size <= input.Length && tries < MostTrims; tries++)
            {
                byte[] shorter = [.. input.AsSpan(0, at), .. input.AsSpan(at + size)];
                Run(shorter);
                if (Coverage.Signature() == way)
                    input = shorter;
                else
                    at += size;
            }

            if (size == 1)
                break;
        }

        return input;
    }

    /// <summary>As few of these as take all ways that they take together: the shortest first, and then each that is needed.</summary>
    public static IReadOnlyList<byte[]> Smallest(Target target, IEnumerable<byte[]> inputs)
    {
        var runner = new Runner(target);
        var coverage = new Coverage();
        var needed = new List<byte[]>();
        foreach (var input in inputs.OrderBy(i => i.Length).ThenBy(Convert.ToHexString, StringComparer.Ordinal))
        {
            Edges.Clear();
            runner.Run(input);
            if (coverage.Add())
                needed.Add(input);
        }

        return needed;
    }
}
