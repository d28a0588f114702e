using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Postern.Firewall;
using Postern.Knocks.Sequences;
using Postern.Reports;

namespace Postern.Cli.Compile;

/// <summary>
/// A rule set of nftables. For each knock and family:
/// <code>
/// order: any       a set for each step, its elements end "within" after the step was last made; who is in all of them has knocked
/// order: strict    a set for each step but the last: who has come so far; and one of who has begun, "within" ago at most
/// </code>
/// A mark of use is an element that is the same whoever uses it and how: the kind of our own address, "local". In it stands a limit of one packet: two processors may both see that there is no mark, and both make it, but the
/// kernel keeps one element, and its limit lets one packet by.
/// Nobody is taken out of the set of a step by the step after it, so that a packet that comes again is known for one.
/// </summary>
internal sealed class NftRules
{
    private const string Table = "postern_knocks";

    /// <summary>Addresses under way for each step; about 100 bytes of kernel memory each. When it is full, new ones must wait.</summary>
    private const int Bound = 65_536;

    private readonly CompiledGate _gate;
    private readonly StringBuilder _text = new();

    private NftRules(CompiledGate gate) => _gate = gate;

    private static readonly ImmutableArray<bool> Families = [true, false];

    public static string Write(CompiledGate gate)
    {
        var rules = new NftRules(gate);
        rules.WriteTable();
        return rules._text.ToString();
    }

    private void WriteTable()
    {
        Line(0, $"table inet {Table}");
        Line(0, $"delete table inet {Table}");
        Line(0, $"table inet {Table} {{");
        WriteHarmless();
        foreach (var (number, service) in _gate.Numbered)
            Each(isV4 => Set(Open(number, isV4), isV4, service.OpenFor, $"who may connect to {service.Name}"));
        foreach (var knock in _gate.Knocks)
            Each(knock, isV4 => WriteSets(knock, isV4));
        foreach (var knock in _gate.Knocks.Where(k => k.IsOnce))
            Line(1, $"set knock{knock.Number}_used {{\n\t\ttypeof fib daddr type\n\t\tsize 8\n\t\tflags dynamic\n\t\tcomment \"one-time: whether it was used\"\n\t}}\n");
        foreach (var knock in _gate.Knocks)
            Each(knock, isV4 => WriteChains(knock, isV4));
        Each(WriteAstray);
        WriteKnocks();
        WriteGuard();
        Line(0, "}");
    }

    private void WriteHarmless()
    {
        var ports = _gate.Knocks.SelectMany(k => k.Sequence.Steps).Where(s => s.Kind != StepKind.Echo).Select(s => (s.Kind, (int)s.First, (int)s.Last))
            .Concat(_gate.Services.SelectMany(s => s.Ports).Select(p => (p.Transport == Transport.Tcp ? StepKind.Tcp : StepKind.Udp, (int)p.First, (int)p.Last)));
        Line(1, "set harmless {\n\t\ttype inet_proto . inet_service\n\t\tflags interval\n\t\tcomment \"ports that undo no knock: steps, services; add those that this host serves to all\"");
        Line(2, $"elements = {{ {string.Join(", ", Merged(ports).Select(p => $"{(p.Kind == StepKind.Tcp ? "tcp" : "udp")} . {Range(p.First, p.Last)}"))} }}\n\t}}\n");
    }

    private static List<(StepKind Kind, int First, int Last)> Merged(IEnumerable<(StepKind Kind, int First, int Last)> ports)
    {
        var merged = new List<(StepKind Kind, int First, int Last)>();
        foreach (var (kind, first, last) in ports.OrderBy(p => p.Kind).ThenBy(p => p.First))
        {
            if (merged.Count > 0 && merged[^1].Kind == kind && first <= merged[^1].Last + 1)
                merged[^1] = (kind, merged[^1].First, Math.Max(merged[^1].Last, last));
            else
                merged.Add((kind, first, last));
        }

        return merged;
    }

    private void Set(string name, bool isV4, TimeSpan time, string comment) => Line(1, string.Create(
        CultureInfo.InvariantCulture, $"set {name} {{\n\t\ttype {(isV4 ? "ipv4_addr" : "ipv6_addr")}\n\t\tsize {Bound}\n\t\tflags dynamic,timeout\n\t\ttimeout {Time(time)}\n\t\tcomment \"{comment}\"\n\t}}\n"));

    private void WriteSets(CompiledKnock knock, bool isV4)
    {
        foreach (var set in SetsOf(knock, isV4))
            Set(set, isV4, knock.Sequence.Within, $"on their way through {knock.Name}");
    }

    private static IEnumerable<string> SetsOf(CompiledKnock knock, bool isV4)
    {
        var steps = knock.Sequence.Steps.Length;
        return Enumerable.Range(1, knock.IsStrict ? steps - 1 : steps).Select(step => Step(knock, step, isV4)).Concat(knock.IsStrict && steps > 1 ? [Begun(knock, isV4)] : []);
    }

    private void WriteChains(CompiledKnock knock, bool isV4)
    {
        var source = Source(isV4);
        if (knock.IsOnce)
            Chain(Named(knock, "done", isV4), [], OnceOnly(knock, $"goto {Named(knock, "once", isV4)}"));
        Chain(Named(knock, knock.IsOnce ? "once" : "done", isV4), [],
        [
            .. SetsOf(knock, isV4).Select(set => $"delete @{set} {{ {source} }}"),
            .. knock.Closes.Select(service => $"delete @{Open(service, isV4)} {{ {source} }}"),
            .. knock.Opens.Select(service => $"update @{Open(service, isV4)} {{ {source} }}"),
            $"log prefix \"postern {knock.Name}: \" level info",
        ]);
        if (knock.IsStrict)
            WriteStrict(knock, isV4);
        else
            WriteAny(knock, isV4);
    }

    private static string[] OnceOnly(CompiledKnock knock, string then)
    {
        var used = string.Create(CultureInfo.InvariantCulture, $"@knock{knock.Number}_used");
        return ["fib daddr type != local return", $"fib daddr type {used} return", $"add {used} {{ fib daddr type limit rate 1/week burst 1 packets }} {then}"];
    }

    private void WriteAny(CompiledKnock knock, bool isV4)
    {
        var steps = knock.Sequence.Steps;
        Chain(Named(knock, "", isV4), Address(knock, isV4),
        [
            .. steps.Select((step, i) => $"{Match(step, knock, isV4)} update @{Step(knock, i + 1, isV4)} {{ {Source(isV4)} }}"),
            $"{string.Join(' ', steps.Select((_, i) => $"{Source(isV4)} @{Step(knock, i + 1, isV4)}"))} goto {Named(knock, "done", isV4)}",
        ]);
    }

    /// <summary>The step that is due; one that was made already; the first, which begins anew; and any other, which is out of turn.</summary>
    private void WriteStrict(CompiledKnock knock, bool isV4)
    {
        var (steps, source) = (knock.Sequence.Steps, Source(isV4));
        var begun = Begun(knock, isV4);
        var first = Match(steps[0], knock, isV4);
        var rules = new List<string>();
        if (steps.Length == 1)
        {
            Chain(Named(knock, "", isV4), Address(knock, isV4), [$"{first} goto {Named(knock, "done", isV4)}"]);
            return;
        }

        Chain(Named(knock, "void", isV4), [], [.. SetsOf(knock, isV4).Select(set => $"delete @{set} {{ {source} }}")]);
        Chain(Named(knock, "first", isV4), [$"jump {Named(knock, "void", isV4)}"], [$"update @{begun} {{ {source} }}", $"update @{Step(knock, 1, isV4)} {{ {source} }}"]);
        for (var step = steps.Length; step > 1; step--)
        {
            var due = $"{Match(steps[step - 1], knock, isV4)} {source} @{Step(knock, step - 1, isV4)} {source} @{begun}";
            rules.Add(step == steps.Length ? $"{due} goto {Named(knock, "done", isV4)}" : $"{due} update @{Step(knock, step, isV4)} {{ {source} }} return");
        }

        rules.Add($"{first} {source} @{Step(knock, 1, isV4)} {(steps.Length > 2 ? $"{source} != @{Step(knock, 2, isV4)} " : "")}update @{begun} {{ {source} }} update @{Step(knock, 1, isV4)} {{ {source} }} return");
        for (var step = 1; step < steps.Length; step++)
            rules.Add($"{Match(steps[step - 1], knock, isV4)} {source} @{Step(knock, step, isV4)} return");
        rules.Add($"{first} goto {Named(knock, "first", isV4)}");
        rules.AddRange(steps.Skip(1).Select(step => $"{Match(step, knock, isV4)} goto {Named(knock, "void", isV4)}"));
        Chain(Named(knock, "", isV4), Address(knock, isV4), rules);
    }

    private void WriteAstray(bool isV4) =>
        Chain($"astray{Family(isV4)}", [], [.. _gate.Knocks.Where(k => k.IsOf(isV4)).SelectMany(k => SetsOf(k, isV4)).Select(set => $"delete @{set} {{ {Source(isV4)} }}")]);

    private void WriteKnocks()
    {
        Line(1, "chain knocks {\n\t\ttype filter hook prerouting priority -191; policy accept;");
        WriteOnlyHere();
        foreach (var isV4 in Families)
            WritePolicy(isV4);
        foreach (var knock in _gate.Knocks)
            Each(knock, isV4 => Line(2, $"meta nfproto {(isV4 ? "ipv4" : "ipv6")} jump {Named(knock, "", isV4)}"));
        foreach (var isV4 in Families)
        {
            var nfproto = $"meta nfproto {(isV4 ? "ipv4" : "ipv6")}";
            Line(2, $"{nfproto} tcp flags & (fin | syn | rst | ack) == syn meta l4proto . th dport != @harmless jump astray{Family(isV4)}");
            Line(2, $"{nfproto} meta l4proto udp ct state new meta l4proto . th dport != @harmless jump astray{Family(isV4)}");
        }

        Line(1, "}\n");
    }

    private void WriteOnlyHere()
    {
        Line(2, "iif \"lo\" accept");
        if (!_gate.Interfaces.IsEmpty)
            Line(2, $"iifname != {{ {string.Join(", ", _gate.Interfaces.Select(name => $"\"{name}\""))} }} accept");
        Line(2, "fib daddr type { unicast, blackhole, unreachable, prohibit } accept comment \"not for this host, only through it\"");
    }

    private void WritePolicy(bool isV4)
    {
        var (allow, deny) = (Of(_gate.Policy.Allow, isV4), Of(_gate.Policy.Deny, isV4));
        if (!deny.IsEmpty)
            Line(2, $"{Source(isV4)} {{ {string.Join(", ", deny)} }} accept comment \"may not knock\"");
        if (!allow.IsEmpty)
            Line(2, $"{Source(isV4)} != {{ {string.Join(", ", allow)} }} accept comment \"may not knock\"");
        else if (!_gate.Policy.Allow.IsEmpty)
            Line(2, $"meta nfproto {(isV4 ? "ipv4" : "ipv6")} accept comment \"may not knock\"");
    }

    /// <summary>nft refuses networks of which one holds another.</summary>
    private static ImmutableArray<string> Of(ImmutableArray<IPNetwork> networks, bool isV4)
    {
        var family = networks.Where(n => n.BaseAddress.AddressFamily == AddressFamily.InterNetwork == isV4).Distinct().ToArray();
        return [.. family.Where(n => !family.Any(other => other != n && other.PrefixLength <= n.PrefixLength && other.Contains(n.BaseAddress))).Select(n => n.ToString())];
    }

    /// <summary>A segment with ACK and without SYN begins no connection, and may belong to one that conntrack has not seen begin: loading this must cut off nobody.</summary>
    private void WriteGuard()
    {
        Line(1, "chain guard {\n\t\ttype filter hook prerouting priority -190; policy accept;");
        WriteOnlyHere();
        foreach (var (number, service) in _gate.Numbered)
        {
            foreach (var transport in service.Ports.GroupBy(p => p.Transport))
            {
                var isTcp = transport.Key == Transport.Tcp;
                var ports = $"{(isTcp ? "tcp" : "udp")} dport {{ {string.Join(", ", transport.OrderBy(p => p.First).Select(p => Range(p.First, p.Last)))} }}";
                Each(isV4 => Line(2, $"{ports} {Source(isV4)} @{Open(number, isV4)} accept"));
                Line(2, isTcp ? $"{ports} tcp flags & (syn | ack) != syn ct state established accept" : $"{ports} ct state established accept");
                var answer = service.Appear == Appearance.Closed ? isTcp ? "reject with tcp reset" : "reject with icmpx port-unreachable" : "drop";
                Line(2, isTcp ? $"{ports} tcp flags & ack == 0 counter {answer}" : $"{ports} counter {answer}");
            }
        }

        Line(1, "}");
    }

    private static string Match(KnockStep step, CompiledKnock knock, bool isV4) => step.Kind switch
    {
        StepKind.Tcp => $"tcp dport {Range(step.First, step.Last)}{Flags(knock.Sequence.TcpFlags)}",
        StepKind.Udp => $"udp dport {Range(step.First, step.Last)}",
        _ => $"{(isV4 ? "icmp" : "icmpv6")} type echo-request{(step == KnockStep.AnyEcho ? "" : $" meta length {Range(step.First + Headers(isV4), step.Last + Headers(isV4))}")}",
    };

    /// <summary>Of IP and of the message.</summary>
    private static int Headers(bool isV4) => (isV4 ? 20 : 40) + 8;

    private static string Flags(TcpFlagCondition flags) =>
        flags == TcpFlagCondition.Any ? "" : string.Create(CultureInfo.InvariantCulture, $" tcp flags & 0x{(byte)(flags.Set | flags.Clear):x2} == 0x{(byte)flags.Set:x2}");

    /// <summary>What packets of this knock must be sent to.</summary>
    private static string[] Address(CompiledKnock knock, bool isV4)
    {
        if (knock.Sequence.To.IsEmpty)
            return [];
        var to = knock.Sequence.To.Where(a => a.IsV4 == isV4).Select(a => a.ToString()).ToArray();
        return to.Length == 0 ? ["return"] : [$"{(isV4 ? "ip" : "ip6")} daddr != {{ {string.Join(", ", to)} }} return"];
    }

    private void Chain(string name, IEnumerable<string> before, IEnumerable<string> rules)
    {
        Line(1, $"chain {name} {{");
        foreach (var rule in before.Concat(rules))
            Line(2, rule);
        Line(1, "}\n");
    }

    private static void Each(Action<bool> write)
    {
        foreach (var isV4 in Families)
            write(isV4);
    }

    private static void Each(CompiledKnock knock, Action<bool> write)
    {
        foreach (var isV4 in Families.Where(knock.IsOf))
            write(isV4);
    }

    private void Line(int depth, string text) => _text.Append('\t', depth).Append(text).Append('\n');

    private static string Range(int first, int last) => first == last ? first.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{first}-{last}");

    private static string Time(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.Days}d{(time.Hours * 3600) + (time.Minutes * 60) + time.Seconds}s{Math.Max(time.Milliseconds, time < TimeSpan.FromMilliseconds(1) ? 1 : 0)}ms");

    private static string Source(bool isV4) => isV4 ? "ip saddr" : "ip6 saddr";

    private static string Family(bool isV4) => isV4 ? "4" : "6";

    private static string Open(int service, bool isV4) => string.Create(CultureInfo.InvariantCulture, $"open{service}_{Family(isV4)}");

    private static string Step(CompiledKnock knock, int step, bool isV4) => string.Create(CultureInfo.InvariantCulture, $"knock{knock.Number}_{step}_{Family(isV4)}");

    private static string Begun(CompiledKnock knock, bool isV4) => Named(knock, "begun", isV4);

    private static string Named(CompiledKnock knock, string what, bool isV4) => string.Create(CultureInfo.InvariantCulture, $"knock{knock.Number}{(what.Length == 0 ? "" : "_")}{what}_{Family(isV4)}");
}
