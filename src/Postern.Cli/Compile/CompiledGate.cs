using System.Collections.Immutable;
using System.Globalization;
using Postern.Cli.Configuration;
using Postern.Cli.Imports;
using Postern.Knocks.Sequences;
using Postern.Warden;

namespace Postern.Cli.Compile;

/// <summary>A knock that rules can tell.</summary>
/// <param name="Number">From one; what the rules call it by.</param>
/// <param name="Name">As the configuration has it.</param>
/// <param name="Sequence">Its steps.</param>
/// <param name="Opens">Numbers of services.</param>
/// <param name="Closes">Numbers of services.</param>
/// <param name="IsOnce">Good once.</param>
internal sealed record CompiledKnock(int Number, string Name, KnockSequence Sequence, ImmutableArray<int> Opens, ImmutableArray<int> Closes, bool IsOnce)
{
    public bool IsStrict => Sequence.Order == StepOrder.Strict;

    public bool IsOf(bool isV4) => Sequence.Family is IpFamily.Both || Sequence.Family == (isV4 ? IpFamily.V4 : IpFamily.V6);
}

/// <summary>What of a configuration can be rules. What cannot is left out, never loosened, and noted.</summary>
/// <param name="Services">Those that have ports here, numbered from one.</param>
/// <param name="Knocks">Those that rules can tell.</param>
/// <param name="Interfaces">None: all.</param>
/// <param name="Policy">Who may knock.</param>
internal sealed record CompiledGate(ImmutableArray<Service> Services, ImmutableArray<CompiledKnock> Knocks, ImmutableArray<string> Interfaces, Policy Policy)
{
    /// <summary>Each costs a set for every step and family, and some rules that every packet passes.</summary>
    private const int MostOneTime = 32;

    /// <summary>The numbers of the services' ports that are closed to strangers.</summary>
    public IEnumerable<(int Number, Service Service)> Numbered => Services.Select((service, i) => (i + 1, service));

    public static CompiledGate Of(GateConfiguration configuration, string file, ImportNotes notes)
    {
        if (!configuration.Warden.Policy.Hours.IsEmpty)
            throw new CommandLine.CommandFailure(CommandLine.ExitCode.NotDone, "policy.hours cannot be compiled, and without it the rules would open at any hour", "remove it, or let a gate guard this host");
        NoteOthers(configuration, file, notes);
        var services = configuration.Warden.Services.Where(s => IsPlain(s, configuration, file, notes)).ToImmutableArray();
        var numbers = services.Select((service, i) => (service.Name, Number: i + 1)).ToDictionary(s => s.Name, s => s.Number, StringComparer.Ordinal);
        var knocks = ImmutableArray.CreateBuilder<CompiledKnock>();
        var once = 0;
        foreach (var (sequence, door) in configuration.Sequences.Zip(configuration.Warden.Doors))
        {
            var (at, line) = PlaceOf(configuration, "knocks." + door.Name, file);
            if (Obstacle(sequence, door, numbers) is { } obstacle)
                notes.Add(at, line, $"the knock '{door.Name}' is left out: {obstacle}");
            else if (door.OneTime is not null && ++once > MostOneTime)
                notes.Add(at, line, string.Create(CultureInfo.InvariantCulture, $"the knock '{door.Name}' has more sequences than rules should have: only the first {MostOneTime} are here"));
            else
                knocks.Add(new(knocks.Count + 1, door.Name, sequence, [.. door.Opens.Select(s => numbers[s])], [.. door.Closes.Select(s => numbers[s])], door.OneTime is not null));
        }

        if (once > 0)
            notes.Add(file, 0, "that a one-time sequence was used is known to the kernel alone: whenever these rules are loaded, all of them are good again, those that a gate has seen used too");
        return new(services, knocks.ToImmutable(), configuration.Interfaces, configuration.Warden.Policy);
    }

    private static string? Obstacle(KnockSequence sequence, Door door, Dictionary<string, int> numbers)
    {
        if (door.Opens.Concat(door.Closes).FirstOrDefault(s => !numbers.ContainsKey(s)) is { } service)
            return $"rules cannot do what the service '{service}' does";
        if (sequence.Alone)
            return "'strict: true' needs a gate; 'order: strict' does not";
        if (!door.Stacks.IsEmpty)
            return "rules cannot tell whose stack a packet is of ('stack')";
        if (door.OneTime is { InTurn: true })
            return "'in_turn: true' needs a gate";
        if (sequence.Steps.Where((step, i) => sequence.Steps.Take(i).Any(step.Overlaps)).Any())
            return "two of its steps are the same, and rules cannot tell a second step from a packet that was sent again";
        return null;
    }

    private static bool IsPlain(Service service, GateConfiguration configuration, string file, ImportNotes notes)
    {
        if (service.Action is null && service.Forward is null)
            return true;
        var (at, line) = PlaceOf(configuration, "services." + service.Name, file);
        notes.Add(at, line, $"the service '{service.Name}' is left out: rules cannot {(service.Action is null ? "lead on" : "run a command")} for one address alone");
        return false;
    }

    private static void NoteOthers(GateConfiguration configuration, string file, ImportNotes notes)
    {
        foreach (var knock in configuration.Fwknop.Knocks)
            notes.Add(knock.Place.File, knock.Place.Line, $"the knock '{knock.Name}' is left out: rules cannot check a packet's seal");
        foreach (var knock in configuration.Tokens)
            notes.Add(knock.Place.File, knock.Place.Line, $"the knock '{knock.Name}' is left out: rules cannot check a token");
        if (configuration.Spa is not null)
            notes.Add(file, 0, "'spa' is left out: rules cannot check a signature");
    }

    private static (string File, int Line) PlaceOf(GateConfiguration configuration, string what, string file) =>
        configuration.Places.TryGetValue(what, out var place) ? (place.File, place.Line) : (file, 0);
}
