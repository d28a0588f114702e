using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Reports;

namespace Postern.Firewall.Nftables;

/// <summary>
/// The chain that copies knocks to a group of nfnetlink_log. It judges nothing: what it accepts goes on to the next chain. Behind the reassembly of fragments (-400)
/// and before any table raw (-300), so that it sees what no firewall has thrown away yet.
/// </summary>
internal static class KnockChain
{
    public const string Name = "knocks";
    public const int Priority = -310;

    private const int UdpHeader = 8;

    public static void Append(StringBuilder text, KnockLog log, string interfaces)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n\tchain {Name} {{\n\t\ttype filter hook prerouting priority {Priority}; policy accept;{interfaces}\n");
        foreach (var rule in log.Rules)
        {
            var copy = string.Create(CultureInfo.InvariantCulture, $"log group {log.Group} snaplen {rule.SnapLength} queue-threshold 1 accept");
            if (rule.Ports.IsEmpty)
                AppendMessages(text, rule, copy);
            else
                text.Append(CultureInfo.InvariantCulture, $"\t\t{Condition(rule)} {copy}\n");
        }

        text.Append("\t}\n");
    }

    private static void AppendMessages(StringBuilder text, KnockLogRule rule, string copy)
    {
        text.Append(CultureInfo.InvariantCulture, $"\t\t{(rule.OnlyEcho ? "icmp type echo-request" : "meta l4proto icmp")} {copy}\n");
        if (rule.OnlyEcho)
            text.Append(CultureInfo.InvariantCulture, $"\t\ticmpv6 type echo-request {copy}\n");
    }

    private static string Condition(KnockLogRule rule)
    {
        var ports = string.Join(", ", Merged(rule.Ports).Select(p => p.First == p.Last ? Text(p.First) : $"{Text(p.First)}-{Text(p.Last)}"));
        if (rule.Ports[0].Transport == Transport.Udp)
            return $"udp dport {{ {ports} }}{(rule.DataSizes.IsEmpty ? "" : $" udp length {{ {string.Join(", ", rule.DataSizes.Distinct().Select(size => Text(size + UdpHeader)))} }}")}";
        return $"tcp dport {{ {ports} }}{(rule.FlagsMask == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" tcp flags & 0x{rule.FlagsMask:x2} == 0x{rule.FlagsSet:x2}"))}";
    }

    /// <summary>nft refuses a set in which two runs overlap.</summary>
    private static List<(int First, int Last)> Merged(ImmutableArray<PortRange> ports)
    {
        var merged = new List<(int First, int Last)>();
        foreach (var range in ports.OrderBy(range => range.First))
        {
            if (merged.Count > 0 && range.First <= merged[^1].Last + 1)
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, range.Last));
            else
                merged.Add((range.First, range.Last));
        }

        return merged;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
