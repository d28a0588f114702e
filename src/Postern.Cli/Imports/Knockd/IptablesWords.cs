using System.Collections.Immutable;

namespace Postern.Cli.Imports.Knockd;

/// <summary>
/// iptables(8), ip6tables(8): <c>iptables -A|-I|-D CHAIN [N] -s %IP% -p tcp|udp [-m …] --dport N -j ACCEPT</c> in all its spellings. One word that is not known, and it is no command for us: it
/// may change what the rule means.
/// </summary>
internal sealed class IptablesWords(ImmutableArray<string> words)
{
    /// <summary>Rules there are not about who may come to this host.</summary>
    private static readonly string[] OtherChains = ["FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"];

    private readonly ImmutableArray<string>.Builder _left = ImmutableArray.CreateBuilder<string>();
    private int _at;
    private bool? _adds;
    private bool _fromClient;
    private bool _accepts;
    private string _protocol = "";
    private string _ports = "";

    public FirewallCommand? Read()
    {
        for (_at = 1; _at < words.Length; _at++)
        {
            if (!TakeOption())
                return null;
        }

        return _adds is { } adds && _fromClient && _accepts && FirewallCommand.PortsOf(_ports.Replace(':', '-'), [_protocol]) is { } ports ? new(adds, ports, _left.ToImmutable()) : null;
    }

    private bool TakeOption()
    {
        switch (words[_at])
        {
            case "-A" or "--append" or "-I" or "--insert":
                return TakeChain(adds: true);
            case "-D" or "--delete":
                return TakeChain(adds: false);
            case "-s" or "--source" or "--src":
                _fromClient = FirewallCommand.IsClient(Next());
                return _fromClient;
            case "-p" or "--protocol" or "--proto":
                _protocol = Next().ToLowerInvariant() switch { "6" => "tcp", "17" => "udp", var name => name };
                return _protocol is "tcp" or "udp";
            case "--dport" or "--destination-port" or "--dports" or "--destination-ports":
                _ports = _ports.Length == 0 ? Next() : "";
                return _ports.Length > 0;
            case "-j" or "--jump":
                _accepts = Next() is "ACCEPT";
                return _accepts;
            case "-i" or "--in-interface" or "-d" or "--destination" or "--dst":
                _left.Add($"{words[_at]} {Next()}");
                return _at < words.Length;
            case "-t" or "--table":
                return Next() is "filter";
            case "-m" or "--match":
                return Next() is "tcp" or "udp" or "multiport" or "state" or "conntrack" or "comment";
            case "--state" or "--ctstate":
                return Next().Split(',').Contains("NEW", StringComparer.OrdinalIgnoreCase);
            case "--comment":
                return Next().Length > 0;
            case "--syn" or "-w" or "--wait" or "-v" or "--verbose" or "-n" or "--numeric" or "-4" or "-6":
                if (words[_at] is "-w" or "--wait" && _at + 1 < words.Length && words[_at + 1].All(char.IsAsciiDigit))
                    _at++;
                return true;
            default:
                return false;
        }
    }

    private bool TakeChain(bool adds)
    {
        if (_adds is not null)
            return false;
        _adds = adds;
        var chain = Next();
        if (chain.Length == 0 || chain.StartsWith('-') || OtherChains.Contains(chain, StringComparer.Ordinal))
            return false;
        if (chain is not "INPUT")
            _left.Add($"the chain {chain}");
        if (adds && _at + 1 < words.Length && words[_at + 1].All(char.IsAsciiDigit))
            _at++; // where in the chain
        return true;
    }

    private string Next() => ++_at < words.Length ? words[_at] : "";
}
