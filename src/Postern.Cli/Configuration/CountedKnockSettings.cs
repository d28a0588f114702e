using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Tokens;
using Postern.Sentry;
using Postern.Warden;
using static Postern.Cli.Configuration.Quoting;

namespace Postern.Cli.Configuration;

/// <summary>A knock whose tokens follow from a secret, the time step and a count.</summary>
internal abstract record CountedKnockSettings(string Name, Place Place, string SecretFile) : TokenKnockSettings(Name, Place, SecretFile)
{
    private static readonly TimeSpan ShortestStep = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LongestStep = TimeSpan.FromHours(1);

    private static readonly TimeSpan UsualStep = TimeSpan.FromSeconds(30);

    public TimeSpan Step { get; init; } = UsualStep;

    /// <summary>A token is good for the address only that it was made for.</summary>
    public bool IsBound { get; init; }

    protected int Seconds => (int)Step.TotalSeconds;

    /// <summary>The time step before the present one and the one after are good too.</summary>
    public override TimeSpan Period => Step;

    public override TimeSpan MaxAge => Step;

    public override TokenKnock ForWarden() => base.ForWarden() with { RequireAddress = IsBound };

    protected static TSettings ReadCommon<TSettings>(TSettings usual, Fields fields, Values values)
        where TSettings : CountedKnockSettings
    {
        var (step, isBound) = ReadManner(fields, values);
        return (TSettings)(usual with { Step = step, IsBound = isBound });
    }

    /// <summary>What the client's profile says in the same words.</summary>
    public static (TimeSpan Step, bool IsBound) ReadManner(Fields fields, Values values)
    {
        var step = values.Time("step", fields["step"], ShortestStep, LongestStep) ?? UsualStep;
        if (step.Ticks % TimeSpan.TicksPerSecond != 0)
            values.Faults.Add(fields["step"]!.Place, "'step' is not of whole seconds", "write 30s");
        return (step, values.Choice("bind", fields["bind"], [("address", true), ("nothing", false)]) ?? false);
    }

    protected override void WriteOwn(StringBuilder text) => text
        .Append(CultureInfo.InvariantCulture, $"    step: {Duration.Format(Step)}\n")
        .Append(CultureInfo.InvariantCulture, $"    bind: {(IsBound ? "address" : "nothing")}\n");
}

/// <summary>A knock with <c>method: icmp</c>: a token in the data of echo requests, as <c>ping -p</c> sends it.</summary>
internal sealed record IcmpKnockSettings(string Name, Place Place, string SecretFile) : CountedKnockSettings(Name, Place, SecretFile)
{
    public static string[] Keys { get; } = ["step", "bind"];

    public override string Word => "icmp";

    public override TokenMethod Method => TokenMethod.Icmp;

    public static TokenKnockSettings Read(string name, Place place, string secretFile, Fields fields, Values values) =>
        ReadCommon(new IcmpKnockSettings(name, place, secretFile), fields, values);

    public override TokenWatch ForSentry() => new IcmpWatch(Secret!) { Step = Seconds, IsBound = IsBound };
}

/// <summary>A knock with <c>method: syn</c>: a token in the headers of a connection's first segment.</summary>
internal sealed record SynKnockSettings(string Name, Place Place, string SecretFile) : CountedKnockSettings(Name, Place, SecretFile)
{
    private const int MaxPorts = 64;

    public static string[] Keys { get; } = ["ports", "grant", "step", "bind"];

    /// <summary>Where its segments go.</summary>
    public ImmutableArray<PortRange> To { get; init; } = [];

    /// <summary>The connection is let in whose segment has the token, and nothing else of that address.</summary>
    public bool IsOfConnection { get; init; }

    public override string Word => "syn";

    public override TokenMethod Method => TokenMethod.Syn;

    public override ImmutableArray<PortRange> Ports => To;

    public static TokenKnockSettings Read(string name, Place place, string secretFile, Fields fields, Values values) =>
        ReadCommon(new SynKnockSettings(name, place, secretFile), fields, values) with
        {
            To = ReadPorts(name, place, fields["ports"], values),
            IsOfConnection = values.Choice("grant", fields["grant"], [("address", false), ("connection", true)]) ?? false,
        };

    public override TokenWatch ForSentry() => new SynWatch(Secret!, [.. To.Select(p => new FilterPorts(p.First, p.Last))]) { Step = Seconds, IsBound = IsBound, IsOfConnection = IsOfConnection };

    public override TokenKnock ForWarden() => base.ForWarden() with { OneFlow = IsOfConnection };

    /// <summary>A connection that carries its token is let in when its kernel sends the segment again, which it does not once it was told that the port is closed.</summary>
    public override void Check(ServicesSection services, FaultList faults)
    {
        if (!IsOfConnection)
            return;
        foreach (var service in services.Services.Select(s => s.Service).Where(s => Opens.Contains(s.Name, StringComparer.Ordinal)))
        {
            if (!service.Ports.Any(p => p.Transport == Transport.Tcp && To.Any(p.Overlaps)))
                faults.Add(Place, $"no connection to the service '{service.Name}' goes to the ports of the knock '{Name}'", "name its TCP ports in 'ports', or write grant: address");
            else if (service.Appear != Firewall.Appearance.Silent)
                faults.Add(Place, $"the service '{service.Name}' answers a connection before the knock '{Name}' has let it in", "write appear: silent for the service, or grant: address");
        }

        if (!Closes.IsEmpty)
            faults.Add(Place, $"the knock '{Name}' lets a connection in, and cannot close '{Closes[0]}' as well", "write a knock of its own with grant: address");
    }

    protected override void WriteOwn(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"    ports: [{string.Join(", ", To)}]\n    grant: {(IsOfConnection ? "connection" : "address")}\n");
        base.WriteOwn(text);
    }

    private static ImmutableArray<PortRange> ReadPorts(string name, Place place, Node? node, Values values)
    {
        var ports = ImmutableArray.CreateBuilder<PortRange>();
        if (node is null or ListNode { Items: [] })
            values.Faults.Add(node?.Place ?? place, $"the knock '{name}' does not say where its segments go", "write the TCP ports of what it opens, or others: ports: [tcp/22]");
        foreach (var item in values.List("ports", node) ?? [])
        {
            if (!PortRange.TryParse(item.Text, out var range) || range.Transport != Transport.Tcp)
                values.Faults.Add(item.Place, $"{Quote(item.Text)} is not a port of TCP", "write tcp, a slash, and a port or a run of them: tcp/22");
            else if (ports.Any(p => p.Overlaps(range)))
                values.Faults.Add(item.Place, $"'ports' has {range} already, or some of it", "write each port once");
            else if (ports.Sum(p => p.Count) + range.Count > MaxPorts)
                values.Faults.Add(item.Place, string.Create(CultureInfo.InvariantCulture, $"'ports' has more than {MaxPorts} ports"), "a few are enough");
            else
                ports.Add(range);
        }

        return ports.ToImmutable();
    }
}
