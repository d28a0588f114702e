using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Postern.Reports;

namespace Postern.Cli.Imports.Knockd;

/// <summary>What a door does for clients of each family.</summary>
internal sealed partial class DoorEffects
{
    private readonly Func<string, bool> _isProgram;
    private bool _isSettled;

    public DoorEffects(KnockdDoor door, bool onlyV4, Func<string, bool> isProgram)
    {
        (Door, _isProgram) = (door, isProgram);
        var time = door.CommandSeconds < 0 ? TimeSpan.FromDays(365) : TimeSpan.FromSeconds(door.CommandSeconds); // sleep(3) takes it for a very long time
        V4 = Effect.Of(door.Start?.Text, door.Stop?.Text, time, isProgram);
        V6 = onlyV4 ? V4 : Effect.Of((door.StartV6 ?? door.Start)?.Text, (door.StopV6 ?? door.Stop)?.Text, time, isProgram);
        Time = time;
    }

    public KnockdDoor Door { get; }

    public TimeSpan Time { get; }

    public Effect V4 { get; private set; }

    public Effect V6 { get; private set; }

    public IEnumerable<PortRange> Ports => PortsOf(V4).Concat(PortsOf(V6));

    /// <summary>Words of native rules that a service does not have.</summary>
    public IEnumerable<string> Left => new[] { (V4, Door.Start), (V6, Door.StartV6 ?? Door.Start) }
        .Where(e => e.Item1 is Effect.Opens).SelectMany(e => FirewallCommand.Read(e.Item2!.Value.Text)?.Left ?? []).Distinct(StringComparer.Ordinal);

    /// <summary>
    /// Makes an action of what only looked like a service: a door that takes back a rule which no door of ours makes, and one that makes a rule which only an action would take back.
    /// </summary>
    /// <returns>Something changed.</returns>
    public bool Settle(IReadOnlyCollection<DoorEffects> all)
    {
        if (_isSettled || (IsKept(V4, all) && IsKept(V6, all)))
            return false;
        _isSettled = true;
        (V4, V6) = (AsAction(V4, Door.Start, Door.Stop), AsAction(V6, Door.StartV6 ?? Door.Start, Door.StopV6 ?? Door.Stop));
        return true;
    }

    private static bool IsKept(Effect effect, IReadOnlyCollection<DoorEffects> all) => effect switch
    {
        Effect.Closes closes => closes.Ports.All(p => all.Any(d => Opened(d).Contains(p))),
        Effect.Opens { OpenFor: null } opens => !all.Any(d => d.TakesBackByAction(opens.Ports)),
        _ => true,
    };

    private static IEnumerable<PortRange> Opened(DoorEffects door) =>
        new[] { door.V4, door.V6 }.OfType<Effect.Opens>().SelectMany(o => o.Ports);

    private bool TakesBackByAction(ImmutableArray<PortRange> ports) =>
        (V4 is Effect.Runs && Deletes(Door.Start?.Text, ports)) || (V6 is Effect.Runs && Deletes((Door.StartV6 ?? Door.Start)?.Text, ports));

    private static bool Deletes(string? line, ImmutableArray<PortRange> ports) =>
        line is not null && Deletion.IsMatch(line) && ports.Any(p => line.Contains(p.First.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));

    private Effect AsAction(Effect effect, KnockdText? start, KnockdText? stop) =>
        effect is Effect.Opens or Effect.Closes ? Effect.Action(start!.Value.Text, stop?.Text, Time, _isProgram) : effect;

    private static ImmutableArray<PortRange> PortsOf(Effect effect) => effect switch
    {
        Effect.Opens opens => opens.Ports,
        Effect.Closes closes => closes.Ports,
        _ => [],
    };

    [GeneratedRegex(@"(^|\s)(-D|-x|--delete|delete|remove|--remove\S*)(\s|$)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Deletion { get; }
}
