using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Reports;

namespace Postern.Firewall.Nftables;

/// <summary>Our table as nft text. What it looks like loaded: <c>nft list table inet postern</c>, which carries the reasons as comments.</summary>
internal static class Ruleset
{
    public const string Table = "postern";
    public const string Gate = "gate";
    public const string Closed = "closed";
    public const string Answer = "answer";

    /// <summary>
    /// Elements of a grant set: the warden's 131 072 grants at four ports each. A bound, since kernel memory follows it (about
    /// 130 bytes an element); past it a grant is refused with ENFILE.
    /// </summary>
    public const int GrantBound = 524_288;

    /// <summary>As many connections as conntrack itself holds by default on a host of some size.</summary>
    public const int StandingBound = 262_144;

    /// <summary>
    /// After conntrack (-200), whose verdict the first rule needs, and before whatever rewrites or redirects: mangle (-150), where
    /// TPROXY lives, and DNAT (-100). A published port is thus known by the number that the stranger knows it by.
    /// </summary>
    public const int Priority = -190;

    /// <summary>Bytes of a service name at most, so that it fits into the comment of an element.</summary>
    public const int MaxName = 32;

    /// <summary>
    /// Which ports are protected, and which of them answer. One set for each protocol: in a set of protocols *and* ports with ranges a look-up grows with the
    /// number of ranges (pipapo), and every new connection that anybody makes pays for it, twice.
    /// </summary>
    public static readonly ImmutableArray<string> PortSets = ["protected_tcp", "protected_udp", "answered_tcp", "answered_udp"];

    private const int MaxComment = 127;

    public static string Remove => $"add table inet {Table}\ndelete table inet {Table}\n";

    /// <summary>Makes the table anew, whatever stood in its place, with the grants that are to live on.</summary>
    public static string Replace(Protection protection, IEnumerable<GrantElement> kept, ImmutableArray<LiveSocket> standing)
    {
        var text = new StringBuilder(Remove);
        AppendTable(text, protection);
        AppendElements(text, "add", kept, element => $" timeout {Time(element.Remaining)} comment {Comment(element.Comment)}");
        AppendStanding(text, standing);
        return text.ToString();
    }

    /// <summary>Rewrites rules and ports of a table of ours; grants stay, but for those of <paramref name="dropped"/>.</summary>
    public static string Update(Protection protection, IReadOnlyCollection<GrantElement> dropped)
    {
        var text = new StringBuilder();
        foreach (var chain in (ImmutableArray<string>)[Gate, Closed, Answer, .. protection.NeedsForwards ? ForwardChains.All : [], .. protection.Knocks is null ? Array.Empty<string>() : [KnockChain.Name]])
            text.Append(CultureInfo.InvariantCulture, $"flush chain inet {Table} {chain}\n");
        foreach (var set in PortSets)
            text.Append(CultureInfo.InvariantCulture, $"flush set inet {Table} {set}\n");

        // An element may end between our reading it and this transaction, and deleting what is not there would undo all of it.
        AppendElements(text, "add", dropped, _ => " timeout 1s");
        AppendElements(text, "delete", dropped, _ => "");
        AppendTable(text, protection);
        return text.ToString();
    }

    private static void AppendTable(StringBuilder text, Protection protection)
    {
        var plan = PortPlan.Of(protection.Services);
        text.Append(CultureInfo.InvariantCulture, $$"""
            table inet {{Table}} {
            	comment "made by Postern, and made anew whenever its configuration is; edit that instead"

            	set grants4 {
            		type ipv4_addr . inet_proto . inet_service
            		size {{GrantBound}}
            		flags timeout
            		comment "who may connect to what, until when"
            	}

            	set grants6 {
            		type ipv6_addr . inet_proto . inet_service
            		size {{GrantBound}}
            		flags timeout
            		comment "who may connect to what, until when"
            	}

            	set narrow4 {
            		type ipv4_addr . inet_proto . inet_service . inet_service
            		size {{GrantBound}}
            		flags timeout
            		comment "who may connect to what, from one source port only, until when"
            	}

            	set narrow6 {
            		type ipv6_addr . inet_proto . inet_service . inet_service
            		size {{GrantBound}}
            		flags timeout
            		comment "who may connect to what, from one source port only, until when"
            	}

            	set standing4 {
            		type ipv4_addr . inet_service . inet_service
            		size {{StandingBound}}
            		flags timeout
            		timeout 1d
            		comment "connected before this table was there: peer, its port, ours"
            	}

            	set standing6 {
            		type ipv6_addr . inet_service . inet_service
            		size {{StandingBound}}
            		flags timeout
            		timeout 1d
            		comment "connected before this table was there: peer, its port, ours"
            	}

            """);
        foreach (var transport in (ReadOnlySpan<Transport>)[Transport.Tcp, Transport.Udp])
        {
            var ports = plan.Where(guarded => guarded.Range.Transport == transport).ToArray();
            AppendPorts(text, $"protected_{Name(transport)}", "closed to whoever holds no grant", ports);
            AppendPorts(text, $"answered_{Name(transport)}", "closed as where nothing listens; the other protected ports are silent", ports.Where(guarded => guarded.Appear == Appearance.Closed));
        }

        if (protection.NeedsForwards)
            ForwardChains.AppendSets(text);
        text.Append(CultureInfo.InvariantCulture, $$"""

            	chain {{Gate}} {
            		type filter hook prerouting priority {{Priority}}; policy accept;
            		iif "lo" accept comment "the host talks to itself"{{Interfaces(protection.Interfaces)}}{{(protection.NeedsForwards ? ForwardChains.Again : "")}}
            		tcp flags & (syn | ack) == syn tcp dport @protected_tcp goto {{Closed}} comment "a new connection, even where conntrack still holds one half closed under the same ports"
            		ct state established accept comment "lives on; not 'related', which a tricked helper could open a port with"
            		tcp dport @protected_tcp goto {{Closed}} comment "every other port is left as the host has it"
            		udp dport @protected_udp goto {{Closed}}
            	}

            	chain {{Closed}} {
            		{{PassingThrough}} accept comment "not for this host, only through it; asked twice for the sake of VRFs"
            		ip saddr . meta l4proto . th dport @grants4 accept comment "holds a grant"
            		ip6 saddr . meta l4proto . th dport @grants6 accept comment "holds a grant"
            		ip saddr . meta l4proto . th dport . th sport @narrow4 accept comment "holds a grant for this source port"
            		ip6 saddr . meta l4proto . th dport . th sport @narrow6 accept comment "holds a grant for this source port"{{(protection.NeedsForwards ? ForwardChains.LetInRules() : "")}}
            		tcp flags & syn == 0 ip saddr . tcp sport . tcp dport @standing4 accept comment "conntrack was not there to see it begin"
            		tcp flags & syn == 0 ip6 saddr . tcp sport . tcp dport @standing6 accept comment "conntrack was not there to see it begin"
            		tcp dport @answered_tcp meta pkttype host jump {{Answer}} comment "as the port would: not to what was sent to all"
            		udp dport @answered_udp meta pkttype host jump {{Answer}}
            		counter drop comment "silence"
            	}

            	chain {{Answer}} {
            		meta l4proto tcp counter reject with tcp reset
            		meta l4proto udp counter reject with icmpx port-unreachable
            	}

            """);
        if (protection.NeedsForwards)
            ForwardChains.AppendChains(text, protection, Interfaces(protection.Interfaces));
        if (protection.Knocks is { } knocks)
            KnockChain.Append(text, knocks, Interfaces(protection.Interfaces));
        text.Append("}\n");
    }

    /// <summary>What is named is what may be left alone: a destination that the kernel cannot place is checked.</summary>
    private const string PassingThrough =
        "fib daddr type { unicast, blackhole, unreachable, prohibit } fib daddr . iif type { unicast, blackhole, unreachable, prohibit }";

    private static void AppendPorts(StringBuilder text, string set, string comment, IEnumerable<GuardedPorts> plan) => text.Append(CultureInfo.InvariantCulture, $$"""

        	set {{set}} {
        		type inet_service
        		flags interval
        		comment "{{comment}}"{{Ports(plan)}}
        	}

        """);

    private static string Ports(IEnumerable<GuardedPorts> plan)
    {
        var elements = plan.Select(ports => $"{Ports(ports.Range)} comment {Comment(string.Join(' ', ports.Services))}").ToArray();
        return elements.Length == 0 ? "" : $"\n\t\telements = {{\n\t\t\t{string.Join(",\n\t\t\t", elements)}\n\t\t}}";
    }

    private static string Ports(PortRange range) => range.First == range.Last
        ? string.Create(CultureInfo.InvariantCulture, $"{range.First}")
        : string.Create(CultureInfo.InvariantCulture, $"{range.First}-{range.Last}");

    private static string Name(Transport transport) => transport == Transport.Tcp ? "tcp" : "udp";

    private static string Interfaces(ImmutableArray<string> names) => names.IsEmpty
        ? ""
        : $"\n\t\tiifname != {{ {string.Join(", ", names.Select(Interface))} }} accept comment \"this interface is not guarded\"";

    /// <summary>What the kernel takes as a name (dev_valid_name in net/core/dev.c), less the quote, which nft text cannot hold.</summary>
    private static string Interface(string name)
    {
        if (name is "" or "." or ".." || Encoding.UTF8.GetByteCount(name) > 15 || name.AsSpan().IndexOfAny("/:\"") >= 0 || name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
            throw new FirewallException($"'{name}' cannot be the name of an interface", "ip link lists them");

        // A star at the end would stand for any rest.
        return name.EndsWith('*') ? $"\"{name[..^1]}\\*\"" : $"\"{name}\"";
    }

    private static string Comment(string text)
    {
        var safe = string.Create(text.Length, text, (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = source[i] is >= ' ' and <= '~' and not ('"' or '\\') ? source[i] : '_';
        });
        return $"\"{(safe.Length > MaxComment ? safe[..MaxComment] : safe)}\"";
    }

    private static void AppendElements(StringBuilder text, string verb, IEnumerable<GrantElement> elements, Func<GrantElement, string> rest)
    {
        foreach (var set in elements.SelectMany(element => GrantSet.For(element.To, element.Target), (element, set) => (element, set)).GroupBy(pair => pair.set, pair => pair.element))
        {
            text.Append(CultureInfo.InvariantCulture, $"{verb} element inet {Table} {set.Key.Name} {{\n");
            foreach (var element in set)
                text.Append(CultureInfo.InvariantCulture, $"\t{Key(element)}{rest(element)}{(set.Key.IsMap ? Value(element.Target!.Value) : "")},\n");
            text.Append("}\n");
        }
    }

    private static string Key(GrantElement element)
    {
        var wide = string.Create(CultureInfo.InvariantCulture, $"{element.To.Source} . {(byte)element.Transport} . {element.Port}");
        return element.To.SourcePort == 0 ? wide : string.Create(CultureInfo.InvariantCulture, $"{wide} . {element.To.SourcePort}");
    }

    private static string Value(ForwardTarget target) =>
        target.IsHere ? string.Create(CultureInfo.InvariantCulture, $" : {target.Port}") : string.Create(CultureInfo.InvariantCulture, $" : {target.To} . {target.Port}");

    /// <summary>In parts, since nft reads eight digits of each unit at most; never zero, which would be for ever.</summary>
    private static string Time(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.Days}d{(time.Hours * 3600) + (time.Minutes * 60) + time.Seconds}s{Math.Max(1, time.Milliseconds)}ms");

    private static void AppendStanding(StringBuilder text, ImmutableArray<LiveSocket> standing)
    {
        foreach (var v4 in (ReadOnlySpan<bool>)[true, false])
        {
            var sockets = standing.Where(socket => socket.Peer.IsV4 == v4).Distinct().Take(StandingBound).ToArray();
            if (sockets.Length == 0)
                continue;
            text.Append(CultureInfo.InvariantCulture, $"add element inet {Table} {(v4 ? "standing4" : "standing6")} {{\n");
            foreach (var socket in sockets)
                text.Append(CultureInfo.InvariantCulture, $"\t{socket.Peer} . {socket.PeerPort} . {socket.LocalPort},\n");
            text.Append("}\n");
        }
    }
}
