using System.Diagnostics;
using System.Globalization;
using Postern.Fuzz;
using Postern.Fuzz.Engine;
using Postern.Fuzz.Targets;

// Called by fuzz/run, which says how.
try
{
    return args switch
    {
        ["--instrument", var to] => Instrument(to),
        ["--replay", var file] => Replay(file),
        ["--sow"] => Seeds.Sow(),
        ["--minimise", .. var names] => Minimise(names),
        _ => new Session(Options.Read(args)).Run(),
    };
}
catch (Exception e) when (e is ArgumentException or FormatException or FileNotFoundException)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 1;
}

// A copy of this program whose parsers count their edges.
static int Instrument(string to)
{
    Directory.CreateDirectory(to);
    var places = 0;
    foreach (var file in Directory.GetFiles(AppContext.BaseDirectory))
    {
        var name = Path.GetFileName(file);
        var copy = Path.Combine(to, name);
        // YamlDotNet is not ours, and it stands between the bytes and what we make of them.
        var isCounted = name is "postern.dll" or "YamlDotNet.dll" || (name.StartsWith("Postern.", StringComparison.Ordinal) && name.EndsWith(".dll", StringComparison.Ordinal) && name != "Postern.Fuzz.dll");
        if (isCounted)
            places += Instrumenter.Rewrite(file, copy);
        else
            File.Copy(file, copy, overwrite: true);
    }

    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{places} places are counted"));
    return 0;
}

static int Replay(string file)
{
    var target = Table.Find(Path.GetFileName(file).Split("--")[0]);
    var started = Stopwatch.GetTimestamp();
    var finding = new Runner(target) { Limit = Runner.UsualLimit }.Run(File.ReadAllBytes(file));
    Console.WriteLine(finding?.What ?? string.Create(CultureInfo.InvariantCulture, $"nothing is wrong, in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F1} ms"));
    return finding is null ? 0 : 2;
}

// The corpus that is committed becomes the smallest part of all that is known which still takes every way.
static int Minimise(string[] names)
{
    foreach (var target in Table.All.Where(t => names.Length == 0 || names.Contains(t.Name)))
    {
        var before = Corpus.Load(target.Name);
        var after = Campaign.Smallest(target, before);
        Corpus.Replace(target.Name, after);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{target.Name,-20} {before.Count,6} → {after.Count,5} inputs, {after.Sum(i => i.Length),8} bytes"));
    }

    return 0;
}
