using System.Globalization;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Knocks.Sequences;
using Postern.Reports;
using Postern.Reports.Watching;
using Postern.Warden;

namespace Postern.Cli.Explaining;

/// <summary>How one client fared at one door, from the first packet to the last: whether it opened, and if not, what was in the way and the mend.</summary>
internal sealed class Course(string door, KnockSequence? sequence)
{
    /// <summary>What comes so soon after a door opened belongs to the knock that opened it: copies, and packets that overtook each other.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(10);

    /// <summary>The last ones: whoever tries this and that needs to hear what was in the way of each.</summary>
    private const int MostComplaints = 3;

    private readonly List<(string Why, string Mend)> _complaints = [];
    private DateTimeOffset? _whole;
    private bool _isOfParts;

    public string Door => door;

    /// <summary>When and what was opened or closed last; null: nothing was.</summary>
    public string? Done { get; private set; }

    /// <summary>The most steps that counted at once.</summary>
    public int Best { get; private set; }

    public int Of { get; private set; }

    /// <summary>Why it did not open, or not again, and what to do about it; none: nothing was in the way.</summary>
    public IReadOnlyList<(string Why, string Mend)> Complaints => _complaints.Count == 0 && Done is null && Unfinished is { } why
        ? [(why, _isOfParts ? RefusalWords.Of(Refusal.TooShort).Mend : $"the other {(Of - Best == 1 ? "step was" : "steps were")} not sent, not recorded, or lost on the way: record at the client too, and compare what it sends with 'sequence' of '{door}'")]
        : _complaints;

    private string? Unfinished =>
        Of == 0 ? null
        : _isOfParts ? string.Create(CultureInfo.InvariantCulture, $"{Refusal.TooShort.Word()}: {Best} of the {Of} parts that make a token, and then nothing more came")
        : string.Create(CultureInfo.InvariantCulture, $"step {Best} of {Of}, and then nothing more came");

    public void Note(in Thought thought, DateTimeOffset time)
    {
        var isAftermath = time - _whole < Aftermath;
        if (thought.Of > 0 && thought.Method == KnockMethod.Sequence)
            Of = thought.Of;
        switch (thought.Finding)
        {
            case Finding.Step or Finding.Again:
                Best = Math.Max(Best, thought.Made);
                break;
            case Finding.Part when thought.Of > 0:
                (Best, Of, _isOfParts) = (Math.Max(Best, thought.Made), thought.Of, true);
                break;
            case Finding.Completed or Finding.Passed:
                (Best, _whole) = (Math.Max(Best, (int)thought.Of), time);
                break;
            case Finding.TooLate:
                Best = Math.Max(Best, thought.Made);
                var took = ThoughtWords.Time(thought.Late);
                Blame(
                    string.Create(CultureInfo.InvariantCulture, $"step {Math.Max(Best, 1)} of {Of}, but it took {TimeText.Of(took)}{(sequence is null ? "" : $", and within is {Duration.Format(sequence.Within)}")}"),
                    $"knock faster, or write within: {Duration.Format(Roomy(took))} at '{door}'");
                break;
            case Finding.OutOfTurn:
                Best = Math.Max(Best, thought.Made);
                Blame(
                    string.Create(CultureInfo.InvariantCulture, $"after step {thought.Made} of {Of} came another than the next"),
                    sequence is { Alone: true }
                        ? $"send the steps in the order of 'sequence' and nothing else that a knock names, no packet twice; or remove 'strict: true' at '{door}'"
                        : $"send the steps in the order of 'sequence', with a pause between them; or write order: any at '{door}'");
                break;
            case Finding.NotBegun when !isAftermath && _complaints.Count == 0:
                Blame("a later step came, and the first had not", $"send the first step first: it may have been lost or come late; or write order: any at '{door}'");
                break;
            case Finding.WrongFlags when Best == 0 && !isAftermath:
                Blame(
                    $"its ports were sent to, but not with the TCP flags of a knock{(sequence is null ? "" : $" ({ThoughtWords.Flags(sequence)})")}",
                    $"knock by connecting (a SYN), or write tcp_flags: any at '{door}'");
                break;
            case Finding.WrongDestination when Best == 0:
                Blame("it was knocked at an address that is not in 'to'", $"knock at one that is, or add this one to 'to' of '{door}'");
                break;
            case Finding.WrongFamily when Best == 0:
                Blame($"it was knocked at by {(sequence is { Family: IpFamily.V6 } ? "IPv4" : "IPv6")}", $"knock at the other address of the gate ({(sequence is { Family: IpFamily.V6 } ? "-6" : "-4")}), or remove 'family' at '{door}'");
                break;
            case Finding.Refused when thought.Refusal is not Refusal.Copy || _whole is null:
                var words = RefusalWords.Of(thought.Refusal);
                if (!isAftermath)
                    Blame($"{thought.Refusal.Word()}: {words.Why}", words.Mend);
                break;
            default:
                break;
        }
    }

    public void Note(in AuditEntry entry, DateTimeOffset time, TimeZoneInfo zone)
    {
        if (entry.What != AuditEvent.Refused)
        {
            Done = string.Create(CultureInfo.InvariantCulture, $"at {time:HH:mm:ss.fff} {ThoughtWords.Of(entry, zone)}");
            _complaints.Clear();
            return;
        }

        // A copy of what was just taken is no failure.
        if (entry.Refusal is Refusal.Replayed or Refusal.NoSuchGrant && Done is not null && time - _whole <= Aftermath)
            return;
        var mend = RefusalWords.Of(entry.Refusal).Mend;
        if (entry.By?.ClockOff is { } off)
            mend = string.Create(CultureInfo.InvariantCulture, $"set the clock of the client, which is {TimeText.Of(off.Duration())} {(off < TimeSpan.Zero ? "behind" : "ahead")}, or that of the gate; or it is a packet of then, sent again");
        Blame(ThoughtWords.Of(entry, zone), mend);
    }

    /// <summary>A tenth more, and round.</summary>
    private static TimeSpan Roomy(TimeSpan took)
    {
        var seconds = took.TotalSeconds * 1.1;
        var step = seconds < 60 ? 5 : seconds < 600 ? 30 : 60;
        return TimeSpan.FromSeconds(Math.Ceiling(seconds / step) * step);
    }

    private void Blame(string why, string mend)
    {
        _complaints.RemoveAll(c => string.Equals(c.Mend, mend, StringComparison.Ordinal));
        _complaints.Add((why, mend));
        if (_complaints.Count > MostComplaints)
            _complaints.RemoveAt(0);
    }
}
