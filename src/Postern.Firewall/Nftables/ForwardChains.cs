using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Reports;

namespace Postern.Firewall.Nftables;

/// <summary>
/// What the table holds besides, where grants may lead on. A chain of type nat sees the first packet of a connection only, and conntrack
/// does the rest: other traffic pays nothing for it.
/// <code>
/// gate (-190) ─► lapsed          a SYN on a connection that was forwarded once, and may be so no more
///      └──────► closed           lets in who holds a forward, and marks the connection
/// lead (-110) ─► led             DNAT by the maps
/// astray                         what was let in to be led on, and arrives here instead
/// hide        ─► hidden          masquerade, for the targets that want it
/// </code>
/// A connection carries its marks as two bits of its conntrack label, of which there are 128, and which nobody overwrites whole, as they do with the one
/// conntrack mark.
/// </summary>
internal static class ForwardChains
{
    public const string Lead = "lead";
    public const string Led = "led";
    public const string Lapsed = "lapsed";
    public const string Astray = "astray";
    public const string Hide = "hide";
    public const string Hidden = "hidden";

    /// <summary>Before the DNAT of others (-100): the first that speaks decides, and who holds a forward was promised his. Who holds none is left to them.</summary>
    public const int LeadPriority = -110;

    public const int AstrayPriority = -110;

    /// <summary>Before the SNAT of others (100), of which the first decides too.</summary>
    public const int HidePriority = 90;

    /// <summary>Let in as the holder of a forward.</summary>
    private const int LetIn = 98;

    /// <summary>Led to another host.</summary>
    private const int LedAway = 99;

    public static readonly ImmutableArray<string> All = [Lead, Led, Lapsed, Astray, Hide, Hidden];

    public static void AppendSets(StringBuilder text)
    {
        foreach (var set in GrantSet.Forwarding)
        {
            var family = set.IsV4 ? "ipv4_addr" : "ipv6_addr";
            var value = set.Role switch
            {
                SetRole.Forwards => $" : {family} . inet_service",
                SetRole.Redirects => " : inet_service",
                _ => "",
            };
            var what = set.Role switch
            {
                SetRole.Forwards => "who is led where, until when",
                SetRole.Redirects => "who is led to which other port of this host, until when",
                _ => "an element for each in the maps of forwards and redirects",
            };
            text.Append(CultureInfo.InvariantCulture, $$"""

                	{{(set.IsMap ? "map" : "set")}} {{set.Name}} {
                		type {{family}} . inet_proto . inet_service{{(set.IsNarrow ? " . inet_service" : "")}}{{value}}
                		size {{Ruleset.GrantBound}}
                		flags timeout
                		comment "{{what}}"
                	}

                """);
        }
    }

    /// <summary>The first rule of the gate; a SYN that is of none such goes on.</summary>
    public static string Again { get; } =
        $"\n\t\ttcp flags & (syn | ack) == syn ct direction original ct label {LetIn} goto {Lapsed} comment \"conntrack would lead it on, whether or not it still may\"";

    /// <summary>Behind those who hold a grant to this host: of both, that one stands.</summary>
    public static string LetInRules() => string.Concat(OfForwarded($"ct label set {LetIn} accept comment \"holds a forward\""));

    private static IEnumerable<string> OfForwarded(string verdict) =>
        GrantSet.Forwarding.ToArray().Where(set => set.Role == SetRole.Forwarded).Select(set => $"\n\t\t{Key(set)} @{set.Name} {verdict}");

    private static string Key(GrantSet set) => $"{(set.IsV4 ? "ip" : "ip6")} saddr . meta l4proto . th dport{(set.IsNarrow ? " . th sport" : "")}";

    private static IEnumerable<string> Maps(SetRole role, string ahead, Func<GrantSet, string> verb) =>
        GrantSet.Forwarding.ToArray().Where(set => set.Role == role).Select(set => $"\n\t\t{ahead}{verb(set)} {Key(set)} map @{set.Name}");

    public static void AppendChains(StringBuilder text, Protection protection, string unguarded) => text.Append(CultureInfo.InvariantCulture, $$"""

        	chain {{Lapsed}} {{{string.Concat(OfForwarded("accept"))}}
        		counter drop comment "silence"
        	}

        	chain {{Lead}} {
        		type nat hook prerouting priority {{LeadPriority}}; policy accept;
        		iif "lo" accept comment "the host talks to itself"{{unguarded}}{{string.Concat(OfForwarded($"goto {Led}"))}}
        	}

        	chain {{Led}} {
        		fib daddr type != local fib daddr . iif type != local accept comment "not for this host, only through it; asked twice for the sake of VRFs"
        		ct label set {{LetIn}}{{string.Concat(Maps(SetRole.Redirects, "meta l4proto { tcp, udp } ", _ => "redirect to :"))}}
        		ct label set {{LedAway}}{{string.Concat(Maps(SetRole.Forwards, "", set => set.IsV4 ? "dnat ip to" : "dnat ip6 to"))}}
        	}

        	chain {{Astray}} {
        		type nat hook input priority {{AstrayPriority}}; policy accept;
        		ct label {{LedAway}} counter drop comment "a forward leads through this host, never to an address of its own"
        		ct label {{LetIn}} ct status & dnat == 0 counter drop comment "the forward ended while it was on its way"
        	}

        	chain {{Hide}} {
        		type nat hook postrouting priority {{HidePriority}}; policy accept;
        		ct label {{LedAway}} goto {{Hidden}}
        	}

        	chain {{Hidden}} {{{string.Concat(Masked(protection))}}
        	}

        """);

    private static IEnumerable<string> Masked(Protection protection) => protection.Services
        .Where(service => service.Forward is { Masquerade: true })
        .SelectMany(service => Targets(service.Forward!))
        .Distinct(StringComparer.Ordinal)
        .Select(target => $"\n\t\t{target} masquerade");

    private static IEnumerable<string> Targets(ForwardRule rule)
    {
        foreach (var target in rule.Fixed)
            yield return Target(target.To.IsV4, target.To.ToString(), target.Port);
        foreach (var network in rule.Within)
            yield return Target(Address.From(network.Network.BaseAddress).IsV4, network.Network.ToString(), network.Port);
    }

    private static string Target(bool isV4, string destination, ushort port)
    {
        var to = $"{(isV4 ? "ip" : "ip6")} daddr {destination}";
        return port == 0 ? to : string.Create(CultureInfo.InvariantCulture, $"{to} meta l4proto {{ tcp, udp }} th dport {port}");
    }
}
