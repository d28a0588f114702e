using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Postern.Tests;

namespace Postern.Client.Tests;

/// <summary>One packet as tcpdump saw it arrive at the gate: <c>tcp/7000 S</c>, <c>udp/8000 1</c>, <c>icmp/120</c>.</summary>
internal readonly record struct SeenPacket(double Time, bool IsV6, string Source, string What, bool FromClient);

/// <summary>tcpdump at the gate's end of the cable.</summary>
internal sealed partial class Capture : IDisposable
{
    private readonly Process _tcpdump;
    private readonly List<string> _lines = [];

    public Capture(NetworkNamespace gate, string filter = "ip or ip6")
    {
        _tcpdump = gate.Start("tcpdump", "-i", NetworkNamespace.Interface, "-nn", "-tt", "-l", "--immediate-mode", $"({filter}) and not (icmp6 and ip6[40] >= 130)");
        while (_tcpdump.StandardError.ReadLine() is { } line && !line.StartsWith("listening", StringComparison.Ordinal)) { }
        _tcpdump.OutputDataReceived += (_, e) =>
        {
            lock (_lines)
                _lines.Add(e.Data ?? "");
        };
        _tcpdump.BeginOutputReadLine();
    }

    /// <summary>All packets so far, those included that left a moment ago.</summary>
    public List<SeenPacket> All()
    {
        Thread.Sleep(200);
        lock (_lines)
            return [.. _lines.Select(Read).OfType<SeenPacket>()];
    }

    /// <summary>What they are, in the order in which they came.</summary>
    public static string Text(IEnumerable<SeenPacket> packets) => string.Join(", ", packets.Select(p => p.What));

    public List<SeenPacket> FromClient() => All().FindAll(p => p.FromClient);

    private static SeenPacket? Read(string line)
    {
        var match = Shape().Match(line);
        if (!match.Success)
            return null;
        var source = match.Groups["src"].Value;
        var rest = match.Groups["rest"].Value;
        var fromClient = source.StartsWith(NetworkNamespace.Left4 + ".", StringComparison.Ordinal) || source.StartsWith(NetworkNamespace.Left6 + ".", StringComparison.Ordinal)
            || source is NetworkNamespace.Left4 or NetworkNamespace.Left6;
        var port = match.Groups["dst"].Value.Split('.')[^1];
        var what = rest.StartsWith("Flags", StringComparison.Ordinal) ? $"tcp/{port} {rest.Split('[', ']')[1]}"
            : rest.StartsWith("UDP", StringComparison.Ordinal) ? $"udp/{port} {Last(rest)}"
            : rest.Contains("echo request", StringComparison.Ordinal) ? $"icmp/{Last(rest) - 8}" // tcpdump counts the ICMP header
            : rest;
        return new(double.Parse(match.Groups["time"].Value, CultureInfo.InvariantCulture), match.Groups["v"].Value is "IP6", source, what, fromClient);
    }

    private static int Last(string text) => int.Parse(text.Split(' ')[^1], CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<time>[\d.]+) (?<v>IP6?) (?<src>\S+) > (?<dst>\S+): (?<rest>.*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Shape();

    public void Dispose()
    {
        _tcpdump.Kill();
        _tcpdump.WaitForExit();
        _tcpdump.Dispose();
    }
}
