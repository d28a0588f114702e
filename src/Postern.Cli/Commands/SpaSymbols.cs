using System.Collections.Immutable;
using System.CommandLine;
using Postern.Cli.CommandLine;
using Postern.Cli.Profiles;
using Postern.Client.Spa;
using Postern.Client.Tokens;
using Postern.Reports;
using Postern.Reports.Errands;
using Postern.Reports.Fwknop;
using Postern.Reports.Spa;

namespace Postern.Cli.Commands;

/// <summary>What <c>knock</c>, <c>close</c> and <c>connect</c> take for a knock by a profile.</summary>
internal sealed class SpaSymbols
{
    private const int MaxServices = 8;

    private readonly KnockWords _words;
    private readonly Option<TimeSpan?> _for = CommonOptions.Time("--for", "For how long to open (the gate may give less)");
    private readonly Option<string?> _carrier = new("--carrier") { HelpName = "CARRIER", Description = "udp, icmp or tcp; or one of your own: udp/62201" };
    private readonly Option<string?> _key = new("--key") { HelpName = "KEY", Description = "SSH key: a file, agent, or SHA256:… of the agent's" };
    private readonly Option<string?> _address = new("--address") { HelpName = "ADDRESS", Description = "Who is to come in: auto, an address, https://…", Hidden = true };
    private readonly Option<ushort> _sourcePort = new("--source-port") { HelpName = "PORT", Description = "Only connections from this port of ours", Hidden = true };

    private readonly Option<int?> _decoys = new("--decoys") { HelpName = "N", Description = "So many packets that mean nothing, to hide the others", Hidden = true };

    private readonly Option<string?> _data = new("--data") { HelpName = "TEXT", Description = "What the command of an action is to get", Hidden = true };

    public SpaSymbols(Command command, KnockWords words, bool ownSourcePort = false)
    {
        _words = words;
        if (!words.UntilClosed && !ownSourcePort)
            command.Add(_for);
        command.Add(_carrier);
        command.Add(_key);
        command.Add(_address);
        if (!ownSourcePort)
            command.Add(_decoys);
        if (!words.UntilClosed && !ownSourcePort)
            command.Add(_data);
        if (!ownSourcePort)
            command.Add(_sourcePort);
    }

    /// <exception cref="CommandFailure">Something does not fit together.</exception>
    public KnockInput Read(ParseResult parsed, Profile profile, IReadOnlyCollection<string> words, bool asksReceipt) => profile switch
    {
        FwknopProfile fwknop => ReadFwknop(parsed, fwknop, words),
        TokenProfile token => ReadToken(parsed, token, words),
        _ => ReadSpa(parsed, (SpaProfile)profile, words, asksReceipt),
    };

    private KnockInput ReadFwknop(ParseResult parsed, FwknopProfile profile, IReadOnlyCollection<string> words)
    {
        if (_words.UntilClosed)
            throw FwknopInput.CannotClose(profile.Name);
        foreach (var option in (Option[])[_carrier, _key, _sourcePort, _decoys, _data])
        {
            if (parsed.GetResult(option) is { Implicit: false })
                throw CommandFailure.Usage($"{option.Name} is for gates of ours", $"the profile of fwknop says it: edit {ProfileFolder.FileOf(profile.Name)} (transport, key, source_port)");
        }

        var (services, ports) = Split(words);
        if (!services.IsEmpty)
            throw CommandFailure.Usage($"'{services[0]}' is a service's name, and fwknop knows only ports", $"postern knock {profile.Name} tcp/22; or nothing after the profile's name, for what it asks for by itself");
        var wish = profile.Wish;
        if (!ports.IsEmpty)
            wish = wish.Nat is null && wish.Command.Length == 0 ? wish with { Access = ports } : throw CommandFailure.Usage($"the profile '{profile.Name}' asks for {(wish.Nat is null ? "a command" : "NAT")}, which is for what it names", "leave out the ports, or make another profile");
        wish = wish with
        {
            Access = FwknopProfile.Outside(wish.Access, profile.NatPort),
            User = wish.User.Length > 0 ? wish.User : FwknopProfile.UsualUser,
            Seconds = parsed.GetValue(_for) is { } time ? (int)Math.Min(FwknopMessage.MaxTimeout, Math.Ceiling(time.TotalSeconds)) : wish.Seconds,
        };
        return new(profile.Host, wish.Command.Length > 0 ? [] : wish.Access) { Fwknop = new(profile, wish, FwknopAddress(parsed.GetValue(_address), profile)) };
    }

    /// <summary>A token has room for one service; without one it asks for all that its knock opens.</summary>
    private KnockInput ReadToken(ParseResult parsed, TokenProfile profile, IReadOnlyCollection<string> words)
    {
        foreach (var option in (Option[])[_for, _carrier, _key, _sourcePort])
        {
            if (parsed.GetResult(option) is { Implicit: false })
                throw CommandFailure.Usage($"{option.Name} is for requests that are signed: a token cannot say it", "leave it out");
        }

        var (services, ports) = Split(words);
        if (services.Length > 1)
            throw CommandFailure.Usage("a token asks for one service, or for all that its knock opens", $"postern knock {profile.Name} {services[0]}; or no SERVICE");
        if (ports.IsEmpty)
            ports = [.. (services.IsEmpty ? profile.Services : services).SelectMany(s => profile.Ports.GetValueOrDefault(s, [])).Distinct()];
        if (parsed.GetValue(_address) is { } text)
            profile = profile with { Address = AddressSetting.TryParse(text, out var setting) ? setting : throw CommandFailure.Usage($"--address cannot be '{text}'", AddressSetting.Shape) };
        var decoys = parsed.GetValue(_decoys) ?? profile.DecoyCount;
        if (decoys is < 0 or > Decoys.Most)
            throw CommandFailure.Usage($"--decoys cannot be {decoys}", $"write 0 to {Decoys.Most}: a gate takes more for one who guesses");
        var data = Data(parsed);
        if (data.Length > 0 && profile.CannotCarryData is var (why, mend))
            throw CommandFailure.Usage(why, mend);
        return new(profile.Host, ports) { Token = new(profile, services.FirstOrDefault(), decoys) { Data = data } };
    }

    private static AddressSetting FwknopAddress(string? text, FwknopProfile profile) => text switch
    {
        null => profile.Address,
        AddressSetting.SourceWord => AddressSetting.Source,
        _ when AddressSetting.TryParse(text, out var setting) && (setting.Literal == Reports.Address.None || setting.Literal.IsV4) => setting,
        _ => throw CommandFailure.Usage($"--address cannot be '{text}'", "write auto, source, an IPv4 address, or https://… of a service that answers with yours"),
    };

    private KnockInput ReadSpa(ParseResult parsed, SpaProfile profile, IReadOnlyCollection<string> words, bool asksReceipt)
    {
        if (parsed.GetResult(_decoys) is { Implicit: false })
            throw CommandFailure.Usage("--decoys is for profiles of method rolling or ports", "leave it out: one packet that looks like chance hides better alone");
        var (services, ports) = Split(words);
        if (services.IsEmpty)
            services = profile.Services;
        CheckServices(services, profile, isWatched: !ports.IsEmpty);
        if (ports.IsEmpty)
            ports = [.. services.SelectMany(s => profile.Ports.GetValueOrDefault(s, [])).Distinct()];
        var wish = new SpaWish(services)
        {
            Close = _words.UntilClosed,
            Seconds = (uint)Math.Ceiling((parsed.GetValue(_for) ?? TimeSpan.Zero).TotalSeconds),
            Receipt = profile.Receipts && asksReceipt,
            Data = Data(parsed),
        };
        return new(profile.Host, ports)
        {
            Spa = new(profile, wish, Carriers(parsed.GetValue(_carrier), profile), Address(parsed.GetValue(_address), profile), parsed.GetValue(_sourcePort), parsed.GetValue(_key) ?? profile.Key),
        };
    }

    /// <summary>Empty: none.</summary>
    private string Data(ParseResult parsed) => parsed.GetValue(_data) switch
    {
        null => "",
        var text when ActionData.IsValid(text) => text,
        var text => throw CommandFailure.Usage($"--data cannot be '{text}'", ActionData.Shape),
    };

    /// <summary>A sequence asks for nothing; it would be knocked as if these had not been given.</summary>
    public void RefuseWithSequence(ParseResult parsed)
    {
        foreach (var option in (Option[])[_for, _carrier, _key, _address, _sourcePort, _decoys, _data])
        {
            if (parsed.GetResult(option) is { Implicit: false })
                throw CommandFailure.Usage($"{option.Name} is for profiles: a sequence cannot say it", "leave it out, or knock by a profile");
        }
    }

    /// <summary>A word with a slash, or a number, is where to look; any other is what to ask for.</summary>
    private static (ImmutableArray<string> Services, ImmutableArray<PortRange> Ports) Split(IReadOnlyCollection<string> words)
    {
        var isService = words.ToLookup(IsService);
        return ([.. isService[true].Distinct(StringComparer.Ordinal)], ServiceText.Read(isService[false]));
    }

    public static bool IsService(string word) => !word.Contains('/', StringComparison.Ordinal) && !word.All(char.IsAsciiDigit);

    private static void CheckServices(ImmutableArray<string> services, SpaProfile profile, bool isWatched)
    {
        if (services.IsEmpty)
            throw CommandFailure.Usage($"no SERVICE is given, and the profile '{profile.Name}' names none", $"postern knock {profile.Name} ssh; or write services: into the profile");
        if (services.FirstOrDefault(s => !ServiceName.IsValid(s)) is { } bad)
            throw CommandFailure.Usage($"'{bad}' cannot be the name of a service", "write 1 to 32 of a-z, 0-9, '-' and '_', a letter or a digit first");
        if (services.Length > MaxServices)
            throw CommandFailure.Usage($"more than {MaxServices} services in one request", "knock twice");
        if (!isWatched && !profile.Services.IsEmpty && services.FirstOrDefault(s => !profile.Services.Contains(s, StringComparer.Ordinal)) is { } unknown)
        {
            // Nobody would notice that the gate does not know it either: nothing comes back, and nothing is watched.
            throw CommandFailure.Usage(
                $"the profile '{profile.Name}' knows no service '{unknown}', but {string.Join(", ", profile.Services)}",
                Configuration.NearestWord.Find(unknown, profile.Services) is { } near ? $"did you mean '{near}'?" : $"say where to watch it: postern knock {profile.Name} {unknown} tcp/PORT; or write it into the profile's services");
        }
    }

    private static ImmutableArray<Carrier> Carriers(string? text, SpaProfile profile)
    {
        if (text is null)
            return profile.Carriers;
        ImmutableArray<Carrier> ofKind = text switch
        {
            "udp" => [.. profile.Carriers.Where(c => c.Kind == CarrierKind.Udp)],
            "tcp" => [.. profile.Carriers.Where(c => c.Kind == CarrierKind.Tcp)],
            _ => Carrier.TryParse(text, out var own) ? [own] : throw CommandFailure.Usage($"'{text}' is no carrier", "write udp, icmp or tcp, or with a port of your own: udp/62201"),
        };
        return !ofKind.IsEmpty ? ofKind
            : throw CommandFailure.Usage($"the profile '{profile.Name}' has no carrier of {text}: {string.Join(", ", profile.Carriers)}", $"give its port, if the gate takes it: --carrier {text}/62201");
    }

    private static AddressSetting Address(string? text, SpaProfile profile) =>
        text is null ? profile.Address
        : AddressSetting.TryParse(text, out var setting) ? setting
        : throw CommandFailure.Usage($"--address cannot be '{text}'", AddressSetting.Shape);
}
