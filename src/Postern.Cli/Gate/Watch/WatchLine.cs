using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Postern.Cli.Explaining;
using Postern.Reports;
using Postern.Reports.Watching;
using Postern.Warden;

namespace Postern.Cli.Gate.Watch;

/// <summary>What a watcher is sent: one object a line. One of attempt, event and counters is there.</summary>
internal sealed record WatchLine(string Time)
{
    /// <summary>What one door made of one packet.</summary>
    public AttemptLine? Attempt { get; init; }

    /// <summary>What the warden did.</summary>
    public EventLine? Event { get; init; }

    /// <summary>Once a second; they only grow.</summary>
    public CounterLine? Counters { get; init; }

    /// <summary>The same as a sentence.</summary>
    public string? Text { get; init; }

    public static WatchLine Of(in Sighting sighting, DoorNames doors, DateTimeOffset time) => new(ExplainJson.Rfc3339(time))
    {
        Attempt = new(sighting.Source.ToString(), sighting.Destination.ToString(), WhatOf(sighting), ThoughtLine.From(sighting.Thought, doors))
        {
            FromPort = sighting.SourcePort == 0 ? null : sighting.SourcePort,
        },
        Text = ThoughtWords.Of(sighting.Thought, doors.Of(sighting.Thought.Method, sighting.Thought.Door), doors.Sequence(sighting.Thought)),
    };

    public static WatchLine Of(in AuditEntry entry, DateTimeOffset time) => new(ExplainJson.Rfc3339(time))
    {
        Event = EventLine.Of(entry, TimeZoneInfo.Local),
        Text = ThoughtWords.Of(entry, TimeZoneInfo.Local),
    };

    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, WatchShapes.Default.WatchLine), (byte)'\n'];

    private static string WhatOf(in Sighting sighting) => string.Create(
        CultureInfo.InvariantCulture, $"{sighting.Protocol switch { (byte)Transport.Tcp => "tcp", (byte)Transport.Udp => "udp", _ => "icmp" }}/{sighting.Value}");
}

/// <param name="From">The packet's source.</param>
/// <param name="To">Its destination.</param>
/// <param name="What">As a step is written.</param>
/// <param name="Thought">What the door made of it.</param>
internal sealed record AttemptLine(string From, string To, string What, ThoughtLine Thought)
{
    public int? FromPort { get; init; }
}

/// <param name="Read">Packets that the sentry read.</param>
/// <param name="Reports">Knocks completed, and single packets opened.</param>
/// <param name="Refused">Single packets that the sentry refused.</param>
/// <param name="DroppedByRing">Packets that the kernel had no room for.</param>
/// <param name="DroppedReports">Reports that found no room on their way.</param>
/// <param name="AttemptsEvicted">Attempts that newer ones pushed out.</param>
/// <param name="NotTold">Packets that nobody was told of, since there were too many a second.</param>
/// <param name="Missed">Lines that this watcher did not get, since he read too slowly.</param>
internal sealed record CounterLine(long Read, long Reports, long Refused, long DroppedByRing, long DroppedReports, long AttemptsEvicted, long NotTold, long Missed);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WatchLine))]
internal sealed partial class WatchShapes : JsonSerializerContext;
