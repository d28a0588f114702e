using System.Diagnostics;
using System.Globalization;
using Postern.Fuzz.Engine;

namespace Postern.Fuzz;

/// <summary>Works through the targets, one after the other, and says what came of it.</summary>
internal sealed class Session(Options options)
{
    /// <summary>Nothing of ours loops for so long; what does would loop for ever.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, string> _saved = new(StringComparer.Ordinal);
    private string _target = "";
    private byte[] _input = [];
    private long _since = long.MaxValue;

    public int Run()
    {
        new Thread(Watch) { IsBackground = true }.Start();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {options.Seed}; {options.Targets.Length} targets, {(double)options.Seconds / options.Targets.Length:F1} s each"));
        Console.WriteLine("target                execs   execs/s   edges   corpus  findings");
        var executions = 0L;
        foreach (var target in options.Targets)
            executions += Run(target);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{executions} executions, {_saved.Count} findings"));
        foreach (var (file, kind) in _saved)
            Console.WriteLine($"  {kind}\n    fuzz/run --replay {Path.GetRelativePath(Repository.Root, file)}");
        return _saved.Count == 0 ? 0 : 2;
    }

    private long Run(Target target)
    {
        _target = target.Name;
        var seeds = Corpus.Load(target.Name);
        var started = Stopwatch.GetTimestamp();
        var campaign = new Campaign(target, seeds.Count > 0 ? seeds : [[]], options.Seed, Note);
        campaign.RunFor(TimeSpan.FromSeconds((double)options.Seconds / options.Targets.Length));
        Volatile.Write(ref _since, long.MaxValue);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{target.Name,-18} {campaign.Executions,8} {campaign.Executions / seconds,9:F0} {campaign.EdgeCount,7} {campaign.Kept.Count,8} {campaign.Findings.Count,9}"));
        if (campaign.EdgeCount > 0)
            Corpus.Keep(target.Name, campaign.Kept);
        foreach (var finding in campaign.Findings)
            Save(finding);
        return campaign.Executions;
    }

    private void Note(byte[] input)
    {
        _input = input;
        Volatile.Write(ref _since, Stopwatch.GetTimestamp());
    }

    private void Save(Finding finding)
    {
        Directory.CreateDirectory(Repository.Findings);
        var file = Path.Combine(Repository.Findings, finding.FileName);
        File.WriteAllBytes(file, finding.Input);
        _saved[file] = $"{finding.Target}: {finding.What.Split('\n')[0]}";
    }

    private void Watch()
    {
        while (true)
        {
            Thread.Sleep(1000);
            var since = Volatile.Read(ref _since);
            if (since == long.MaxValue || Stopwatch.GetElapsedTime(since) < Hang)
                continue;
            Save(new(_target, "hang", $"still running after {Hang.TotalSeconds:F0} s", _input));
            Console.WriteLine($"{_saved.Last().Value}: {_saved.Last().Key}");
            Environment.Exit(2);
        }
    }
}
