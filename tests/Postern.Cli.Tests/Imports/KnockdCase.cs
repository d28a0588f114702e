using System.Collections.Immutable;
using System.Text.Json;
using Postern.Cli.Tests.Configuration;

namespace Postern.Cli.Tests.Imports;

/// <summary>One case of tests/knockd/cases.json: a knockd.conf, packets, and what the real knockd ran.</summary>
internal sealed class KnockdCase
{
    private readonly JsonElement _case;

    private KnockdCase(JsonElement one) => _case = one;

    public static ImmutableArray<KnockdCase> All { get; } = Load();

    public string Id => Text("id");

    public string Configuration => Text("config");

    /// <summary>knockd starts with it.</summary>
    public bool Starts => Expected.GetProperty("starts").GetBoolean();

    /// <summary>What its commands wrote, with placeholders; in no order.</summary>
    public string[] Lines => [.. Expected.GetProperty("lines").EnumerateArray().Select(l => l.GetString()!)];

    public bool OnlyV4 => _case.TryGetProperty("args", out var args) && args.EnumerateArray().Any(a => a.GetString() is "-4");

    /// <summary>As <c>-i</c>; null: the interface that there is, or that the file names.</summary>
    public string? Interface => _case.TryGetProperty("iface", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;

    public IEnumerable<(string Name, string Text)> Files =>
        _case.TryGetProperty("files", out var files) ? files.EnumerateObject().Select(f => (f.Name, f.Value.GetString()!)) : [];

    public IEnumerable<KnockdStep> Steps => _case.GetProperty("steps").EnumerateArray().SelectMany(KnockdStep.Of);

    /// <summary>Milliseconds after the last step at which the lines are looked at.</summary>
    public long Settle => _case.TryGetProperty("settle", out var seconds) ? (long)(seconds.GetDouble() * 1000) : 400;

    public static KnockdCase Find(string id) => All.First(c => c.Id == id);

    private JsonElement Expected => _case.GetProperty("expect");

    private string Text(string name) => _case.GetProperty(name).GetString()!;

    private static ImmutableArray<KnockdCase> Load()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Repository.File("tests/knockd/cases.json")));
        return [.. file.RootElement.GetProperty("cases").EnumerateArray().Select(c => new KnockdCase(c.Clone()))];
    }
}

/// <summary>One packet, or a change of the configuration.</summary>
/// <param name="At">Milliseconds from the first.</param>
internal sealed record KnockdStep(long At)
{
    /// <summary>As the file has it: <c>@CLI@</c>.</summary>
    public string Source { get; init; } = "";

    public string Destination { get; init; } = "";

    public string Protocol { get; init; } = "tcp";

    public int Port { get; init; }

    /// <summary>Letters, as nmap writes them.</summary>
    public string Flags { get; init; } = "S";

    /// <summary>SIGHUP.</summary>
    public bool Reloads { get; init; }

    /// <summary>Before it: a text of the configuration and what takes its place.</summary>
    public (string Old, string New)? Change { get; init; }

    public bool Ends { get; init; }

    public static IEnumerable<KnockdStep> Of(JsonElement step)
    {
        var at = step.TryGetProperty("at", out var time) ? time.GetInt64() : 0;
        if (step.TryGetProperty("pkt", out var packet))
            return [OfPacket(at, packet)];
        if (step.TryGetProperty("knock", out var knock))
            return OfClient(at, [.. knock.EnumerateArray().Select(a => a.GetString()!)]);
        return step.TryGetProperty("sh", out var shell) ? OfShell(at, shell.GetString()!) : [new(at) { Ends = true }];
    }

    private static KnockdStep OfPacket(long at, JsonElement packet) => new(at)
    {
        Source = packet.GetProperty("src").GetString()!,
        Destination = packet.GetProperty("dst").GetString()!,
        Port = packet.GetProperty("dport").GetInt32(),
        Protocol = packet.TryGetProperty("proto", out var protocol) ? protocol.GetString()! : "tcp",
        Flags = packet.TryGetProperty("flags", out var flags) ? flags.GetString()! : "S",
    };

    /// <summary>knock(1): <c>-u</c> makes every port UDP, else only <c>:udp</c> does.</summary>
    private static IEnumerable<KnockdStep> OfClient(long at, string[] arguments)
    {
        var isV6 = arguments.Contains("-6");
        var ports = arguments.SkipWhile(a => !a.StartsWith('@')).Skip(1).ToArray();
        return ports.Select((port, i) => new KnockdStep(at + i)
        {
            Source = isV6 ? "@CLI6@" : "@CLI@",
            Destination = isV6 ? "@SRV6@" : "@SRV@",
            Port = int.Parse(port.Split(':')[0]),
            Protocol = arguments.Contains("-u") || port.EndsWith(":udp", StringComparison.Ordinal) ? "udp" : "tcp",
        });
    }

    private static IEnumerable<KnockdStep> OfShell(long at, string line)
    {
        if (line.Contains("create_connection", StringComparison.Ordinal))
            return new[] { "S", "A", "FA", "A" }.Select((flags, i) => new KnockdStep(at + i) { Source = "@CLI@", Destination = "@SRV@", Port = 8000, Flags = flags });
        if (!line.Contains("kill -HUP", StringComparison.Ordinal))
            return [];
        (string, string)? change = line.Contains("sed", StringComparison.Ordinal) ? ("7000", "7777") : null;
        return [new(at) { Reloads = true, Change = change }];
    }
}
