using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Cli.Profiles;
using Postern.Reports;

namespace Postern.Cli.Commands;

/// <summary><c>postern connect HOST PORT</c>, for ssh's ProxyCommand.</summary>
internal static class ConnectCommand
{
    private static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(15);

    public static Command Create()
    {
        var host = new Argument<string>("HOST") { Description = "A profile, or the host that one is for" };
        var port = new Argument<ushort>("PORT") { Description = "TCP port to connect to" };
        var profile = new Option<string?>("--profile") { HelpName = "NAME", Description = "Knock at HOST by this profile" };
        var service = new Option<string?>("--service") { HelpName = "SERVICE", Description = "What to ask for (by default what the profile has at PORT)" };
        var anyPort = new Option<bool>("--any-port") { Description = "Open to all of our ports: for networks that change them on the way" };
        var timeout = CommonOptions.Time("--timeout", "How long to try (15s)");
        var ipv4 = new Option<bool>("--ipv4", "-4") { Description = "Only IPv4" };
        var ipv6 = new Option<bool>("--ipv6", "-6") { Description = "Only IPv6" };
        var verbose = CommonOptions.Verbose();
        var command = new DocumentedCommand(
            "connect",
            "Knock for one connection and carry it: for ssh's ProxyCommand",
            "ssh -o ProxyCommand='postern connect %h %p' gate.example.org",
            "postern connect gate.example.org 22") { host, port, profile, service, anyPort };
        var spa = new SpaSymbols(command, KnockWords.Open, ownSourcePort: true);
        foreach (var option in (Option[])[timeout, ipv4, ipv6, verbose])
            command.Add(option);
        command.SetAction((parsed, cancellation) =>
        {
            var chosen = Choose(parsed.GetRequiredValue(host), parsed.GetValue(profile));
            if (chosen.Profile is TokenProfile token and not SynProfile)
                throw TokenInput.CannotConnect(token.Name);
            if (chosen.Profile is FwknopProfile fwknop)
                throw FwknopInput.CannotConnect(fwknop.Name);
            var number = parsed.GetRequiredValue(port);
            if (number == 0)
                throw CommandFailure.Usage("0 is no PORT", "give the TCP port of the service: 22");
            var input = spa.Read(parsed, chosen.Profile, Services(chosen.Profile, number, parsed.GetValue(service)), asksReceipt: true) with
            {
                Host = chosen.Host,
                Family = KnockSymbols.Family(parsed.GetValue(ipv4), parsed.GetValue(ipv6)),
                Timeout = parsed.GetValue(timeout) ?? UsualTimeout,
                Verbose = parsed.GetValue(verbose),
            };
            if (chosen.Profile is SynProfile syn)
                return ConnectRun.RunAsync(input, syn, number, parsed.InvocationConfiguration.Error, cancellation);
            return ConnectRun.RunAsync(input, number, parsed.GetValue(anyPort), parsed.InvocationConfiguration.Error, cancellation);
        });
        return command;
    }

    /// <summary>With --profile HOST is another name of that gate, and is what is knocked at.</summary>
    private static (Profile Profile, string Host) Choose(string host, string? name)
    {
        if (name is not null)
            return (ProfileFolder.Get(name), ProfileFolder.Has(host) ? ProfileFolder.Get(host).Host : host);
        var profile = ProfileFolder.Find(host) ?? throw CommandFailure.Usage(
            $"there is no profile '{host}', and none for a host of that name", "'postern profile list' shows those that there are; --profile NAME picks one");
        return (profile, profile.Host);
    }

    /// <summary>What the profile has at that port, or else all that it usually asks for: it may not know where they are.</summary>
    private static string[] Services(Profile profile, ushort port, string? named)
    {
        if (named is not null)
            return [named];
        var wanted = new PortRange(Transport.Tcp, port);
        return [.. profile.Ports.Where(p => p.Value.Contains(wanted)).Select(p => p.Key)];
    }
}
