using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Postern.Reports;
using Postern.Reports.Tokens;
using Postern.Sentry;
using Postern.Warden;

namespace Postern.Cli.Configuration;

/// <summary>A knock with <c>method: knockknock</c>: what the client of that program sends. Its keys, its port and where its counter begins stand in a profile of that program's.</summary>
/// <param name="Name">Of the knock.</param>
/// <param name="Place">Where it stands.</param>
/// <param name="Profile">The folder.</param>
internal sealed record KnockknockSettings(string Name, Place Place, string Profile) : TokenKnockSettings(Name, Place, Path.Combine(Profile, KnockknockProfile.CipherKey))
{
    /// <summary>As many as a recording may have between the counter of the file and its last packet.</summary>
    private const int WidestWindow = 4096;

    private const int MaxWindow = 1000;

    /// <summary>What knockknock's daemon has without a word.</summary>
    private const int UsualWindow = 20;

    private const int MaxPorts = 64;

    /// <summary>Packets that a sentry expects, of all profiles together: some 25 MB.</summary>
    private const int MaxExpected = 262_144;

    public static string[] Keys { get; } = ["window"];

    public int Window { get; init; } = UsualWindow;

    public uint Counter { get; init; }

    /// <summary>Null: the profile has faults.</summary>
    public ushort? KnockPort { get; init; }

    /// <summary>The TCP ports of what it opens.</summary>
    private ImmutableArray<ushort> Asked { get; init; } = [];

    public override string Word => "knockknock";

    public override TokenMethod Method => TokenMethod.Knockknock;

    public override ImmutableArray<PortRange> Ports => KnockPort is { } port ? [new(Transport.Tcp, port)] : [];

    /// <summary>Its packets say no time.</summary>
    public override TimeSpan Period => TimeSpan.Zero;

    public override TimeSpan MaxAge => TimeSpan.Zero;

    public static TokenKnockSettings Read(string name, Place place, string profile, Fields fields, Values values) =>
        new KnockknockSettings(name, place, profile) { Window = values.Number("window", fields["window"], 1, MaxWindow) ?? UsualWindow };

    public override TokenKnockSettings ReadSecret(ServicesSection services, FaultList faults) =>
        KnockknockProfile.Read(Profile, faults) is { } profile
            ? this with { Secret = profile.Secret, KnockPort = profile.KnockPort, Counter = profile.Counter, Asked = [.. PortsOf(services)] }
            : this;

    public override TokenWatch ForSentry() => new KnockknockWatch(Secret!, KnockPort!.Value, Asked) { Window = Window, Next = () => Counter };

    public override TokenKnock ForWarden() => base.ForWarden() with { FirstCounter = Counter, Window = Window };

    /// <summary>
    /// As a recording is looked at: how far a counter had come then only the gate's ledger could say. No window becomes narrower, and all together expect at most twice what a configuration may.
    /// </summary>
    public static ImmutableArray<TokenKnockSettings> Widened(ImmutableArray<TokenKnockSettings> knocks)
    {
        var ports = knocks.OfType<KnockknockSettings>().Sum(k => k.Asked.Length);
        var window = Math.Min(WidestWindow, MaxExpected / Math.Max(1, ports));
        return [.. knocks.Select(knock => knock is KnockknockSettings counted ? counted with { Window = Math.Max(counted.Window, window) } : knock)];
    }

    /// <summary>Its packets ask for one port of TCP each.</summary>
    public override void Check(ServicesSection services, FaultList faults)
    {
        foreach (var service in services.Services.Select(s => s.Service).Where(s => Opens.Contains(s.Name, StringComparer.Ordinal) && !s.Ports.Any(p => p.Transport == Transport.Tcp)))
            faults.Add(Place, $"no packet of knockknock can ask for the service '{service.Name}', which has no port of TCP", "let a knock of another method open it");
        if (PortsOf(services).Skip(MaxPorts).Any())
            faults.Add(Place, string.Create(CultureInfo.InvariantCulture, $"the knock '{Name}' opens more than {MaxPorts} ports of TCP, one of which its packets ask for"), "let it open fewer services");
    }

    /// <summary>What all of them together make a sentry remember.</summary>
    public static void CheckAll(IEnumerable<TokenKnockSettings> knocks, ServicesSection services, FaultList faults)
    {
        var expected = 0L;
        foreach (var knock in knocks.OfType<KnockknockSettings>())
        {
            expected += (long)knock.Window * knock.PortsOf(services).Take(MaxPorts).Count();
            if (expected <= MaxExpected)
                continue;
            faults.Add(knock.Place, string.Create(CultureInfo.InvariantCulture, $"the windows of all knocks of method knockknock, times the ports that each opens, come to more than {MaxExpected}"), "write a smaller 'window', or let them open fewer ports");
            return;
        }
    }

    protected override void WriteSource(StringBuilder text) => text.Append(CultureInfo.InvariantCulture, $"    profile: '{Profile.Replace("'", "''", StringComparison.Ordinal)}'\n");

    protected override void WriteOwn(StringBuilder text) => text.Append(CultureInfo.InvariantCulture, $"    window: {Window}\n");

    private IEnumerable<ushort> PortsOf(ServicesSection services) => services.Services
        .Where(s => Opens.Contains(s.Service.Name, StringComparer.Ordinal))
        .SelectMany(s => s.Service.Ports.Where(p => p.Transport == Transport.Tcp))
        .SelectMany(p => Enumerable.Range(p.First, p.Count))
        .Select(port => (ushort)port)
        .Distinct();
}
