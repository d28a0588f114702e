using System.Text.Json;
using Postern.Knocks.Sequences;
using Postern.Packets;
using Postern.Tests;
using static Postern.Knocks.Tests.Sequences.Knocking;

namespace Postern.Knocks.Tests.Sequences;

/// <summary>Cases recorded from the real knockd: what it opens, we open with the same sequences and <c>order: strict</c>.</summary>
public sealed class KnockdTests
{
    /// <summary>Where knockd refuses and opening is the better answer: its duplicates, its stale attempts, its doors that disturb each other.</summary>
    private static readonly Dictionary<string, string[]> Better = new(StringComparer.Ordinal)
    {
        ["dup-knock-kills"] = ["A"],
        ["dup-middle-kills"] = ["A"],
        ["lost-then-retry-fails"] = ["A"],
        ["lost-then-second-retry-opens"] = ["A"],
        ["reversed-then-right-fails"] = ["A"],
        ["other-door-port-resets"] = ["A"],
        ["doors-same-first-second"] = ["B"],
        ["doors-prefix-short-first"] = ["A", "B"],
        ["doors-overlap-suffix"] = ["A", "B"],
        ["doors-open-close-stale"] = ["open"],
        ["stranger-fails-victim"] = ["A"],
        ["stranger-timeout-victim"] = ["A"],
        ["spoof-kills-victim"] = ["A"],
        ["noflags-retransmit-kills"] = ["A"],
    };

    [Fact]
    public void Opens_what_knockd_opens()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Needs.SharedVectors("knockd-cases.json")));
        var cases = file.RootElement.GetProperty("cases").EnumerateArray().Where(IsAboutSequences).ToArray();
        Assert.True(cases.Length >= 20, $"only {cases.Length} cases were understood");
        foreach (var one in cases)
        {
            var id = one.GetProperty("id").GetString()!;
            var expected = Better.GetValueOrDefault(id) ?? [.. one.GetProperty("opened").EnumerateArray().Select(o => o.GetString()!)];
            var opened = Play(one).Distinct().Order().ToArray();
            Assert.True(expected.Order().SequenceEqual(opened), $"{id}: expected {string.Join(' ', expected)}, opened {string.Join(' ', opened)}");
        }
    }

    private static bool IsAboutSequences(JsonElement one) =>
        one.GetProperty("group").GetString() is "state" or "doors" or "flags" or "sources"
        && one.GetProperty("steps").EnumerateArray().All(s => s.TryGetProperty("pkt", out _));

    private static List<string> Play(JsonElement one)
    {
        var doors = ReadDoors(one.GetProperty("config").GetString()!);
        var detector = new SequenceDetector([.. doors.Select(d => d.Sequence)], TrapPorts.None);
        var opened = new List<string>();
        foreach (var step in one.GetProperty("steps").EnumerateArray())
        {
            var packet = step.GetProperty("pkt");
            var protocol = packet.TryGetProperty("proto", out var proto) ? proto.GetString()! : "tcp";
            if (protocol is not ("tcp" or "udp"))
                continue;
            var view = Packet(SourceOf(packet.GetProperty("src").GetString()!), Step($"{protocol}/{packet.GetProperty("dport").GetInt32()}"), Flags(packet));
            foreach (var door in detector.Observe(view, step.GetProperty("at").GetInt64() * Millisecond))
                opened.Add(doors[door].Name);
        }

        return opened;
    }

    private static UInt128 SourceOf(string placeholder) => Source(placeholder switch
    {
        "@CLI@" => "10.0.0.2",
        "@CLI6@" => "fd00::2",
        _ when placeholder.StartsWith("@NET@.", StringComparison.Ordinal) => "10.0.0" + placeholder["@NET@".Length..],
        _ when placeholder.StartsWith("@NET6@::", StringComparison.Ordinal) => "fd00" + placeholder["@NET6@".Length..],
        _ => placeholder,
    });

    private static TcpFlags Flags(JsonElement packet)
    {
        if (!packet.TryGetProperty("flags", out var letters))
            return TcpFlags.Syn;
        return letters.GetString()!.Aggregate(TcpFlags.None, (flags, letter) => flags | letter switch
        {
            'S' => TcpFlags.Syn,
            'A' => TcpFlags.Ack,
            'F' => TcpFlags.Fin,
            'R' => TcpFlags.Rst,
            'P' => TcpFlags.Psh,
            'U' => TcpFlags.Urg,
            _ => TcpFlags.None,
        });
    }

    /// <summary>As much of knockd.conf as these cases use.</summary>
    private static List<(string Name, KnockSequence Sequence)> ReadDoors(string text)
    {
        var doors = new List<(string Name, KnockSequence Sequence)>();
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith('['))
            {
                if (line != "[options]")
                    doors.Add((line.Trim('[', ']'), Door("tcp/1", seconds: 25, flags: "any")));
                continue;
            }

            if (doors.Count == 0 || line.Split('=', 2, StringSplitOptions.TrimEntries) is not [var key, var value])
                continue;
            var door = doors[^1].Sequence;
            doors[^1] = (doors[^1].Name, key.ToUpperInvariant() switch
            {
                "SEQUENCE" => door with { Steps = [.. value.Split(',').Select(StepOf)] },
                "SEQ_TIMEOUT" => door with { Within = TimeSpan.FromSeconds(int.Parse(value)) },
                "TCPFLAGS" => door with { TcpFlags = TcpFlagCondition.TryParse(value, out var flags) ? flags : throw new FormatException(value) },
                _ => door,
            });
        }

        return doors;
    }

    private static KnockStep StepOf(string text)
    {
        var parts = text.Trim().Split(':');
        return Step($"{(parts.Length == 2 ? parts[1].Trim().ToLowerInvariant() : "tcp")}/{parts[0]}");
    }
}
