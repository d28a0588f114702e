using System.Collections.Immutable;
using System.Globalization;
using Postern.Knocks.Sequences;
using Postern.Reports;

namespace Postern.Cli.Imports.Knockd;

/// <summary>How a configuration of knockd's is to be carried over.</summary>
/// <param name="Path">Of knockd.conf, as the user names it.</param>
internal sealed record KnockdImportOptions(string Path)
{
    /// <summary>Void attempts as knockd does.</summary>
    public bool Strict { get; init; }

    /// <summary>As knockd's <c>-i</c>; null: what the file says.</summary>
    public string? Interface { get; init; }

    /// <summary>As knockd's <c>-4</c>.</summary>
    public bool OnlyV4 { get; init; }

    /// <summary>Whether there is a program of that path on this host.</summary>
    public Func<string, bool> IsProgram { get; init; } = File.Exists;

    /// <summary>The bytes of a file of one-time sequences, as characters of Latin-1; null: there is none.</summary>
    public Func<string, string?> ReadOneTime { get; init; } = _ => null;
}

/// <summary>
/// What knockd's doors are in ours: a service for each port that is opened, an action for each command that does something else, and a knock for each door.
/// </summary>
internal sealed class KnockdImport
{
    private static readonly TimeSpan LongestWithin = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan ShortestWithin = TimeSpan.FromMilliseconds(100);

    public static readonly TimeSpan LongestOpen = TimeSpan.FromDays(30);

    public static readonly TimeSpan ShortestOpen = TimeSpan.FromSeconds(1);

    private readonly KnockdImportOptions _options;
    private readonly KnockdFile _file;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    private KnockdImport(KnockdFile file, KnockdImportOptions options)
    {
        (_file, _options) = (file, options);
        foreach (var oddity in file.Oddities)
            Notes.Add(options.Path, oddity.Line, oddity.Text);
    }

    public ImportNotes Notes { get; } = new();

    /// <summary>The gate watches these; none: all.</summary>
    public ImmutableArray<string> Interfaces { get; private set; } = [];

    public List<ImportedService> Services { get; } = [];

    public List<ImportedKnock> Knocks { get; } = [];

    public bool Strict => _options.Strict;

    /// <param name="text">knockd.conf, its bytes as characters of Latin-1.</param>
    /// <param name="options">How.</param>
    /// <param name="faults">Why knockd would not start with it; where there are some, nothing is carried over.</param>
    public static KnockdImport? Read(string text, KnockdImportOptions options, out ImmutableArray<KnockdText> faults)
    {
        var file = KnockdReader.Read(text);
        faults = [.. file.Faults.AddRange(OneTimeFaults(file, options)).OrderBy(f => f.Line)];
        if (!faults.IsEmpty)
            return null;
        var import = new KnockdImport(file, options);
        import.CarryOptions();
        import.CarryDoors();
        return import;
    }

    /// <summary>knockd opens the file when it starts, and takes its first sequence.</summary>
    private static IEnumerable<KnockdText> OneTimeFaults(KnockdFile file, KnockdImportOptions options)
    {
        foreach (var (path, line) in file.Doors.Select(d => d.OneTimeFile).OfType<KnockdText>())
        {
            if (options.ReadOneTime(path) is not { } text)
                yield return new($"cannot read the one-time sequences {ImportNotes.Quote(path)}", line);
            else if (text.Split('\n').All(l => l.Trim() is "" or ['#', ..]))
                yield return new($"no sequence is left in {ImportNotes.Quote(path)}", line);
        }
    }

    private void CarryOptions()
    {
        foreach (var option in _file.Options)
        {
            Note(option.Line, option.Text switch
            {
                "PidFile" => "PidFile is not carried over: the service manager knows the gate, and 'postern status' finds it",
                var word => $"{word} is not carried over: the gate writes to standard error, and so to the journal ('journalctl -u postern')",
            });
        }

        var (name, line) = _options.Interface is { } given ? (given, 0) : _file.Interface ?? ("", 0);
        if (name.Length == 0)
            Note(0, "no Interface is named: knockd watches eth0 then; the gate watches, and protects, all of them (gate.interfaces)");
        else if (name is "any")
            Note(line, "Interface = any: knockd opens nothing then; the gate watches all of them");
        else if (name.Length > 15 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '+'))
            Note(line, $"{ImportNotes.Quote(name)} is no name of an interface; the gate watches all of them");
        else
            Interfaces = [name];
    }

    private void CarryDoors()
    {
        var plans = _file.Doors.Select(d => new DoorEffects(d, _options.OnlyV4, _options.IsProgram)).ToArray();
        while (plans.Any(p => p.Settle(plans)))
        {
            // what one door is may depend on the others, which may change in turn; each can change once
        }

        var pieces = PortPieces.Of(plans.SelectMany(p => p.Ports));
        _names.UnionWith(pieces.Cut([.. plans.SelectMany(p => p.Ports)]).Select(NameOf));
        foreach (var plan in plans.Where(p => CanBeMade(p.Door)))
            Carry(plan, pieces);
    }

    /// <summary>knockd counts whole seconds from the first packet, and looks when the next comes.</summary>
    private bool CanBeMade(KnockdDoor door)
    {
        if (door.OneTimeFile is null && (door.SequenceSeconds > 0 || door.Steps.Length == 1))
            return true;
        if (door.OneTimeFile is not null && door.SequenceSeconds > 0)
            return true;
        Note(door.SequenceSecondsLine, $"[{door.Name}] can never be completed in {Seconds(door.SequenceSeconds)}: it is left out");
        return false;
    }

    private void Carry(DoorEffects plan, PortPieces pieces)
    {
        var door = plan.Door;
        foreach (var word in plan.Left)
            Note(door.Start?.Line ?? door.Line, $"[{door.Name}]: '{word}' is not carried over: a service is guarded on all of gate.interfaces, whatever address of this host is asked for");
        if (plan.V4.IsSameAs(plan.V6) && !_options.OnlyV4)
            CarryFor(plan, IpFamily.Both, plan.V4, pieces);
        else
        {
            CarryFor(plan, IpFamily.V4, plan.V4, pieces);
            if (!_options.OnlyV4)
                CarryFor(plan, IpFamily.V6, plan.V6, pieces);
        }
    }

    private void CarryFor(DoorEffects plan, IpFamily family, Effect effect, PortPieces pieces)
    {
        var door = plan.Door;
        var whose = family switch { IpFamily.V4 => " for IPv4", IpFamily.V6 => " for IPv6", _ => "" };
        var line = (family == IpFamily.V6 ? door.StartV6 ?? door.Start : door.Start)?.Line ?? door.Line;
        switch (effect)
        {
            case Effect.Nothing:
                Note(line, $"[{door.Name}] runs nothing{whose}: it is left out");
                return;
            case Effect.TooMuch:
                Note(line, $"[{door.Name}]: a command{whose} is longer than 4096 bytes, or holds what cannot be seen: it is left out; put the command into a script, and import again");
                return;
            case Effect.Opens opens:
                if (!AddKnock(door, family, [.. pieces.Cut(opens.Ports).Select(p => ServiceOf(p, opens.OpenFor, door, line))], []))
                    return;
                TellOpening(door, opens, whose, line);
                return;
            case Effect.Closes closes:
                if (AddKnock(door, family, [], [.. pieces.Cut(closes.Ports).Select(NameOf)]))
                    Note(line, $"[{door.Name}]{whose}: closes {List(closes.Ports)} (native)");
                return;
            case Effect.Runs runs:
                var name = Name(family == IpFamily.V6 ? door.Name + "-6" : door.Name);
                if (!AddKnock(door, family, [name], []))
                    return;
                Services.Add(new(name, $"[{door.Name}], line {Number(line)}") { Run = runs.Run, Undo = runs.Undo, OpenFor = runs.Undo.IsEmpty ? null : Open(runs.OpenFor, door), HasShell = runs.HasShell });
                Note(line, $"[{door.Name}]{whose}: runs {(runs.HasShell ? "by way of /bin/sh" : "without a shell")}, as root; another exit code than 0 counts as a failure here, and is undone at once");
                return;
        }
    }

    private void TellOpening(KnockdDoor door, Effect.Opens opens, string whose, int line)
    {
        var time = opens.OpenFor is { } known ? Text(Open(known, door)) : "30 days at most, or until another knock closes it: knockd set no end to it";
        Note(line, $"[{door.Name}]{whose}: opens {List(opens.Ports)} for {time} (native). The gate guards {List(opens.Ports)} itself, for IPv4 and IPv6: a rule of the host's own that drops it must go");
    }

    /// <summary>One service a port, whoever opens it; of several times the shortest.</summary>
    private string ServiceOf(PortRange ports, TimeSpan? time, KnockdDoor door, int line)
    {
        var openFor = time is { } known ? Open(known, door) : LongestOpen;
        var name = NameOf(ports);
        var index = Services.FindIndex(s => s.Ports == ports);
        if (index < 0)
        {
            Services.Add(new(name, $"[{door.Name}], line {Number(line)}") { Ports = ports, OpenFor = openFor });
            return name;
        }

        var before = Services[index];
        if (before.OpenFor != openFor)
        {
            var shortest = before.OpenFor < openFor ? before.OpenFor.Value : openFor;
            Note(line, $"[{door.Name}]: {ports} is opened for {Text(openFor)} here and for {Text(before.OpenFor!.Value)} elsewhere; a service has one time: {Text(shortest)}. What is connected by then stays connected");
            Services[index] = before with { OpenFor = shortest };
        }

        return name;
    }

    private bool AddKnock(KnockdDoor door, IpFamily family, ImmutableArray<string> opens, ImmutableArray<string> closes)
    {
        var within = TimeSpan.FromSeconds(Math.Max(0, door.SequenceSeconds));
        if (within > LongestWithin)
            Note(door.SequenceSecondsLine, $"[{door.Name}]: {Seconds(door.SequenceSeconds)} for a sequence are more than a gate gives: 10 minutes it is");
        if (door.Target is { } target && family != IpFamily.Both && target.Address.IsV4 != (family == IpFamily.V4))
            return false; // no such packet goes there
        var repeats = door.Steps.Count(s => door.Steps.Count(o => o == s) > 1);
        var mustBeStrict = repeats > SequenceDetector.MaxOverlappingSteps;
        if (mustBeStrict && !Strict)
            Note(door.StepsLine, $"[{door.Name}] repeats more than {Number(SequenceDetector.MaxOverlappingSteps)} steps: 'strict: true' is needed for that");
        if (door.OneTimeFile is not null && !door.Steps.IsEmpty)
            Note(door.StepsLine, $"[{door.Name}] has one-time sequences too: the sequence is left out");
        if (door.OneTimeFile is { } file)
            Note(file.Line, $"[{door.Name}]: used lines are remembered in gate.ledger, not in {ImportNotes.Quote(file.Text)}; only root may read that file (chmod 600)");
        Knocks.Add(new(KnockName(door, family), $"[{door.Name}], line {Number(door.Line)}")
        {
            Steps = door.OneTimeFile is null ? door.Steps : [],
            OneTimeFile = door.OneTimeFile is { Text: var path } ? System.IO.Path.GetFullPath(path, "/") : null,
            Within = within > LongestWithin ? LongestWithin : within < ShortestWithin ? ShortestWithin : within,
            Flags = door.Flags,
            Strict = Strict || mustBeStrict,
            Family = door.Target is null ? family : IpFamily.Both,
            To = door.Target?.Address,
            Opens = opens,
            Closes = closes,
        });
        return true;
    }

    private readonly HashSet<string> _knockNames = new(StringComparer.Ordinal);

    private string KnockName(KnockdDoor door, IpFamily family) =>
        ImportedName.Of(family == IpFamily.V6 && !_options.OnlyV4 ? door.Name + "-6" : door.Name, _knockNames);

    private string Name(string name) => ImportedName.Of(name, _names);

    private static string NameOf(PortRange ports) => ports.ToString().Replace('/', '-');

    private TimeSpan Open(TimeSpan time, KnockdDoor door)
    {
        if (time > LongestOpen || time < ShortestOpen)
            Note(door.CommandSecondsLine, $"[{door.Name}]: Cmd_Timeout is {Text(time)}; a service is open from 1 second to 30 days");
        return time > LongestOpen ? LongestOpen : time < ShortestOpen ? ShortestOpen : time;
    }

    private void Note(int line, string text) => Notes.Add(_options.Path, line, text);

    private static string List(ImmutableArray<PortRange> ports) => string.Join(", ", ports);

    private static string Text(TimeSpan time) => Configuration.Duration.Format(time);

    private static string Seconds(int seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds} s");

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
