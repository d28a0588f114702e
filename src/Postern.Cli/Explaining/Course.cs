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

    private string? _why;
    private string? _mend;
    private DateTimeOffset? _whole;
    private int _of;

    public string Door => door;

    /// <summary>What was opened or closed last, and when; null: nothing was.</summary>
    public string? Done { get; private set; }

    /// <summary>The most steps that counted at once.</summary>
    public int Best { get; private set; }

    public int Of => _of;

    /// <summary>Why it did not open, or not again; null: nothing was in the way.</summary>
    public string? Why => _why ?? (Done is null ? Unfinished : null);

    public string? Mend => _why is not null ? _mend : Why is null ? null
        : $"the other {(_of - Best == 1 ? "step was" : "steps were")} not sent, not recorded, or lost on the way: record at the client too, and compare what it sends with 'sequence' of '{door}'";

    private string? Unfinished => _of == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"step {Best} of {_of}, and then nothing more came");

    public void Note(in Thought thought, DateTimeOffset time)
    {
        var isAftermath = time - _whole < Aftermath;
        if (thought.Of > 0 && thought.Method == KnockMethod.Sequence)
            _of = thought.Of;
        switch (thought.Finding)
        {
            case Finding.Step or Finding.Again:
                Best = Math.Max(Best, thought.Made);
                break;
            case Finding.Completed or Finding.Passed:
                (Best, _whole, _why, _mend) = (Math.Max(Best, (int)thought.Of), time, null, null);
                break;
            case Finding.TooLate:
                Best = Math.Max(Best, thought.Made);
                var took = ThoughtWords.Time(thought.Late);
                Blame(
                    string.Create(CultureInfo.InvariantCulture, $"step {Math.Max(Best, 1)} of {_of}, but it took {TimeText.Of(took)}{(sequence is null ? "" : $", and within is {Duration.Format(sequence.Within)}")}"),
                    $"knock faster, or write within: {Duration.Format(Roomy(took))} at '{door}'");
                break;
            case Finding.OutOfTurn:
                Best = Math.Max(Best, thought.Made);
                Blame(
                    string.Create(CultureInfo.InvariantCulture, $"after step {thought.Made} of {_of} came another than the next"),
                    sequence is { Alone: true }
                        ? $"send the steps in the order of 'sequence' and nothing else that a knock names, no packet twice; or remove 'strict: true' at '{door}'"
                        : $"send the steps in the order of 'sequence', with a pause between them; or write order: any at '{door}'");
                break;
            case Finding.NotBegun when !isAftermath && _why is null:
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
            Done = string.Create(CultureInfo.InvariantCulture, $"{ThoughtWords.Of(entry, zone)}, at {time:HH:mm:ss.fff}");
            (_why, _mend, Best) = (null, null, Math.Max(Best, _of));
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

    private void Blame(string why, string mend) => (_why, _mend) = (why, mend);
}
