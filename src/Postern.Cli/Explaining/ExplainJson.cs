using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;
using Postern.Cli.CommandLine;
using Postern.Packets;
using Postern.Reports;
using Postern.Reports.Watching;
using Postern.Warden;

namespace Postern.Cli.Explaining;

/// <summary>For machines: one object on a line for each packet, and one with <c>summary</c> at the end.</summary>
internal sealed class ExplainJson(TextWriter output, DoorNames doors, TimeZoneInfo zone) : IExplainOutput
{
    public void Write(PacketStory story) => output.WriteJson(
        new PacketLine
        {
            Packet = story.Number,
            Time = Rfc3339(story.Time),
            Fault = story.Fault == PacketFault.None ? null : story.Fault.ToString().ToLowerInvariant(),
            From = story.Fault == PacketFault.None ? story.From.ToString() : null,
            FromPort = story.FromPort == 0 ? null : story.FromPort,
            To = story.Fault == PacketFault.None ? story.To.ToString() : null,
            What = story.Fault == PacketFault.None ? story.What : null,
            Thoughts = [.. story.Thoughts.Select(t => ThoughtLine.From(t, doors))],
            Events = [.. story.Events.Select(e => EventLine.Of(e, zone))],
            Remarks = story.Remarks,
        },
        ExplainShapes.Default.PacketLine);

    public void End(Explanation explanation, ImmutableArray<string> notes) => output.WriteJson(
        new SummaryLine(new()
        {
            Packets = explanation.Packets,
            NoKnock = explanation.Unnamed,
            Faulty = explanation.Faults.ToImmutableSortedDictionary(f => f.Key.ToString().ToLowerInvariant(), f => f.Value, StringComparer.Ordinal),
            ClientsForgotten = explanation.Clients.Forgotten,
            Clients =
            [
                .. from client in explanation.Clients.InOrder()
                   from course in client.Courses.Values
                   select new CourseLine(client.Source.ToString(), course.Door)
                   {
                       Made = course.Of == 0 ? null : course.Best,
                       Of = course.Of == 0 ? null : course.Of,
                       Done = course.Done,
                       Complaints = [.. course.Complaints.Select(c => new ComplaintLine(c.Why, c.Mend))],
                   },
            ],
            Notes = notes,
        }),
        ExplainShapes.Default.SummaryLine);

    internal static string Rfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
}

/// <summary>Where an explanation goes.</summary>
internal interface IExplainOutput
{
    void Write(PacketStory story);

    void End(Explanation explanation, ImmutableArray<string> notes);
}

internal sealed record PacketLine
{
    public required long Packet { get; init; }

    public required string Time { get; init; }

    public string? Fault { get; init; }

    public string? From { get; init; }

    public int? FromPort { get; init; }

    public string? To { get; init; }

    public string? What { get; init; }

    public ImmutableArray<ThoughtLine> Thoughts { get; init; } = [];

    public ImmutableArray<EventLine> Events { get; init; } = [];

    public ImmutableArray<string> Remarks { get; init; } = [];
}

internal sealed record ThoughtLine(string Door, string Method, string Finding)
{
    public int? Made { get; init; }

    public int? Of { get; init; }

    public string? Refusal { get; init; }

    public double? LateMs { get; init; }

    public static ThoughtLine From(in Thought thought, DoorNames doors) => new(doors.Of(thought.Method, thought.Door), DoorNames.MethodName(thought.Method), thought.Finding.Word())
    {
        Made = thought.Of == 0 ? null : thought.Made,
        Of = thought.Of == 0 ? null : thought.Of,
        Refusal = thought.Refusal == Postern.Reports.Refusal.None ? null : thought.Refusal.Word(),
        LateMs = thought.Late == 0 ? null : thought.Late / 1e6,
    };
}

internal sealed record EventLine(string Event, string Address)
{
    public string? Knock { get; init; }

    public string? Service { get; init; }

    public int? SourcePort { get; init; }

    public string? Key { get; init; }

    public string? Until { get; init; }

    public string? Refusal { get; init; }

    public double? ClockOffMs { get; init; }

    public required string Text { get; init; }

    public static EventLine Of(in AuditEntry entry, TimeZoneInfo zone) => new(entry.What.ToString().ToLowerInvariant(), entry.Source.ToString())
    {
        Knock = entry.Knock.Length == 0 ? null : entry.Knock,
        Service = entry.Service.Length == 0 ? null : entry.Service,
        SourcePort = entry.SourcePort == 0 ? null : entry.SourcePort,
        Key = entry.By is { } by && ThoughtWords.NameOf(by) is { Length: > 0 } name ? name : null,
        Until = entry.Until is { } until ? ExplainJson.Rfc3339(until) : null,
        Refusal = entry.Refusal == Postern.Reports.Refusal.None ? null : entry.Refusal.Word(),
        ClockOffMs = entry.By?.ClockOff?.TotalMilliseconds,
        Text = ThoughtWords.Of(entry, zone),
    };
}

internal sealed record SummaryLine(Summary Summary);

internal sealed record Summary
{
    public required long Packets { get; init; }

    public required long NoKnock { get; init; }

    public required ImmutableSortedDictionary<string, long> Faulty { get; init; }

    public required long ClientsForgotten { get; init; }

    public required ImmutableArray<CourseLine> Clients { get; init; }

    public required ImmutableArray<string> Notes { get; init; }
}

/// <param name="Client">Its address.</param>
/// <param name="Knock">By name.</param>
internal sealed record CourseLine(string Client, string Knock)
{
    /// <summary>The most steps that counted at once, of a sequence.</summary>
    public int? Made { get; init; }

    public int? Of { get; init; }

    /// <summary>When and what; not there: nothing was done.</summary>
    public string? Done { get; init; }

    public ImmutableArray<ComplaintLine> Complaints { get; init; } = [];
}

internal sealed record ComplaintLine(string Why, string Mend);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PacketLine))]
[JsonSerializable(typeof(SummaryLine))]
internal sealed partial class ExplainShapes : JsonSerializerContext;
