using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Postern.Cli.CommandLine;
using Postern.Cli.Imports;
using Postern.Knocks.Sequences;
using Postern.Reports;

namespace Postern.Cli.Compile;

/// <summary>
/// A rule set for iptables-restore, or ip6tables-restore, of the same build as <see cref="NftRules"/>: where that has a set, this has a list of xt_recent. All is in the table mangle, which
/// is behind conntrack and before DNAT; a table that can drop and cannot reject.
/// <code>
/// PREROUTING ─► POSTERN ─► POSTERN-KNOCKS ─► POSTERN-K1, … ─► POSTERN-ASTRAY
///                     └──► POSTERN-GUARD
/// </code>
/// </summary>
internal sealed class IptablesRules(CompiledGate gate, bool isV4, ImportNotes notes)
{
    private const string Root = "POSTERN";
    private const string Knocks = Root + "-KNOCKS";
    private const string Astray = Root + "-ASTRAY";
    private const string Guard = Root + "-GUARD";

    private readonly List<string> _chains = [];
    private readonly List<string> _lists = [];
    private readonly StringBuilder _rules = new();

    public string Write()
    {
        RefuseWildcards();
        WriteRoot();
        Chain(Knocks);
        foreach (var knock in gate.Knocks.Where(k => k.IsOf(isV4) && IsPossible(k)))
        {
            Rule(Knocks, $"-j {Name(knock)}");
            if (knock.IsStrict && knock.Sequence.Steps.Length > 1)
                WriteStrict(knock);
            else
                WriteAny(knock);
        }

        Rule(Knocks, $"-p tcp --syn -j {Astray}");
        Rule(Knocks, $"-p udp -m conntrack --ctstate NEW -j {Astray}");
        WriteAstray();
        WriteGuard();
        return $"*mangle\n{string.Concat(_chains.Select(chain => $":{chain} - [0:0]\n"))}{Entrances()}{_rules}COMMIT\n";
    }

    /// <summary>iptables takes a name that ends in '+' for all that begin so, and knows no way to say the name itself: others' interfaces would be guarded, or knocked at, too.</summary>
    private void RefuseWildcards()
    {
        if (gate.Interfaces.FirstOrDefault(name => name.EndsWith('+')) is { } name)
            throw new CommandFailure(ExitCode.NotDone, $"the interface '{name}' cannot be written for iptables, to which it is every name that begins with '{name[..^1]}'", "write --to nftables, or give the interface a name without '+' at its end");
    }

    private string Entrances() => string.Concat((gate.Interfaces.IsEmpty ? [""] : gate.Interfaces.Select(name => $"-i {name} ")).Select(from => $"-A PREROUTING {from}-j {Root}\n"));

    private bool IsPossible(CompiledKnock knock)
    {
        if (!knock.IsOnce)
            return true;
        notes.Add(knock.Name, 0, "this one-time knock is left out: only --to nftables can make a sequence good once");
        return false;
    }

    /// <summary>Who may not knock goes by the knocks, and not by the guard.</summary>
    private void WriteRoot()
    {
        Chain(Root);
        Rule(Root, "-i lo -j RETURN");
        Rule(Root, isV4 ? "-m addrtype --dst-type UNICAST -j RETURN" : "-m addrtype ! --dst-type LOCAL -j RETURN"); // in IPv6 it takes our own addresses for unicast ones, too
        foreach (var network in gate.Policy.Deny.Where(n => n.BaseAddress.AddressFamily == AddressFamily.InterNetwork == isV4))
            Rule(Root, $"-s {network} -g {Guard}");
        foreach (var network in gate.Policy.Allow.Where(n => n.BaseAddress.AddressFamily == AddressFamily.InterNetwork == isV4))
            Rule(Root, $"-s {network} -j {Knocks}");
        if (gate.Policy.Allow.IsEmpty)
            Rule(Root, $"-j {Knocks}");
        Rule(Root, $"-j {Guard}");
    }

    private void WriteAny(CompiledKnock knock)
    {
        var steps = knock.Sequence.Steps;
        var check = Name(knock) + "-ALL";
        Chain(Name(knock));
        foreach (var (step, number) in Numbered(knock))
            Rule(Name(knock), $"{Match(step, knock)} -m recent --name {List(knock, number)} --set -g {check}");
        Chain(check);
        foreach (var (_, number) in Numbered(knock).Where(_ => steps.Length > 1))
            Rule(check, $"-m recent --name {List(knock, number)} ! --rcheck --seconds {Seconds(knock.Sequence.Within)} -j RETURN");
        WriteDone(knock, check);
    }

    /// <summary>As <see cref="NftRules"/> has it: what is due, what was made already, the first, and what is out of turn.</summary>
    private void WriteStrict(CompiledKnock knock)
    {
        var (name, within, steps) = (Name(knock), Seconds(knock.Sequence.Within), knock.Sequence.Steps);
        var begun = Keep($"postern_k{knock.Number}_begun");
        Chain(name);
        for (var step = steps.Length; step > 1; step--)
        {
            var due = $"{Match(steps[step - 1], knock)} -m recent --name {List(knock, step - 1)} --rcheck --seconds {within} -m recent --name {begun} --rcheck --seconds {within}";
            Rule(name, step == steps.Length ? $"{due} -g {name}-DONE" : $"{due} -m recent --name {List(knock, step)} --set -j RETURN");
        }

        var first = Match(steps[0], knock);
        Rule(name, $"{first} -m recent --name {List(knock, 1)} --rcheck --seconds {within}{(steps.Length > 2 ? $" -m recent --name {List(knock, 2)} ! --rcheck --seconds {within}" : "")} -m recent --name {begun} --set -m recent --name {List(knock, 1)} --set -j RETURN");
        for (var step = 1; step < steps.Length; step++)
            Rule(name, $"{Match(steps[step - 1], knock)} -m recent --name {List(knock, step)} --rcheck --seconds {within} -j RETURN");
        Rule(name, $"{first} -g {name}-FIRST");
        foreach (var step in steps.Skip(1))
            Rule(name, $"{Match(step, knock)} -g {name}-VOID");
        Chain($"{name}-VOID");
        for (var step = 1; step < steps.Length; step++)
            Rule($"{name}-VOID", $"-m recent --name {List(knock, step)} --remove");
        Rule($"{name}-VOID", $"-m recent --name {begun} --remove");
        Chain($"{name}-FIRST");
        Rule($"{name}-FIRST", $"-j {name}-VOID");
        Rule($"{name}-FIRST", $"-m recent --name {begun} --set");
        Rule($"{name}-FIRST", $"-m recent --name {List(knock, 1)} --set");
        Chain($"{name}-DONE");
        WriteDone(knock, $"{name}-DONE");
    }

    private void WriteDone(CompiledKnock knock, string chain)
    {
        foreach (var list in _lists.Where(l => l.StartsWith($"postern_k{knock.Number}_", StringComparison.Ordinal)))
            Rule(chain, $"-m recent --name {list} --remove");
        foreach (var service in knock.Closes)
            Rule(chain, $"-m recent --name {Open(service)} --remove");
        foreach (var service in knock.Opens)
            Rule(chain, $"-m recent --name {Open(service)} --set");
        Rule(chain, $"-j LOG --log-level info --log-prefix \"postern {(knock.Name.Length > 18 ? knock.Name[..18] : knock.Name)}: \"");
    }

    private void WriteAstray()
    {
        Chain(Astray);
        var ports = gate.Knocks.SelectMany(k => k.Sequence.Steps).Where(s => s.Kind != StepKind.Echo).Select(s => new PortRange(s.Kind == StepKind.Tcp ? Transport.Tcp : Transport.Udp, s.First, s.Last));
        foreach (var port in ports.Concat(gate.Services.SelectMany(s => s.Ports)).Distinct())
            Rule(Astray, $"-p {Protocol(port.Transport)} --dport {Range(port.First, port.Last)} -j RETURN");
        foreach (var list in _lists)
            Rule(Astray, $"-m recent --name {list} --remove");
    }

    /// <summary>As <see cref="NftRules"/> has it, but for the answer: mangle cannot give one.</summary>
    private void WriteGuard()
    {
        Chain(Guard);
        foreach (var (number, service) in gate.Numbered)
        {
            if (service.Appear == Firewall.Appearance.Closed)
                notes.Add(service.Name, 0, "'appear: closed' is not here: these rules are silent, --to nftables can answer");
            foreach (var port in service.Ports)
            {
                var to = $"-p {Protocol(port.Transport)} --dport {Range(port.First, port.Last)}";
                Rule(Guard, $"{to} -m recent --name {Open(number)} --rcheck --seconds {Seconds(service.OpenFor)} -j RETURN");
                Rule(Guard, port.Transport == Transport.Tcp ? $"{to} ! --tcp-flags SYN,ACK SYN -m conntrack --ctstate ESTABLISHED -j RETURN" : $"{to} -m conntrack --ctstate ESTABLISHED -j RETURN");
                Rule(Guard, port.Transport == Transport.Tcp ? $"{to} --tcp-flags ACK NONE -j DROP" : $"{to} -j DROP");
            }
        }
    }

    private string Match(KnockStep step, CompiledKnock knock)
    {
        var to = knock.Sequence.To.IsEmpty ? "" : $" -d {string.Join(',', knock.Sequence.To.Where(a => a.IsV4 == isV4).Select(a => a.ToString()).DefaultIfEmpty(isV4 ? "255.255.255.255" : "::"))}";
        return step.Kind switch
        {
            StepKind.Tcp => $"-p tcp --dport {Range(step.First, step.Last)}{Flags(knock.Sequence.TcpFlags)}{to}",
            StepKind.Udp => $"-p udp --dport {Range(step.First, step.Last)}{to}",
            _ => $"{(isV4 ? "-p icmp --icmp-type echo-request" : "-p ipv6-icmp --icmpv6-type echo-request")}{(step == KnockStep.AnyEcho ? "" : $" -m length --length {Range(step.First + Headers, step.Last + Headers)}")}{to}",
        };
    }

    /// <summary>Of IP and of the message.</summary>
    private int Headers => (isV4 ? 20 : 40) + 8;

    private static string Flags(TcpFlagCondition flags)
    {
        if (flags == TcpFlagCondition.Any)
            return "";
        var set = flags.Set == default ? "NONE" : Names(flags.Set);
        return $" --tcp-flags {Names(flags.Set | flags.Clear)} {set}";
    }

    private static string Names(Packets.TcpFlags flags) =>
        string.Join(',', new[] { Packets.TcpFlags.Fin, Packets.TcpFlags.Syn, Packets.TcpFlags.Rst, Packets.TcpFlags.Psh, Packets.TcpFlags.Ack, Packets.TcpFlags.Urg }.Where(f => (flags & f) != Packets.TcpFlags.None).Select(f => f.ToString().ToUpperInvariant()));

    private static IEnumerable<(KnockStep Step, int Number)> Numbered(CompiledKnock knock) => knock.Sequence.Steps.Select((step, i) => (step, i + 1));

    private void Chain(string name) => _chains.Add(name);

    private void Rule(string chain, string rule) => _rules.Append(CultureInfo.InvariantCulture, $"-A {chain} {rule}\n");

    private string List(CompiledKnock knock, int step) => Keep(string.Create(CultureInfo.InvariantCulture, $"postern_k{knock.Number}_{step}"));

    private string Keep(string list)
    {
        if (!_lists.Contains(list, StringComparer.Ordinal))
            _lists.Add(list);
        return list;
    }

    private static string Name(CompiledKnock knock) => string.Create(CultureInfo.InvariantCulture, $"{Root}-K{knock.Number}");

    private static string Open(int service) => string.Create(CultureInfo.InvariantCulture, $"postern_open{service}");

    private static string Protocol(Transport transport) => transport == Transport.Tcp ? "tcp" : "udp";

    private static string Range(int first, int last) => first == last ? first.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{first}:{last}");

    /// <summary>It counts whole seconds.</summary>
    private static string Seconds(TimeSpan time) => ((long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
}
