using System.Globalization;
using System.Text.RegularExpressions;
using Postern.Reports;

namespace Postern.Cli.Imports.Fwknop;

/// <summary>What fwknopd.conf means for a gate of ours: where packets are heard, and how old they may be.</summary>
internal static partial class FwknopdReading
{
    private const string UsualPort = "udp/62201";

    public static void Read(FwknopdConf conf, FwknopGate gate, ImportNotes notes)
    {
        ReadPorts(conf, gate, notes);
        gate.Http = conf.IsYes("ENABLE_SPA_OVER_HTTP");
        foreach (var line in conf.Lines)
        {
            if (Say(line) is { } text)
                notes.Add(line.File, line.Number, $"{line.Name}: {text}");
        }
    }

    /// <summary>Null where it is carried over, or is the same here.</summary>
    private static string? Say(FwknopLine line) => line.Name switch
    {
        "PCAP_INTF" => "packets are heard on every interface; gate.interfaces narrows that, and what is protected with it",
        "ENABLE_SPA_PACKET_AGING" when !line.IsYes => "the age of packets is always looked at here; max_age says how old they may be",
        "ENABLE_DIGEST_PERSISTENCE" when !line.IsYes => "no packet is ever good twice here",
        "ENABLE_X_FORWARDED_FOR" when line.IsYes => "what a proxy says of the source is not believed",
        "ENABLE_DESTINATION_RULE" when line.IsYes => "a grant is for all addresses of this host",
        "ENABLE_IPT_SNAT" or "ENABLE_FIREWD_SNAT" when line.IsYes => "where the inside host does not know the way back: masquerade in the service that forwards (postern.yaml(5))",
        "SNAT_TRANSLATE_IP" => "not carried over: masquerading takes the address of the interface",
        "ENABLE_IPT_OUTPUT" or "ENABLE_FIREWD_OUTPUT" when line.IsYes => "Postern does not filter what this host sends",
        "ENABLE_PCAP_ANY_DIRECTION" when line.IsYes => "packets that only pass through this host do not count",
        "ENABLE_NAT_DNS" when line.IsYes => "a NAT request that names a host by name is refused: the gate asks nobody",
        "FLUSH_IPT_AT_EXIT" or "FLUSH_FIREWD_AT_EXIT" or "FLUSH_IPFW_AT_EXIT" when line.IsYes => "a gate that is stopped stays closed; postern teardown opens it",
        _ when FwknopdSettings.IsNeedless(line.Name) => "has no counterpart here, and needs none",
        _ => null,
    };

    private static void ReadPorts(FwknopdConf conf, FwknopGate gate, ImportNotes notes)
    {
        if (conf.IsYes("ENABLE_UDP_SERVER"))
            Add(gate, "udp", conf["UDPSERV_PORT"]?.Value ?? "62201", conf["UDPSERV_PORT"], notes);
        else if (conf.IsYes("ENABLE_NFQ_CAPTURE"))
            Add(gate, "udp", conf["NFQ_PORT"]?.Value ?? "62201", conf["NFQ_PORT"], notes);
        else if (conf["PCAP_FILTER"] is { } filter)
            ReadFilter(filter, gate, notes);
        if (conf.IsYes("ENABLE_TCP_SERVER"))
            Add(gate, "tcp", conf["TCPSERV_PORT"]?.Value ?? "62201", conf["TCPSERV_PORT"], notes);
        if (gate.Ports.Count == 0)
            gate.Ports.Add(UsualPort);
    }

    /// <summary>What filters of pcap say in the manuals: <c>udp port 62201</c>, <c>tcp dst port 80 or icmp</c>. Conditions of another kind are not carried over.</summary>
    private static void ReadFilter(FwknopLine line, FwknopGate gate, ImportNotes notes)
    {
        var whole = true;
        foreach (var part in line.Value.Split([" or ", " || "], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var match = FilterPart().Match(part.Trim('(', ')', ' '));
            if (!match.Success)
                whole = false;
            else if (match.Groups["icmp"].Success)
                AddOnce(gate, "icmp");
            else if (match.Groups["transport"].Success)
                Add(gate, match.Groups["transport"].Value, match.Groups["port"].Value, line, notes);
            else
            {
                Add(gate, "udp", match.Groups["port"].Value, line, notes);
                Add(gate, "tcp", match.Groups["port"].Value, line, notes);
            }
        }

        if (!whole)
            notes.Add(line.File, line.Number, $"PCAP_FILTER {ImportNotes.Quote(line.Value)} says more than ports; check fwknop.ports");
    }

    [GeneratedRegex(@"^(?:(?<icmp>icmp)|(?:ip and )?(?:(?<transport>udp|tcp) )?(?:and )?(?:dst )?port (?<port>\d{1,5}))$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FilterPart();

    private static void Add(FwknopGate gate, string transport, string port, FwknopLine? line, ImportNotes notes)
    {
        if (PortRange.TryParse(transport + "/" + port, out var range))
            AddOnce(gate, range.ToString());
        else
            notes.Add(line?.File ?? "", line?.Number ?? 0, string.Create(CultureInfo.InvariantCulture, $"{ImportNotes.Quote(port)} is no port; {UsualPort} is taken"));
    }

    private static void AddOnce(FwknopGate gate, string port)
    {
        if (!gate.Ports.Contains(port, StringComparer.Ordinal))
            gate.Ports.Add(port);
    }
}
