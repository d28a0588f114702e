using System.Collections.Immutable;
using System.Globalization;
using Postern.Reports;

namespace Postern.Cli.Imports.Knockd;

/// <summary>A command that lets the client's address come to some ports of this host, or no longer: what a service of our own is.</summary>
/// <param name="Adds">It opens; else it takes back what opened.</param>
/// <param name="Ports">Each is one service.</param>
/// <param name="Left">Words of it that a service does not have: an interface, a destination.</param>
internal sealed record FirewallCommand(bool Adds, ImmutableArray<PortRange> Ports, ImmutableArray<string> Left)
{
    private const string Client = "%IP%";

    private const int MostPorts = 32;

    /// <summary>Null where not every command of the line is one, or they are not of one kind.</summary>
    public static FirewallCommand? Read(string line)
    {
        if (ShellWords.Split(line) is not { } commands)
            return null;
        FirewallCommand? all = null;
        foreach (var words in commands)
        {
            if (ReadOne(words) is not { } one || (all is not null && all.Adds != one.Adds))
                return null;
            all = all is null ? one : all with { Ports = [.. all.Ports.Union(one.Ports)], Left = [.. all.Left.Union(one.Left, StringComparer.Ordinal)] };
        }

        return all is { Ports.Length: <= MostPorts } && !Overlap(all.Ports) ? all : null;
    }

    private static bool Overlap(ImmutableArray<PortRange> ports) => ports.Where((p, i) => ports.Take(i).Any(p.Overlaps)).Any();

    private static FirewallCommand? ReadOne(ImmutableArray<string> words)
    {
        if (Path.GetFileName(words[0]) is "sudo" && words.Length > 1)
            words = words.RemoveAt(0);
        return Path.GetFileName(words[0]) switch
        {
            "iptables" or "ip6tables" or "iptables-nft" or "ip6tables-nft" or "iptables-legacy" or "ip6tables-legacy" => new IptablesWords(words).Read(),
            "ufw" => ReadUfw(words),
            "nft" => ReadNft(words),
            "knock_helper_ipt.sh" => ReadHelper(words),
            _ => null,
        };
    }

    /// <summary>ufw(8): <c>ufw [insert N | prepend] allow [in] [on IF] [proto P] from %IP% [to any] [port N] [proto P] [comment C]</c>, and the same after <c>delete</c>.</summary>
    private static FirewallCommand? ReadUfw(ImmutableArray<string> words)
    {
        var (adds, at) = (true, 1);
        if (Word() is "--force")
            at++;
        if (Word() is "delete")
            (adds, at) = (false, at + 1);
        else if (Word() is "prepend")
            at++;
        else if (Word() is "insert")
            at += 2;
        if (Word() is not "allow")
            return null;
        at++;
        string protocol = "", port = "";
        var (fromClient, isTarget, left) = (false, false, ImmutableArray.CreateBuilder<string>());
        for (; at < words.Length; at++)
        {
            switch (Word())
            {
                case "in":
                    break;
                case "on" when ++at < words.Length:
                    left.Add($"on {words[at]}");
                    break;
                case "proto" when ++at < words.Length && words[at] is "tcp" or "udp":
                    protocol = words[at];
                    break;
                case "from" when ++at < words.Length && IsClient(words[at]) && !fromClient:
                    fromClient = true;
                    break;
                case "to" when ++at < words.Length:
                    isTarget = true;
                    if (words[at] is not "any")
                        left.Add($"to {words[at]}");
                    break;
                case "port" when ++at < words.Length && port.Length == 0 && isTarget: // behind "from" it is the port that the client comes from
                    port = words[at];
                    break;
                case "comment" when ++at < words.Length:
                    break;
                default:
                    return null;
            }
        }

        if (!fromClient || PortsOf(port.Replace(':', '-'), protocol.Length > 0 ? [protocol] : ["tcp", "udp"]) is not { } ports)
            return null;
        return new(adds, ports, left.ToImmutable());

        string Word() => at < words.Length ? words[at] : "";
    }

    /// <summary>nft(8): <c>nft add|insert rule [FAMILY] TABLE CHAIN ip|ip6 saddr %IP% tcp|udp dport N [ct state new] [counter] accept</c>, in whatever order the matches stand.</summary>
    private static FirewallCommand? ReadNft(ImmutableArray<string> words)
    {
        // A whole command may stand in one pair of quotes.
        words = [.. words.Skip(1).SelectMany(w => w.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        if (words is not ["add" or "insert", "rule", ..] || words.Any(w => w.ToUpperInvariant() is "FORWARD" or "OUTPUT" or "POSTROUTING" or "PREROUTING"))
            return null;
        // add rule [FAMILY] TABLE CHAIN [position|handle|index N], and from there on nothing but matches that are known.
        var first = 2 + (words.Length > 2 && words[2] is "ip" or "ip6" or "inet" ? 1 : 0) + 2;
        if (first + 1 < words.Length && words[first] is "position" or "handle" or "index")
            first += 2;
        if (first >= words.Length)
            return null;
        int at;
        string protocol = "", port = "";
        var (fromClient, accepts, left) = (false, false, ImmutableArray.CreateBuilder<string>());
        for (at = first; at < words.Length && !accepts; at++)
        {
            switch (words[at], at + 1 < words.Length ? words[at + 1] : "", at + 2 < words.Length ? words[at + 2] : "")
            {
                case ("ip" or "ip6", "saddr", var address) when IsClient(address) && !fromClient:
                    (fromClient, at) = (true, at + 2);
                    break;
                case ("ip" or "ip6", "daddr", var address) when address.Length > 0:
                    left.Add($"daddr {address}");
                    at += 2;
                    break;
                case ("tcp" or "udp", "dport", var number) when port.Length == 0 && number.Length > 0:
                    (protocol, port) = (words[at], number);
                    at += 2;
                    break;
                case ("iif" or "iifname", var name, _) when name.Length > 0:
                    left.Add($"{words[at]} {name}");
                    at++;
                    break;
                case ("ct", "state", var state) when state.Split(',').Contains("new", StringComparer.Ordinal):
                    at += 2;
                    break;
                case ("counter", _, _):
                    break;
                case ("accept", _, _):
                    accepts = true;
                    break;
                default:
                    return null;
            }
        }

        if (!fromClient || !accepts || (at < words.Length && words[at] is not "comment") || PortsOf(port, [protocol]) is not { } ports)
            return null;
        return new(true, ports, left.ToImmutable());
    }

    /// <summary>knockd's own: <c>knock_helper_ipt.sh -a|-i|-x -f %IP% -d N [-p tcp] [-c CHAIN] [-m[COMMENT]] [-t] [-v]</c>.</summary>
    private static FirewallCommand? ReadHelper(ImmutableArray<string> words)
    {
        bool? adds = null;
        var (fromClient, protocol, port) = (false, "tcp", "");
        for (var at = 1; at < words.Length; at++)
        {
            switch (words[at])
            {
                case "-a" or "-i":
                    adds = true;
                    break;
                case "-x":
                    adds = false;
                    break;
                case "-f" when ++at < words.Length && IsClient(words[at]):
                    fromClient = true;
                    break;
                case "-d" when ++at < words.Length:
                    port = words[at];
                    break;
                case "-p" when ++at < words.Length:
                    protocol = words[at];
                    break;
                case "-c" when ++at < words.Length && words[at] is "INPUT":
                    break;
                case ['-', 'm', ..] or "-v":
                    break;
                default:
                    return null; // "-t" only tests
            }
        }

        return fromClient && adds is { } which && PortsOf(port, [protocol]) is { } ports ? new(which, ports, []) : null;
    }

    internal static bool IsClient(string word) => word is Client or "%IP%/32" or "%IP%/128";

    /// <summary>Port numbers, runs and the names that everybody writes; each a range of its own.</summary>
    internal static ImmutableArray<PortRange>? PortsOf(string list, ReadOnlySpan<string> protocols)
    {
        var ports = ImmutableArray.CreateBuilder<PortRange>();
        foreach (var protocol in protocols)
        {
            foreach (var item in list.Split(','))
            {
                var number = item switch { "ssh" => "22", "http" => "80", "https" => "443", "domain" => "53", "smtp" => "25", "imaps" => "993", "ftp" => "21", "rdp" or "ms-wbt-server" => "3389", _ => item };
                if (!PortRange.TryParse(string.Create(CultureInfo.InvariantCulture, $"{protocol}/{number}"), out var range) || range.Count > 1024)
                    return null;
                ports.Add(range);
            }
        }

        return ports.ToImmutable();
    }
}
