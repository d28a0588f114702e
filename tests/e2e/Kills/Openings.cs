using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Postern.Tests;

namespace Postern.EndToEnd.Tests.Kills;

/// <summary>
/// Which addresses the kernel has let in, and until when, by the kernel's own word: its sets, listed again and again, tell of each address how long ago
/// it was put in and how long it stays. All grants are longer than many lists, so that none is missed.
/// </summary>
internal sealed partial class Openings : IDisposable
{
    /// <summary>A grant's end is the kernel's; a busy machine takes some time to list it.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    private readonly NetworkNamespace _gate;
    private readonly ConcurrentDictionary<string, Opening> _openings = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _faults = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _lister;

    public Openings(NetworkNamespace gate)
    {
        _gate = gate;
        _lister = new Thread(Watch) { IsBackground = true };
        _lister.Start();
    }

    /// <summary>When it opened first, and when that ends: not before <paramref name="EndAtLeast"/>, not after <paramref name="End"/>. Times of <see cref="Stopwatch"/>.</summary>
    public sealed record Opening(int Port, long At, long EndAtLeast, long End);

    public IReadOnlyDictionary<string, Opening> All => (IReadOnlyDictionary<string, Opening>)_openings;

    public IEnumerable<string> Faults => _faults;

    public int Lists { get; private set; }

    /// <summary>How long after its end a grant was last seen in a list, at most.</summary>
    public TimeSpan LatestEnd { get; private set; }

    public bool Has(string address) => _openings.ContainsKey(address);

    /// <summary>What is in force, and will be for so long still.</summary>
    public IReadOnlyList<(string Address, Opening Opening)> InForce(TimeSpan still)
    {
        var latest = Stopwatch.GetTimestamp() + Ticks(still);
        return [.. _openings.Where(o => o.Value.EndAtLeast > latest).Select(o => (o.Key, o.Value))];
    }

    public void Dispose()
    {
        _stop.Cancel();
        _lister.Join();
        _stop.Dispose();
    }

    /// <summary>Addresses in the sets now.</summary>
    public string[] Now() => [.. Element().Matches(List()).Select(m => m.Groups["address"].Value)];

    public static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private string List() => _gate.Run("nft", "list", "table", "inet", "postern");

    private void Watch()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var asked = Stopwatch.GetTimestamp();
                var text = List();
                Read(text, asked, Stopwatch.GetTimestamp());
                Lists++;
            }
            catch (InvalidOperationException e)
            {
                _faults.Enqueue($"the table is not there: {e.Message}");
            }

            _stop.Token.WaitHandle.WaitOne(50);
        }
    }

    /// <summary>10.80.0.1 . tcp . 22 timeout 3s expires 2s996ms comment "ssh". Our clock is read before and after, so that a slow list accuses nobody.</summary>
    private void Read(string text, long asked, long answered)
    {
        foreach (Match match in Element().Matches(text))
        {
            var (address, left) = (match.Groups["address"].Value, TimeOf(match.Groups["expires"].Value));
            var age = TimeOf(match.Groups["timeout"].Value) - left;
            var opening = _openings.GetOrAdd(address, _ => new(int.Parse(match.Groups["port"].Value, CultureInfo.InvariantCulture), answered - Ticks(age), asked + Ticks(left), answered + Ticks(left)));
            if (asked + Ticks(left) > opening.End + Ticks(Tolerance))
                _faults.Enqueue($"{address} was given more time than it was granted: {match.Value}");
            var late = asked - opening.End;
            if (late <= 0)
                continue;
            LatestEnd = Stopwatch.GetElapsedTime(opening.End, asked) is var after && after > LatestEnd ? after : LatestEnd;
            if (late > Ticks(Tolerance))
                _faults.Enqueue($"{address} is open {after.TotalSeconds:F2} s after its end");
        }
    }

    /// <summary>1h2m3s400ms</summary>
    private static TimeSpan TimeOf(string text) => Part().Matches(text).Aggregate(TimeSpan.Zero, (sum, m) => sum + (double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture) * (m.Groups[2].Value switch
    {
        "d" => TimeSpan.FromDays(1),
        "h" => TimeSpan.FromHours(1),
        "m" => TimeSpan.FromMinutes(1),
        "s" => TimeSpan.FromSeconds(1),
        _ => TimeSpan.FromMilliseconds(1),
    })));

    [GeneratedRegex(@"(?<address>10\.\d+\.\d+\.\d+) \. (?:tcp|6) \. (?<port>\d+)(?: timeout (?<timeout>\w+))(?: expires (?<expires>\w+))")]
    private static partial Regex Element();

    [GeneratedRegex("([0-9]+)(ms|d|h|m|s)")]
    private static partial Regex Part();
}
