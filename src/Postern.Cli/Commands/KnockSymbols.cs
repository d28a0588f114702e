using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Cli.Profiles;
using Postern.Client;

namespace Postern.Cli.Commands;

/// <summary>What <c>knock</c> and <c>close</c> take from the command line.</summary>
internal sealed class KnockSymbols
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(15);

    private readonly Argument<string> _host = new("HOST") { Description = "Profile, or with -s name or address of the gate" };
    private readonly Argument<string[]> _services = new("SERVICE") { Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _sequence = new("--sequence", "-s")
    {
        HelpName = "STEPS",
        Description = "tcp/7000,udp/8000,icmp/120; or @FILE; or in POSTERN_SEQUENCE",
    };

    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Knock once and look at nothing" };
    private readonly Option<TimeSpan?> _timeout = CommonOptions.Time("--timeout", "How long to try (15s)");
    private readonly Option<TimeSpan?> _gap = CommonOptions.Time("--gap", "Between packets (1ms, more with each round)");
    private readonly SpaSymbols _spa;
    private readonly Option<bool> _ipv4 = new("--ipv4", "-4") { Description = "Only IPv4 (default: both, where HOST has both)" };
    private readonly Option<bool> _ipv6 = new("--ipv6", "-6") { Description = "Only IPv6" };
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Print the packets and send none" };
    private readonly Option<bool> _printPing = new("--print-ping") { Description = "Print the ping command that knocks (method: icmp)", Hidden = true };
    private readonly Option<bool> _verbose = CommonOptions.Verbose();

    public KnockSymbols(Command command, KnockWords words)
    {
        _services.Description = $"A service of the profile; or tcp/22, or 22: {words.WaitsFor}";
        _gap.Hidden = true;
        command.Add(_host);
        command.Add(_services);
        command.Add(_sequence);
        _spa = new(command, words);
        foreach (var option in (Option[])[_noWait, _timeout, _gap, _ipv4, _ipv6, _json, _dryRun, _printPing, _verbose])
            command.Add(option);
    }

    /// <exception cref="CommandFailure">Something does not fit together.</exception>
    public KnockInput Read(ParseResult parsed)
    {
        var host = parsed.GetRequiredValue(_host);
        var words = parsed.GetValue(_services) ?? [];
        var sequence = parsed.GetValue(_sequence);
        var input = (sequence is null ? ProfileFolder.Find(host) : null) is { } profile
            ? _spa.Read(parsed, profile, words, asksReceipt: !parsed.GetValue(_noWait))
            : sequence is null && !SequenceText.IsInEnvironment && words.Any(SpaSymbols.IsService) ? throw ProfileFolder.Missing(host)
            : new KnockInput(host, ServiceText.Read(words)) { Steps = SequenceText.Read(sequence, host) };
        if (input is { Spa: null, Fwknop: null, Token: null })
            _spa.RefuseWithSequence(parsed);
        input = input with
        {
            Family = Family(parsed.GetValue(_ipv4), parsed.GetValue(_ipv6)),
            Timeout = parsed.GetValue(_timeout) ?? UsualTimeout,
            Gap = parsed.GetValue(_gap),
            NoWait = parsed.GetValue(_noWait),
            Json = parsed.GetValue(_json),
            DryRun = parsed.GetValue(_dryRun),
            PrintPing = parsed.GetValue(_printPing),
            Verbose = parsed.GetValue(_verbose),
        };
        input.Check();
        return input;
    }

    public static AddressChoice Family(bool ipv4, bool ipv6) => (ipv4, ipv6) switch
    {
        (true, true) => throw CommandFailure.Usage("-4 and -6 exclude each other", "leave both out: a host that has both is knocked at both"),
        (true, _) => AddressChoice.IPv4,
        (_, true) => AddressChoice.IPv6,
        _ => AddressChoice.Both,
    };
}
