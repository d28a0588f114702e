using System.Globalization;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Reports;

namespace Postern.Cli.Configuration;

/// <summary>What a sequence must keep to so that the gate can tell without doubt who completed which, and what it had better keep to.</summary>
internal static class SequenceRules
{
    private const int MaxSteps = 32;

    private const int MaxOverlapping = 8;

    private const int FewSteps = 3;

    public static void Check(Knock knock, FaultList faults)
    {
        CheckLength(knock, faults);
        if (knock.Sequence.Steps.Length is 0 or > MaxSteps)
            return;
        if (!knock.Sequence.Alone)
            CheckOverlap(knock, faults);
        WarnIfAscending(knock, faults);
    }

    /// <summary>Told by the packet that completes the knock, which must therefore be the first of a connection, whichever it is.</summary>
    public static void CheckStack(Knock knock, FaultList faults)
    {
        if (knock.StackPlace is not { } place)
            return;
        var flags = knock.Sequence.TcpFlags;
        if (!flags.Set.HasFlag(TcpFlags.Syn) || !flags.Clear.HasFlag(TcpFlags.Ack))
            faults.Add(place, "'stack' is told by the first segment of a connection, and 'tcp_flags' lets others count", "write tcp_flags: syn,!ack, or remove 'stack'");
        foreach (var step in StepsWithoutStack(knock.Sequence).Take(1))
            faults.Add(place, $"'stack' is told by the packet that completes the knock, and {step} may be that one", "make all steps tcp; with order: strict, the last one");
    }

    /// <summary>Those that may complete it and are no segments.</summary>
    public static IEnumerable<KnockStep> StepsWithoutStack(KnockSequence sequence) =>
        (sequence.Order == StepOrder.Any ? sequence.Steps : sequence.Steps.TakeLast(1)).Where(s => s.Kind != StepKind.Tcp);

    private static void CheckLength(Knock knock, FaultList faults)
    {
        var steps = knock.Sequence.Steps.Length;
        if (steps > MaxSteps)
            faults.Add(knock.StepPlaces[MaxSteps], string.Create(CultureInfo.InvariantCulture, $"the knock '{knock.Door.Name}' has more than {MaxSteps} steps"), "remove some; five are as hard to guess");
        else if (steps is > 0 and < FewSteps)
            faults.Warn(knock.StepPlaces[0], $"the knock '{knock.Door.Name}' has only {PortText.Count(steps, "step")}, which any port scan finds", "write three or more");
    }

    /// <summary>In any order, a packet that fits two steps must be free to go to either: they must be equal.</summary>
    private static void CheckOverlap(Knock knock, FaultList faults)
    {
        var steps = knock.Sequence.Steps;
        var overlapping = 0;
        for (var i = 0; i < steps.Length; i++)
        {
            var overlaps = false;
            for (var j = 0; j < steps.Length; j++)
            {
                if (j == i || !steps[i].Overlaps(steps[j]))
                    continue;
                overlaps = true;
                if (j < i && knock.Sequence.Order == StepOrder.Any && steps[i] != steps[j])
                    faults.Add(knock.StepPlaces[i], $"the steps {steps[j]} and {steps[i]} overlap in part, and in any order a packet may fit both", "make them equal or apart, or write order: strict");
            }

            if (overlaps && ++overlapping == MaxOverlapping + 1)
                faults.Add(knock.StepPlaces[i], string.Create(CultureInfo.InvariantCulture, $"more than {MaxOverlapping} steps of the knock '{knock.Door.Name}' overlap others"), "use more different ports");
        }
    }

    private static void WarnIfAscending(Knock knock, FaultList faults)
    {
        var steps = knock.Sequence.Order == StepOrder.Any
            ? knock.Sequence.Steps.Sort((a, b) => (a.Kind, a.First).CompareTo((b.Kind, b.First)))
            : knock.Sequence.Steps;
        if (steps.Length < FewSteps || steps[0].Kind == StepKind.Echo)
            return;
        for (var i = 1; i < steps.Length; i++)
        {
            if (steps[i].Kind != steps[0].Kind || steps[i].First != steps[i - 1].Last + 1)
                return;
        }

        faults.Warn(knock.StepPlaces[0], $"the ports of the knock '{knock.Door.Name}' follow each other, so that a port scan walks through them", "choose them by chance");
    }

    /// <summary>What each strict knock must be asked at every packet is asked once for all that look at the same ones.</summary>
    public static void CheckManners(IEnumerable<Knock> knocks, FaultList faults)
    {
        var manners = new HashSet<(TcpFlagCondition, string)>();
        foreach (var knock in knocks.Where(k => k.Sequence.Alone))
        {
            if (manners.Add((knock.Sequence.TcpFlags, string.Join(' ', knock.Sequence.To.Select(a => a.Value).Order()))) && manners.Count == SequenceDetector.MaxManners + 1)
                faults.Add(knock.Place, string.Create(CultureInfo.InvariantCulture, $"the knocks with 'strict: true' have more than {SequenceDetector.MaxManners} different pairs of 'tcp_flags' and 'to'"), "let some have the same, or take 'strict' from them");
        }
    }

    /// <summary>Two knocks that the same packets complete.</summary>
    public static void CheckTwins(IEnumerable<Knock> knocks, FaultList faults)
    {
        foreach (var alike in knocks.Where(k => !k.Sequence.Steps.IsEmpty).GroupBy(k => Steps(k.Sequence), StringComparer.Ordinal))
        {
            var earlier = new List<Knock>();
            foreach (var knock in alike)
            {
                if (earlier.Find(e => AreTwins(e.Sequence, knock.Sequence)) is { } twin)
                    Tell(twin, knock, faults);
                earlier.Add(knock);
            }
        }
    }

    /// <summary>The same for all that the same packets might complete.</summary>
    public static string Steps(KnockSequence sequence) => string.Join(' ', sequence.Steps.Select(s => s.ToString()).Order(StringComparer.Ordinal));

    public static bool AreTwins(KnockSequence a, KnockSequence b)
    {
        var inOrder = a.Order == StepOrder.Any || b.Order == StepOrder.Any || a.Steps.SequenceEqual(b.Steps);
        var sameFlags = (a.TcpFlags.Set & b.TcpFlags.Clear) == TcpFlags.None && (b.TcpFlags.Set & a.TcpFlags.Clear) == TcpFlags.None;
        var sameFamily = a.Family == b.Family || a.Family == IpFamily.Both || b.Family == IpFamily.Both;
        var sameAddress = a.To.IsEmpty || b.To.IsEmpty || a.To.Intersect(b.To).Any();
        return inOrder && sameFamily && sameAddress && (sameFlags || a.Steps.All(s => s.Kind != StepKind.Tcp));
    }

    private static void Tell(Knock first, Knock second, FaultList faults)
    {
        var what = $"the knock '{second.Door.Name}' has the steps of '{first.Door.Name}' at {first.Place}";
        var undone = first.Door.Opens.Intersect(second.Door.Closes, StringComparer.Ordinal)
            .Concat(second.Door.Opens.Intersect(first.Door.Closes, StringComparer.Ordinal)).FirstOrDefault();
        if (undone is null)
            faults.Warn(second.Place, $"{what}, so that one knock does both", "make one knock of the two, or give it steps of its own");
        else
            faults.Add(second.Place, $"{what}, and one opens '{undone}' while the other closes it", "give it steps of its own");
    }

    /// <summary>Ports of a protected service as steps work, since knocks are seen before the firewall; but everybody who tries the service takes them.</summary>
    public static void WarnOfProtected(Knock knock, ServicesSection services, FaultList faults)
    {
        foreach (var (step, place) in knock.Sequence.Steps.Zip(knock.StepPlaces))
        {
            if (step.Kind == StepKind.Echo)
                continue;
            var ports = new PortRange(step.Kind == StepKind.Tcp ? Transport.Tcp : Transport.Udp, step.First, step.Last);
            if (services.OwnerOf(ports) is { } owner)
                faults.Warn(place, $"everyone who tries the service '{owner}' takes the step {step}", "choose a port where nothing is");
        }
    }
}
