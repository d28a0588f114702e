using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Postern.Cli.Imports.Fwknop;

/// <summary>A command of CMD_CYCLE_OPEN or _CLOSE. fwknopd runs it without a shell, split at blanks, and so can an action be.</summary>
internal static class CycleCommand
{
    private static readonly string[] Firewalls = ["iptables", "ip6tables", "iptables-nft", "iptables-legacy", "nft", "ufw", "firewall-cmd"];

    private static readonly string[] Folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>It lets the client in, at ports of the stanza and at no others, as far as it says; so the ports can be opened natively.</summary>
    public static bool IsFirewall(string line, string? ports)
    {
        var words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return words is [var program, ..]
            && Array.IndexOf(Firewalls, Path.GetFileName(program)) >= 0
            && line.Contains("$IP", StringComparison.Ordinal)
            && (words.Any(w => w is "ACCEPT" or "accept" or "allow") || line.Contains(" add element ", StringComparison.Ordinal))
            && words.Skip(1).Index().Where(w => w.Item is "--dport" or "--dports" or "dport" or "port").All(w => IsOfStanza(words.ElementAtOrDefault(w.Index + 2) ?? "", ports ?? ""));
    }

    private static bool IsOfStanza(string port, string ports) =>
        port is "$PORT" || ports.Split([',', ' ', '\t', '/'], StringSplitOptions.RemoveEmptyEntries).Contains(port, StringComparer.Ordinal);

    /// <param name="line">The command.</param>
    /// <param name="ports">OPEN_PORTS of the stanza: where it is one port, that is what $PORT and $PROTO are.</param>
    /// <param name="words">The program and its arguments, as <c>run:</c> has them.</param>
    /// <param name="why">What cannot be said of it.</param>
    public static bool TryTranslate(FwknopLine line, string? ports, out ImmutableArray<string> words, [NotNullWhen(false)] out string? why)
    {
        words = [];
        var port = ports?.Split('/', StringSplitOptions.TrimEntries) is [var protocol and ("tcp" or "udp"), var number] && !number.Contains(',', StringComparison.Ordinal) ? (protocol, number) : default;
        var list = line.Value.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
            .Select(word => Put(word, port.protocol, port.number)).ToImmutableArray();
        why = list is not [var program, ..] || FullPath(program) is not { } path ? "its program is not there, and has no full path"
            : list.FirstOrDefault(w => w.Contains('$', StringComparison.Ordinal)) is { } unknown ? $"nothing stands for {ImportNotes.Quote(unknown)}"
            : null;
        if (why is null)
            words = [FullPath(list[0])!, .. list[1..]];
        return why is null;
    }

    /// <summary>Longer names first: $PORT would be found in none of them, but $IP and $SRC are.</summary>
    private static string Put(string word, string? protocol, string? port)
    {
        word = word.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal)
            .Replace("$CLIENT_TIMEOUT", "{seconds}", StringComparison.Ordinal)
            .Replace("$TIMEOUT", "{seconds}", StringComparison.Ordinal)
            .Replace("$PKT_SRC", "{address}", StringComparison.Ordinal)
            .Replace("$SRC", "{address}", StringComparison.Ordinal)
            .Replace("$IP", "{address}", StringComparison.Ordinal);
        return port is null ? word
            : word.Replace("$PORT", port, StringComparison.Ordinal).Replace("$PROTO", protocol is "tcp" ? "6" : "17", StringComparison.Ordinal);
    }

    private static string? FullPath(string program) =>
        program.StartsWith('/') ? program : program.Contains('/', StringComparison.Ordinal) ? null : Folders.Select(f => Path.Combine(f, program)).FirstOrDefault(File.Exists);
}
