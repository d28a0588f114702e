using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Client.Invitations;
using Postern.Client.Spa;
using Postern.Keys;
using Postern.Keys.Ssh;
using Postern.Reports;
using Postern.Reports.Spa;
using QRCoder;

namespace Postern.Cli.Commands;

/// <summary><c>postern enroll NAME</c>: lets a key in, and prints the one line that its owner needs.</summary>
internal static class EnrollCommand
{
    private const int MaxName = 64;

    /// <summary>Of an invitation (spec/spa.md §10).</summary>
    private const int MaxServices = 8;

    private const int MaxCarriers = 7;

    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "What the audit calls the key: alice@laptop" };
        var key = new Option<string?>("--key", "-k") { Description = "Its public key, a file or - for standard input", HelpName = "FILE" };
        var make = new Option<string?>("--make-key") { Description = "Make a new key pair here instead (ssh-keygen asks for its passphrase)", HelpName = "FILE" };
        var host = new Option<string?>("--host") { Description = "By what name or address clients reach this gate; prints the invitation", HelpName = "HOST" };
        var services = new Option<string?>("--services", "-s") { Description = "What it may open; without it everything", HelpName = "NAME,..." };
        var max = CommonOptions.Time("--max", "The longest time that it may ask for; without it each service's own");
        var noCode = new Option<bool>("--no-qr") { Description = "The invitation as a line only" };
        var config = GateCommand.ConfigOption();
        var command = new DocumentedCommand(
            "enroll", "Let an SSH key in, and print the invitation for its owner",
            "postern enroll alice@laptop --key alice.pub --host gate.example.org") { name, key, make, host, services, max, noCode, config };
        command.Validators.Add(result =>
        {
            if (result.GetValue(key) is not null && result.GetValue(make) is not null)
                result.AddFault("--key and --make-key exclude each other", "choose one");
            else if (result.GetValue(key) is null && result.GetValue(make) is null && result.GetValue(host) is null)
                result.AddFault("there is nothing to do", "let a key in with --key FILE.pub, or print an invitation with --host HOST");
        });
        command.SetAction(result =>
        {
            var output = result.InvocationConfiguration.Output;
            var spa = Settings(result.GetValue(config)!, out var configuration);
            var (called, what) = (result.GetValue(name)!, result.GetValue(services));
            Check(configuration, called, what);
            using var invitation = result.GetValue(host) is { } place ? InvitationOf(spa, configuration, place, what) : null;
            if (result.GetValue(key) is { } file)
                LetIn(spa, called, PublicKey(file), what, result.GetValue(max), output);
            else if (result.GetValue(make) is { } path)
                LetIn(spa, called, Make(path, called), what, result.GetValue(max), output);
            else if (spa.Identities.All(i => !i.Name.Equals(called, StringComparison.Ordinal)))
                output.WriteLine($"note: nobody is enrolled by this, for no --key is given; there is no key of the name {called} yet");
            if (invitation is not null)
                Invite(invitation, !result.GetValue(noCode), output);
            return ExitCode.Done;
        });
        return command;
    }

    private static SpaSettings Settings(string path, out GateConfiguration configuration)
    {
        var read = ConfigurationReader.Read(path);
        if (read.Configuration is not { } found)
            throw CommandFailure.Usage(read.Faults[0].ToString(), $"'postern check --config {path}' lists all faults");
        configuration = found;
        return found.Spa ?? throw CommandFailure.Usage($"{path} has no section 'spa'", "write one ('postern init' makes a configuration that has it)");
    }

    private static SshPublicKey PublicKey(string file)
    {
        string text;
        try
        {
            text = (file is "-" ? Console.In.ReadLine() ?? "" : File.ReadAllText(file)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{file} cannot be read: {e.Message.TrimEnd('.')}", "name the file of a public key, such as id_ed25519.pub");
        }

        if (text.Contains("PRIVATE KEY", StringComparison.Ordinal))
            throw CommandFailure.Usage($"{file} is a private key", "give the public one, with .pub at its end; a private key never leaves its owner");
        return SshPublicKey.TryParse(text, out var key)
            ? key
            : throw CommandFailure.Usage($"{file} holds no public key that a gate takes", "ssh-ed25519, ecdsa-sha2-nistp256, their sk- forms (security keys) and ssh-rsa of 2048 to 4096 bits are; make one with: ssh-keygen -t ed25519");
    }

    /// <summary>By OpenSSH's own program, which knows how keys are kept.</summary>
    private static SshPublicKey Make(string path, string name)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("ssh-keygen", ["-t", "ed25519", "-C", name, "-f", path]))!;
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new CommandFailure(ExitCode.NotDone, "ssh-keygen made no key", "it says why above");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new CommandFailure(ExitCode.Unsupported, "the program ssh-keygen is missing", "install it: apt-get install openssh-client", e);
        }

        return PublicKey(path + ".pub");
    }

    /// <summary>Before anything is made or changed.</summary>
    private static void Check(GateConfiguration configuration, string name, string? services)
    {
        if (name.Length > MaxName || !name.All(c => c is > ' ' and < '\x7f' and not '"'))
            throw CommandFailure.Usage($"'{name}' cannot be the name of a key", $"write at most {MaxName} letters, digits and signs, without spaces and quotes: alice@laptop");
        if (services?.Split(',').FirstOrDefault(s => configuration.Warden.Services.All(one => !one.Name.Equals(s, StringComparison.Ordinal))) is { } unknown)
            throw CommandFailure.Usage($"there is no service '{unknown}'", "name services of the configuration, with commas between them");
    }

    private static void LetIn(SpaSettings spa, string name, SshPublicKey key, string? services, TimeSpan? max, TextWriter output)
    {
        if (spa.Identities.FirstOrDefault(i => i.Key.Equals(key)) is { } known)
            throw new CommandFailure(ExitCode.NotDone, $"the key is in {spa.AuthorizedKeysFile} already, as {known.Name}", "edit its line there to change what it may do");

        var options = new List<string>();
        if (services is not null)
            options.Add($"services=\"{services}\"");
        if (max is { } longest)
            options.Add($"max=\"{Duration.Format(longest)}\"");
        var line = $"{string.Join(',', options)} {key} {name}".Trim();
        try
        {
            var before = File.Exists(spa.AuthorizedKeysFile) ? File.ReadAllText(spa.AuthorizedKeysFile) : "";
            if (before.Length > 0 && !before.EndsWith('\n'))
                before += '\n';
            var mode = before.Length > 0 && !OperatingSystem.IsWindows() ? File.GetUnixFileMode(spa.AuthorizedKeysFile) : WholeFile.OwnerOnly;
            WholeFile.Write(spa.AuthorizedKeysFile, before + line + '\n', mode);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(e is UnauthorizedAccessException ? ExitCode.MissingPrivilege : ExitCode.NotDone, e.Message.TrimEnd('.'), "nothing was changed; run it as root", e);
        }

        output.WriteLine($"enrolled {name}: {key.Fingerprint}, may open {services ?? "every service"}");
    }

    private static Invitation InvitationOf(SpaSettings spa, GateConfiguration configuration, string host, string? services)
    {
        try
        {
            var key = GateKeyFile.Read(spa.KeyFile);
            var names = (services?.Split(',') ?? configuration.Warden.Services.Select(s => s.Name)).Take(MaxServices).ToImmutableArray();
            return new(host.ToLowerInvariant(), NameOf(host), key.Pair.Public, key.Secret)
            {
                Carriers = CarriersOf(spa),
                Services = names,
                Ports = configuration.Warden.Services.Where(s => names.Contains(s.Name, StringComparer.Ordinal))
                    .Select(s => (s.Name, Port: s.Ports.FirstOrDefault(p => p.Transport == Transport.Tcp).First))
                    .Where(s => s.Port != 0).ToImmutableSortedDictionary(s => s.Name, s => s.Port, StringComparer.Ordinal),
                Receipts = spa.Receipt,
            };
        }
        catch (GateKeyException e)
        {
            throw CommandFailure.Usage(e.Message, e.Hint);
        }
        catch (ArgumentException)
        {
            throw CommandFailure.Usage($"clients cannot reach the gate as '{host}'", "give its name or address, without a port: gate.example.org");
        }
    }

    /// <summary>Clients may call it otherwise; it begins as the host does.</summary>
    private static string NameOf(string host)
    {
        var label = host.Split('.')[0].ToLowerInvariant();
        return ServiceName.IsValid(label) && !label.All(char.IsAsciiDigit) ? label : "gate";
    }

    /// <summary>Those that move first. Of those that stand, the first port of each run: the others are there to be told apart by people, not by clients.</summary>
    private static ImmutableArray<Carrier> CarriersOf(SpaSettings spa)
    {
        var ports = spa.Ports.OrderBy(p => p.Transport == Transport.Tcp).Select(p => new Carrier(p.Transport == Transport.Tcp ? CarrierKind.Tcp : CarrierKind.Udp, p.First));
        return [.. spa.MovingPorts.Select(Carrier.Of).Concat(ports).Take(MaxCarriers), .. spa.Echo ? [Carrier.Icmp] : Array.Empty<Carrier>()];
    }

    private static void Invite(Invitation invitation, bool code, TextWriter output)
    {
        var line = invitation.Write();
        output.WriteLine("the invitation; it holds a secret, so hand it over as you would a password:");
        output.WriteLine(line);
        if (code)
            output.WriteLine(new AsciiQRCode(QRCodeGenerator.GenerateQrCode(line, QRCodeGenerator.ECCLevel.L)).GetGraphicSmall());
        output.WriteLine($"its owner types: postern profile add -   (and pastes it), then: postern knock {invitation.Name}");
    }
}
