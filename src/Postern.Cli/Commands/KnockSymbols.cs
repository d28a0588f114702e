using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Client;

namespace Postern.Cli.Commands;

/// <summary>What <c>knock</c> and <c>close</c> take from the command line.</summary>
internal sealed class KnockSymbols
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(15);

    private readonly Argument<string> _host = new("HOST") { Description = "Name or address of the gate" };
    private readonly Argument<string[]> _services = new("SERVICE") { Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _sequence = new("--sequence", "-s")
    {
        HelpName = "STEPS",
        Description = "tcp/7000,udp/8000-8010,icmp/120; or @FILE (its first line), or in POSTERN_SEQUENCE: neither of these shows in ps",
    };

    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Knock once and look at nothing" };
    private readonly Option<TimeSpan?> _timeout = CommonOptions.Time("--timeout", "How long to try (15s)");
    private readonly Option<TimeSpan?> _gap = CommonOptions.Time("--gap", "Between packets (1ms, more with each round)");
    private readonly Option<bool> _ipv4 = new("--ipv4", "-4") { Description = "Only IPv4 (default: both, where HOST has both)" };
    private readonly Option<bool> _ipv6 = new("--ipv6", "-6") { Description = "Only IPv6" };
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Print the packets and send none" };
    private readonly Option<bool> _verbose = CommonOptions.Verbose();

    public KnockSymbols(Command command, string waitsFor)
    {
        _services.Description = $"tcp/22, or 22: {waitsFor}";
        command.Add(_host);
        command.Add(_services);
        foreach (var option in (Option[])[_sequence, _noWait, _timeout, _gap, _ipv4, _ipv6, _json, _dryRun, _verbose])
            command.Add(option);
    }

    /// <exception cref="CommandFailure">Something does not fit together.</exception>
    public KnockInput Read(ParseResult parsed)
    {
        var host = parsed.GetRequiredValue(_host);
        var input = new KnockInput(host, SequenceText.Read(parsed.GetValue(_sequence), host), ServiceText.Read(parsed.GetValue(_services) ?? []))
        {
            Family = Family(parsed.GetValue(_ipv4), parsed.GetValue(_ipv6)),
            Timeout = parsed.GetValue(_timeout) ?? UsualTimeout,
            Gap = parsed.GetValue(_gap),
            NoWait = parsed.GetValue(_noWait),
            Json = parsed.GetValue(_json),
            DryRun = parsed.GetValue(_dryRun),
            Verbose = parsed.GetValue(_verbose),
        };
        input.Check();
        return input;
    }

    private static AddressChoice Family(bool ipv4, bool ipv6) => (ipv4, ipv6) switch
    {
        (true, true) => throw CommandFailure.Usage("-4 and -6 exclude each other", "leave both out: a host that has both is knocked at both"),
        (true, _) => AddressChoice.IPv4,
        (_, true) => AddressChoice.IPv6,
        _ => AddressChoice.Both,
    };
}
