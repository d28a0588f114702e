using System.Collections.Immutable;
using Postern.Warden;

namespace Postern.Cli.Configuration;

/// <summary>Either a configuration, or why there is none. Warnings come with both.</summary>
internal sealed record ConfigurationResult(GateConfiguration? Configuration, ImmutableArray<Fault> Faults, ImmutableArray<Fault> Warnings);

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

    /// <summary>Reads one text as if it were a file of that name.</summary>
    public static ConfigurationResult ReadText(string name, string text) => Read([new(name, text, default)], new());

    private static ConfigurationResult Read(ImmutableArray<ConfigurationFile> files, FaultList faults)
    {
        var values = new Values(faults);
        var merged = MergedSections.Read(files, values);
        var gate = GateSection.Read(merged.Gate, values);
        var services = ServicesSection.Read(merged.Services, values);
        var knocks = KnocksSection.Read(merged.Knocks, merged.IsWhole ? services.Names : null, values);
        var policy = PolicySection.Read(merged.Policy, values);
        CheckTogether(services, knocks, faults);
        var configuration = faults.Count > 0 ? null : Assemble(gate, services, knocks, policy, files);
        return new(configuration, [.. faults.Faults], [.. faults.Warnings]);
    }

    private static void CheckTogether(ServicesSection services, ImmutableArray<Knock> knocks, FaultList faults)
    {
        foreach (var knock in knocks)
        {
            SequenceRules.Check(knock, faults);
            SequenceRules.WarnOfProtected(knock, services, faults);
        }

        SequenceRules.CheckTwins(knocks, faults);
        if (faults.Count > 0)
            return; // a knock with a fault may have been the one

        var opened = knocks.SelectMany(k => k.Door.Opens).ToHashSet(StringComparer.Ordinal);
        foreach (var (service, place) in services.Services.Where(s => !opened.Contains(s.Service.Name)))
            faults.Warn(place, $"no knock opens the service '{service.Name}'", "write a knock that does: opens: [" + service.Name + "]");
    }

    private static GateConfiguration Assemble(GateSection gate, ServicesSection services, ImmutableArray<Knock> knocks, Policy policy, ImmutableArray<ConfigurationFile> files)
    {
        var warden = new WardenOptions([.. services.Services.Select(s => s.Service)], [.. knocks.Select(k => k.Door)]) { Policy = policy };
        var configuration = new GateConfiguration(warden with { MaxGrants = gate.MaxGrants ?? warden.MaxGrants }, [.. knocks.Select(k => k.Sequence)]);
        return configuration with
        {
            Interfaces = gate.Interfaces ?? configuration.Interfaces,
            ControlSocket = gate.ControlSocket ?? configuration.ControlSocket,
            Traps = gate.Traps ?? configuration.Traps,
            Files = [.. files.Select(f => f.Path)],
        };
    }
}
