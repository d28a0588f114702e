using System.Collections.Immutable;
using Postern.Warden;

namespace Postern.Cli.Configuration;

/// <summary>Either a configuration, or why there is none. Warnings come with both.</summary>
internal sealed record ConfigurationResult(GateConfiguration? Configuration, ImmutableArray<Fault> Faults, ImmutableArray<Fault> Warnings)
{
    /// <summary>Of the files of keys and of one-time sequences. They keep out those of whom they speak, and stop nothing: a slip in one line must not lock out everybody else.</summary>
    public ImmutableArray<Fault> KeyFaults { get; init; } = [];
}

/// <summary>Files to a checked configuration. All faults are found in one reading; no content of a file makes it throw.</summary>
internal static class ConfigurationReader
{
    public const string DefaultPath = "/etc/postern/postern.yaml";

    /// <summary>Reads the file and the <c>postern.d/*.yaml</c> beside it.</summary>
    public static ConfigurationResult Read(string path)
    {
        var faults = new FaultList();
        return Read(ConfigurationFiles.Load(path, faults), faults);
    }

    /// <summary>As the gate reads it: again and again, in several processes, none of which may wait for a pipe that nobody writes.</summary>
    public static ConfigurationResult ReadForGate(string path)
    {
        var faults = new FaultList();
        return Read(ConfigurationFiles.Load(path, faults, onlyFiles: true), faults);
    }

    /// <summary>Reads one text as if it were a file of that name.</summary>
    public static ConfigurationResult ReadText(string name, string text) => Read([new(name, text, default)], new());

    private static ConfigurationResult Read(ImmutableArray<ConfigurationFile> files, FaultList faults)
    {
        var values = new Values(faults);
        var merged = MergedSections.Read(files, values);
        var gate = GateSection.Read(merged.Gate, values);
        var services = ServicesSection.Read(merged.Services, values);
        var (fwknopKnocks, tokens) = (new List<FwknopKnock>(), new List<TokenKnockSettings>());
        var knocks = KnocksSection.Read(merged.Knocks, merged.IsWhole ? services.Names : null, fwknopKnocks, tokens, values);
        var fwknop = FwknopSection.Read(merged.Fwknop, values) with { Knocks = [.. fwknopKnocks] };
        var spa = merged.Spa is { } entries ? SpaSection.Read(entries, values) : null;
        var policy = PolicySection.Read(merged.Policy, values);
        CheckTogether(gate, services, knocks, fwknop, tokens, spa, faults);
        if (faults.Count > 0)
            return new(null, [.. faults.Faults], [.. faults.Warnings]);

        var keyFaults = new FaultList();
        if (spa is not null)
        {
            spa = spa with { Identities = AuthorizedKeys.Read(spa.AuthorizedKeysFile, services.Names, keyFaults) };
            if (spa.Identities.All(i => i.Revoked) && knocks.IsEmpty && fwknop.Knocks.IsEmpty && tokens.Count == 0 && services.Services.Count > 0)
                faults.Warn(services.Services[0].Place, "no key and no knock opens anything: nobody can come in", "let a key in: postern enroll NAME");
        }

        fwknop = fwknop with { Knocks = [.. fwknop.Knocks.Select(k => k with { Keys = FwknopKeysFile.Read(k.KeysFile, keyFaults) })] };
        var oneTime = OneTimeDoors.Read(knocks, keyFaults);
        var places = services.Services.Select(s => ("services." + s.Service.Name, s.Place)).Concat(knocks.Select(k => ("knocks." + k.Door.Name, k.Place)));
        return new(Assemble(gate, services, [.. knocks.Where(k => k.OneTime is null)], oneTime, fwknop, TokenKnockReader.ReadSecrets(tokens, services, keyFaults), spa, policy, files) with { Places = places.ToImmutableDictionary(p => p.Item1, p => p.Place, StringComparer.Ordinal) }, [], [.. faults.Warnings, .. keyFaults.Warnings]) { KeyFaults = [.. keyFaults.Faults] };
    }

    private static void CheckTogether(GateSection gate, ServicesSection services, ImmutableArray<Knock> knocks, FwknopSettings fwknop, List<TokenKnockSettings> tokens, SpaSettings? spa, FaultList faults)
    {
        CaptureRules.Check(gate, knocks, fwknop, tokens, spa, faults);
        FwknopRules.Check(fwknop.Knocks, services, faults);
        foreach (var token in tokens)
        {
            token.Check(services, faults);
            token.CheckStack(faults);
        }

        KnockknockSettings.CheckAll(tokens, services, faults);
        foreach (var knock in knocks.Where(k => k.OneTime is null))
        {
            SequenceRules.Check(knock, faults);
            SequenceRules.WarnOfProtected(knock, services, faults);
        }

        foreach (var knock in knocks)
            SequenceRules.CheckStack(knock, faults);
        CheckForwards([.. knocks.Select(k => (k.Place, k.Door.Opens)), .. tokens.Select(t => (t.Place, t.Opens))], services, faults);
        CheckData([.. knocks.Select(k => (k.Place, k.Door.Opens)), .. tokens.Where(t => !t.CarriesData).Select(t => (t.Place, t.Opens)), .. fwknop.Knocks.Select(k => (k.Place, k.Commands.Values.ToImmutableArray()))], services, faults);
        SequenceRules.CheckManners(knocks, faults);
        SequenceRules.CheckTwins(knocks, faults);
        if (faults.Count > 0)
            return; // a knock with a fault may have been the one

        if (spa is not null)
            return; // a key may open any of them

        var opened = knocks.SelectMany(k => k.Door.Opens).Concat(fwknop.Knocks.SelectMany(k => k.Opens.Concat(k.Commands.Values))).Concat(tokens.SelectMany(t => t.Opens)).ToHashSet(StringComparer.Ordinal);
        foreach (var (service, place) in services.Services.Where(s => !opened.Contains(s.Service.Name)))
            faults.Warn(place, $"no knock opens the service '{service.Name}'", "write a knock that does: opens: [" + service.Name + "]");
    }

    /// <summary>A sequence or a token cannot say where to.</summary>
    private static void CheckForwards(ImmutableArray<(Place Place, ImmutableArray<string> Opens)> knocks, ServicesSection services, FaultList faults)
    {
        var chosen = services.Services.Where(s => s.Service.Forward is { IsChosen: true }).Select(s => s.Service.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var knock in knocks)
        {
            foreach (var name in knock.Opens.Where(chosen.Contains))
                faults.Add(knock.Place, $"the knock cannot say where the service '{name}' is to lead", "give the service ports and one target, or let a knock of method fwknop open it");
        }
    }

    /// <summary>What is run with data is refused without: such a knock would never open it.</summary>
    private static void CheckData(ImmutableArray<(Place Place, ImmutableArray<string> Opens)> knocks, ServicesSection services, FaultList faults)
    {
        var takes = services.Services.Where(s => s.Service.Action is { TakesData: true }).Select(s => s.Service.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var knock in knocks)
        {
            foreach (var name in knock.Opens.Where(takes.Contains).Distinct(StringComparer.Ordinal))
                faults.Add(knock.Place, $"the knock cannot say with which {{data}} the service '{name}' is to run", "let a key ask for it (spa), or a knock of method ports with data: true");
        }
    }

    private static GateConfiguration Assemble(
        GateSection gate, ServicesSection services, ImmutableArray<Knock> knocks, OneTimeDoors oneTime, FwknopSettings fwknop, ImmutableArray<TokenKnockSettings> tokens, SpaSettings? spa, Policy policy, ImmutableArray<ConfigurationFile> files)
    {
        var warden = new WardenOptions([.. services.Services.Select(s => s.Service)], [.. knocks.Select(k => k.Door), .. oneTime.Doors])
        {
            Policy = policy,
            Fwknop = [.. fwknop.Stanzas.Select(k => k.ForWarden())],
            Tokens = [.. tokens.Where(t => t.Secret is not null).Select(t => t.ForWarden())],
            LocalForwards = services.Services.Any(s => s.Service.Forward is not null) || fwknop.Knocks.Any(k => !k.Opens.IsEmpty),
        };
        var configuration = new GateConfiguration(warden with { MaxGrants = gate.MaxGrants ?? warden.MaxGrants }, [.. knocks.Select(k => k.Sequence), .. oneTime.Sequences]) { OneTime = oneTime.Knocks };
        return configuration with
        {
            Interfaces = gate.Interfaces ?? configuration.Interfaces,
            ControlSocket = gate.ControlSocket ?? configuration.ControlSocket,
            ControlReaders = gate.ControlReaders ?? configuration.ControlReaders,
            Capture = gate.Capture ?? configuration.Capture,
            Spa = spa,
            Fwknop = fwknop,
            Tokens = tokens,
            LedgerFile = gate.LedgerFile ?? configuration.LedgerFile,
            Actions = [.. services.Actions],
            Traps = gate.Traps ?? configuration.Traps,
            Files = [.. files.Select(f => f.Path)],
        };
    }
}
