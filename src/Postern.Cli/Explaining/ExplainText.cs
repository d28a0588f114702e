using System.Collections.Immutable;
using System.Globalization;
using Postern.Packets;

namespace Postern.Cli.Explaining;

/// <summary>
/// For people:
/// <code>
/// 20:14:03.120  192.0.2.7 > 198.51.100.1  tcp/7000   office: step 1 of 3
/// </code>
/// A packet of which there is more to say has a line for each.
/// </summary>
internal sealed class ExplainText(TextWriter output, DoorNames doors, TimeZoneInfo zone) : IExplainOutput
{
    private DateTime _day;

    public void Write(PacketStory story)
    {
        TellDay(story.Time);
        var sentences = SentencesOf(story).ToArray();
        var head = story.Fault != PacketFault.None ? "" : $"{story.From} > {story.To}";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{story.Time:HH:mm:ss.fff}  {head,-31}  {story.What,-9}  {sentences[0]}"));
        foreach (var sentence in sentences.AsSpan(1))
            output.WriteLine($"{"",-58}{sentence}");
    }

    public void End(Explanation explanation, ImmutableArray<string> notes)
    {
        var told = 0;
        foreach (var client in explanation.Clients.InOrder())
        {
            foreach (var (door, lines) in LinesOf(client))
            {
                output.WriteLine(told++ == 0 ? "\nWhat came of it\n" : "");
                output.WriteLine($"  {client.Source}, {door}: {lines[0]}");
                foreach (var line in lines.AsSpan(1))
                    output.WriteLine($"      {line}");
            }
        }

        if (told == 0)
            output.WriteLine("Nobody knocked: no packet of this recording is to a port that a knock names.");
        output.WriteLine();
        output.WriteLine(Count(explanation));
        foreach (var note in notes)
            output.WriteLine($"note: {note}");
    }

    private IEnumerable<string> SentencesOf(PacketStory story)
    {
        if (story.Fault != PacketFault.None)
            return [$"cannot be a knock: {FaultWords(story.Fault)}"];
        var sentences = story.Thoughts.Select(t => ThoughtWords.Of(t, doors.Of(t.Method, t.Door), doors.Sequence(t)))
            .Concat(story.Events.Select(e => ThoughtWords.Of(e, zone)))
            .Concat(story.Remarks);
        return sentences.DefaultIfEmpty("no knock names it");
    }

    private static IEnumerable<(string Door, string[] Lines)> LinesOf(ClientBook.Client client)
    {
        foreach (var course in client.Courses.Values)
        {
            var lines = new List<string>();
            if (course.Done is { } done)
                lines.Add(done);
            foreach (var (why, mend) in course.Complaints)
            {
                lines.Add($"{(course.Done is null ? "did not open" : "and later")}: {why}");
                lines.Add($"mend: {mend}");
            }

            if (lines.Count == 0)
                lines.Add("complete, and nothing came of it");
            yield return (course.Door, [.. lines]);
        }

        if (client.OtherProtocol is var (sent, door))
            yield return (door, [$"{sent} was sent, and the step of that port is of the other protocol", $"mend: compare what the client sends with 'sequence' of '{door}': tcp and udp are two things"]);
        if (client.NotJudged > 0)
            yield return ("spa", [string.Create(CultureInfo.InvariantCulture, $"{client.NotJudged} came where single packets come, and could not be judged without the gate's key")]);
        foreach (var (service, open) in client.Tried.Where(t => !t.Value))
            yield return (service, ["was tried while it was closed to this address", "mend: knock before connecting, and connect within the service's open_for"]);
    }

    private static string Count(Explanation explanation)
    {
        var faulty = string.Concat(explanation.Faults.OrderByDescending(f => f.Value).Select(f => string.Create(CultureInfo.InvariantCulture, $"; {f.Value}: {FaultWords(f.Key)}")));
        var forgotten = explanation.Clients.Forgotten == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {explanation.Clients.Forgotten} more clients are not told of (--client ADDRESS tells of one)");
        return string.Create(CultureInfo.InvariantCulture, $"{explanation.Packets} packets; {explanation.Unnamed} that no knock names, which a gate does not even see{faulty}{forgotten}");
    }

    private void TellDay(DateTimeOffset time)
    {
        if (time.Date == _day)
            return;
        _day = time.Date;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time:yyyy-MM-dd}, times are of UTC{time:zzz}"));
    }

    public static string FaultWords(PacketFault fault) => fault switch
    {
        PacketFault.Truncated => "it ends inside its headers (record whole packets: tcpdump -s 0)",
        PacketFault.NotIp => "not IP, or of a kind of link that is not read",
        PacketFault.BadHeader => "an impossible header",
        PacketFault.BadLength => "an impossible length",
        PacketFault.Fragment => "a fragment",
        PacketFault.TooManyHeaders => "more headers than anybody sends",
        PacketFault.OtherProtocol => "neither TCP, UDP nor ICMP",
        _ => fault.ToString(),
    };
}
