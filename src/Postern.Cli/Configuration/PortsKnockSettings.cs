using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Knocks.Ports;
using Postern.Reports;
using Postern.Reports.Tokens;
using Postern.Sentry;
using Postern.Warden;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>A knock with <c>method: ports</c>: a token that is written in port numbers.</summary>
internal sealed record PortsKnockSettings(string Name, Place Place, string SecretFile) : TokenKnockSettings(Name, Place, SecretFile)
{
    private static readonly TimeSpan ShortestWithin = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan LongestWithin = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LeastAge = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MostAge = TimeSpan.FromHours(1);

    public static string[] Keys { get; } = ["span", "transport", "within", "max_age", "bind", "data"];

    public PortSpan Span { get; init; } = new(PortSpan.UsualFirst);

    public PortCarrier Carrier { get; init; } = PortCarrier.Both;

    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Only tokens that are bound to the address that they come from.</summary>
    public bool IsBound { get; init; }

    public TimeSpan Age { get; init; } = TimeSpan.FromSeconds(60);

    public override string Word => "ports";

    public override TokenMethod Method => TokenMethod.Ports;

    public override ImmutableArray<PortRange> Ports => [.. Transports.Select(t => new PortRange(t, Span.First, Span.Last))];

    /// <summary>It says a whole second.</summary>
    public override TimeSpan Period => TimeSpan.FromSeconds(1);

    public override TimeSpan MaxAge => Age;

    private IEnumerable<Transport> Transports => Carrier switch
    {
        PortCarrier.Tcp => [Transport.Tcp],
        PortCarrier.Udp => [Transport.Udp],
        _ => [Transport.Tcp, Transport.Udp],
    };

    public override bool CarriesData => Span.HasData;

    public override TokenWatch ForSentry() => new PortsWatch(Secret!, Span, Carrier != PortCarrier.Udp, Carrier != PortCarrier.Tcp, Within);

    public override TokenKnock ForWarden() => base.ForWarden() with { RequireAddress = IsBound };

    public static TokenKnockSettings Read(string name, Place place, string secretFile, Fields fields, Values values)
    {
        var usual = new PortsKnockSettings(name, place, secretFile);
        return usual with
        {
            Span = ReadSpan(fields["span"], values, HasData(fields, values)) ?? usual.Span with { HasData = HasData(fields, new(new())) },
            Carrier = values.Choice("transport", fields["transport"], PortCarriers.Choices) ?? usual.Carrier,
            Within = values.Time("within", fields["within"], ShortestWithin, LongestWithin) ?? usual.Within,
            Age = values.Time("max_age", fields["max_age"], LeastAge, MostAge) ?? usual.Age,
            IsBound = values.Choice("bind", fields["bind"], [("address", true), ("nothing", false)]) ?? usual.IsBound,
        };
    }

    private static bool HasData(Fields fields, Values values) => values.Choice("data", fields["data"], [("true", true), ("false", false)]) ?? false;

    /// <summary>A run of exactly so many ports, or the first of it.</summary>
    /// <param name="node">Of the key.</param>
    /// <param name="values">Where faults go.</param>
    /// <param name="hasData">It has room for what rides along.</param>
    public static PortSpan? ReadSpan(Node? node, Values values, bool hasData)
    {
        if (values.Text("span", node) is not { } text)
            return null;
        var any = new PortSpan(PortSpan.UsualFirst) { HasData = hasData };
        var dash = text.Text.IndexOf('-', StringComparison.Ordinal);
        if (Digits.TryParse(text.Text.AsSpan(0, dash < 0 ? text.Text.Length : dash), out int first) && first > 0 && first <= any.MaxFirst)
        {
            var span = any with { First = (ushort)first };
            if (dash < 0 || string.Equals(text.Text, span.ToString(), StringComparison.Ordinal))
                return span;
            values.Faults.Add(text.Place, $"'span' cannot be {Quote(text.Text)}", string.Create(CultureInfo.InvariantCulture, $"it has {any.Count} ports: write {span}"));
            return null;
        }

        values.Faults.Add(text.Place, $"'span' cannot be {Quote(text.Text)}", string.Create(CultureInfo.InvariantCulture, $"write its first port, at most {any.MaxFirst}; it has {any.Count}: {any}"));
        return null;
    }

    /// <summary>A packet to a service's port is its client's, and would put a wrong symbol among his.</summary>
    public override void Check(ServicesSection services, FaultList faults)
    {
        if (Span.HasData && !services.Services.Any(s => s.Service.Action is { TakesData: true } && Opens.Contains(s.Service.Name, StringComparer.Ordinal)))
            faults.Add(Place, $"'{Name}' carries data, and nothing that it opens takes any", "write {data} into the service's run, or remove data");
        foreach (var run in Ports)
        {
            if (services.OwnerOf(run) is { } owner)
                faults.Add(Place, $"the span of '{Name}' has ports of the service '{owner}' in it", string.Create(CultureInfo.InvariantCulture, $"let it begin elsewhere: it takes {Span.Count} ports"));
        }
    }

    protected override void WriteOwn(StringBuilder text) => text
        .Append(CultureInfo.InvariantCulture, $"    span: {Span}\n")
        .Append(CultureInfo.InvariantCulture, $"    transport: {Carrier.Word()}\n")
        .Append(CultureInfo.InvariantCulture, $"    within: {Duration.Format(Within)}\n")
        .Append(CultureInfo.InvariantCulture, $"    max_age: {Duration.Format(Age)}\n")
        .Append(CultureInfo.InvariantCulture, $"    data: {(Span.HasData ? "true" : "false")}\n")
        .Append(CultureInfo.InvariantCulture, $"    bind: {(IsBound ? "address" : "nothing")}\n");
}

/// <summary>What a symbol may come in.</summary>
internal enum PortCarrier
{
    Tcp,
    Udp,
    Both,
}

internal static class PortCarriers
{
    public static (string Word, PortCarrier Value)[] Choices { get; } = [("tcp", PortCarrier.Tcp), ("udp", PortCarrier.Udp), ("both", PortCarrier.Both)];

    public static string Word(this PortCarrier carrier) => Array.Find(Choices, c => c.Value == carrier).Word;
}
