using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Knocks.Rolling;
using Postern.Knocks.Sequences;
using Postern.Reports;
using Postern.Reports.Tokens;
using Postern.Sentry;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>A knock with <c>method: rolling</c>: a sequence that follows from a secret and the time.</summary>
internal sealed record RollingKnockSettings(string Name, Place Place, string SecretFile) : TokenKnockSettings(Name, Place, SecretFile)
{
    private const int LeastPorts = 256;

    private const double LikelyEnough = 1e-6;

    private static readonly TimeSpan ShortestStep = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LongestStep = TimeSpan.FromHours(1);

    private static readonly TimeSpan ShortestWithin = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan LongestWithin = TimeSpan.FromMinutes(1);

    public static string[] Keys { get; } = ["pool", "length", "step", "within", "bind"];

    public RollingPlan Plan { get; init; } = new(RollingPlan.UsualPool);

    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(10);

    public override string Word => "rolling";

    public override TokenMethod Method => TokenMethod.Rolling;

    public override ImmutableArray<PortRange> Ports => [.. Plan.Pool.Select(RangeOf)];

    /// <summary>The time step before the present one and the one after are good too.</summary>
    public override TimeSpan Period => Plan.Step;

    public override TimeSpan MaxAge => Plan.Step;

    public override TokenWatch ForSentry() => new RollingWatch(Secret!, Plan, Within);

    public static TokenKnockSettings Read(string name, Place place, string secretFile, Fields fields, Values values)
    {
        var usual = new RollingKnockSettings(name, place, secretFile);
        return usual with
        {
            Plan = ReadPlan(fields, values),
            Within = values.Time("within", fields["within"], ShortestWithin, LongestWithin) ?? usual.Within,
        };
    }

    /// <summary>What the client's profile says in the same words.</summary>
    public static RollingPlan ReadPlan(Fields fields, Values values)
    {
        var (shortest, longest) = ReadLength(fields["length"], values) ?? (RollingPlan.UsualShortest, RollingPlan.UsualLongest);
        var step = values.Time("step", fields["step"], ShortestStep, LongestStep) ?? RollingPlan.UsualStep;
        if (step.Ticks % TimeSpan.TicksPerSecond != 0)
            values.Faults.Add(fields["step"]!.Place, "'step' is not of whole seconds", "write 30s");
        return new(ReadPool(fields["pool"], values) ?? RollingPlan.UsualPool)
        {
            Shortest = shortest,
            Longest = longest,
            Step = step,
            IsBound = values.Choice("bind", fields["bind"], [("address", true), ("nothing", false)]) ?? false,
        };
    }

    public static void WritePlan(StringBuilder text, string indent, RollingPlan plan) => text
        .Append(CultureInfo.InvariantCulture, $"{indent}pool: [{string.Join(", ", plan.Pool)}]\n")
        .Append(CultureInfo.InvariantCulture, $"{indent}length: {plan.Shortest}-{plan.Longest}\n")
        .Append(CultureInfo.InvariantCulture, $"{indent}step: {Duration.Format(plan.Step)}\n")
        .Append(CultureInfo.InvariantCulture, $"{indent}bind: {(plan.IsBound ? "address" : "nothing")}\n");

    /// <summary>Whoever tries the service would be counted as one who guesses; and of the sequence he would know a step.</summary>
    public override void Check(ServicesSection services, FaultList faults)
    {
        foreach (var run in Ports)
        {
            if (services.OwnerOf(run) is { } owner)
                faults.Add(Place, $"the pool of '{Name}' has {run}, where the service '{owner}' is", "leave its ports out of the pool");
        }

        var guess = RollingDetector.LiveSteps * Math.Pow((RollingDetector.MissesAtOnce + (RollingDetector.MissesPerSecond * Within.TotalSeconds)) / Plan.PoolSize, Plan.Shortest);
        if (guess > LikelyEnough)
            faults.Warn(Place, string.Create(CultureInfo.InvariantCulture, $"one who tries ports in the pool of '{Name}' completes a sequence once in {1 / guess:0} times"), "write a larger pool, or a greater length");
    }

    protected override void WriteOwn(StringBuilder text)
    {
        WritePlan(text, "    ", Plan);
        text.Append(CultureInfo.InvariantCulture, $"    within: {Duration.Format(Within)}\n");
    }

    private static PortRange RangeOf(KnockStep run) => new(run.Kind == StepKind.Tcp ? Transport.Tcp : Transport.Udp, run.First, run.Last);

    private static (int Shortest, int Longest)? ReadLength(Node? node, Values values)
    {
        if (values.Text("length", node) is not { } text)
            return null;
        var dash = text.Text.IndexOf('-', StringComparison.Ordinal);
        if (Digits.TryParse(text.Text.AsSpan(0, dash < 0 ? text.Text.Length : dash), out int shortest) & Digits.TryParse(text.Text.AsSpan(dash + 1), out int longest)
            && shortest >= 2 && shortest <= longest && longest <= RollingPlan.MaxLength)
            return (shortest, longest);
        values.Faults.Add(text.Place, $"'length' cannot be {Quote(text.Text)}", string.Create(CultureInfo.InvariantCulture, $"write the fewest and the most steps, 2 to {RollingPlan.MaxLength}: 3-5"));
        return null;
    }

    private static ImmutableArray<KnockStep>? ReadPool(Node? node, Values values)
    {
        if (node is null)
            return null;
        var before = values.Faults.Count;
        var runs = ImmutableArray.CreateBuilder<KnockStep>();
        foreach (var item in values.List("pool", node) ?? [])
        {
            if (!KnockStep.TryParse(item.Text, out var run) || run.Kind == StepKind.Echo)
                values.Faults.Add(item.Place, $"{Quote(item.Text)} is not a run of ports", PortText.Mend(item.Text));
            else if (runs.Any(run.Overlaps))
                values.Faults.Add(item.Place, $"{run} is in the pool already, or some of it", "write each port once");
            else
                runs.Add(run);
        }

        if (values.Faults.Count == before && runs.Sum(r => r.Width) < LeastPorts)
            values.Faults.Add(node.Place, string.Create(CultureInfo.InvariantCulture, $"the pool has fewer than {LeastPorts} ports"), "write longer runs: [tcp/20000-29999, udp/20000-29999]");
        return values.Faults.Count > before ? null : runs.ToImmutable();
    }
}
