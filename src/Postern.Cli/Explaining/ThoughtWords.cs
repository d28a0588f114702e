using System.Globalization;
using Postern.Cli.CommandLine;
using Postern.Cli.Configuration;
using Postern.Knocks.Sequences;
using Postern.Reports;
using Postern.Reports.Watching;
using Postern.Warden;

namespace Postern.Cli.Explaining;

/// <summary>What a door made of a packet, and what the warden did about it, as sentences.</summary>
internal static class ThoughtWords
{
    /// <param name="thought">Of the sentry.</param>
    /// <param name="name">Of the door.</param>
    /// <param name="sequence">The door's, where it is known; null: only what the thought itself says is told.</param>
    public static string Of(in Thought thought, string name, KnockSequence? sequence)
    {
        var steps = string.Create(CultureInfo.InvariantCulture, $"step {thought.Made} of {thought.Of}");
        return thought.Finding switch
        {
            Finding.Step => $"{name}: {steps}",
            Finding.Again => $"{name}: repeated, still {steps}",
            Finding.Completed => $"{name}: complete, {thought.Of} of {thought.Of}",
            Finding.OutOfTurn => string.Create(CultureInfo.InvariantCulture, $"{name}: out of turn, so the {thought.Made} of {thought.Of} before it {(thought.Made == 1 ? "is" : "are")} void"),
            Finding.NotBegun => $"{name}: a later step, and the first has not come",
            Finding.TooLate => $"{name}: too late: what came before began {TimeText.Of(Time(thought.Late))} ago{(sequence is null ? "" : $", and within is {Duration.Format(sequence.Within)}")}; {(thought.Made == 0 ? "it must begin anew" : $"now {steps}")}",
            Finding.Trap => "a trap: whatever this address had done at any knock is void",
            Finding.WrongFlags => $"{name}: its port, but not the TCP flags of a knock{(sequence is null ? "" : $" ({Flags(sequence)})")}",
            Finding.WrongDestination => $"{name}: its port, but not sent to an address of 'to'",
            Finding.WrongFamily => $"{name}: its port, but the knock is for {(sequence is { Family: IpFamily.V6 } ? "IPv6" : sequence is null ? "the other family" : "IPv4")} only",
            Finding.Passed when thought.Method == KnockMethod.Spa => "spa: opens with the gate's keys",
            Finding.Passed => $"{name}: made with the right key",
            Finding.Part => thought.Of == 0 ? $"{name}: a part of it" : string.Create(CultureInfo.InvariantCulture, $"{name}: part {thought.Made} of {thought.Of}"),
            Finding.Refused => $"{name}: {thought.Refusal.Word()}: {RefusalWords.Of(thought.Refusal).Why}",
            _ => name,
        };
    }

    /// <summary>What the warden did: <c>opens ssh to 192.0.2.7 until 20:14:45</c>.</summary>
    public static string Of(in AuditEntry entry, TimeZoneInfo zone)
    {
        var service = entry.Service.Length == 0 ? "" : $" {entry.Service}";
        var until = entry.Until is { } end ? string.Create(CultureInfo.InvariantCulture, $" until {TimeZoneInfo.ConvertTime(end, zone):HH:mm:ss}") : "";
        var line = entry.What switch
        {
            AuditEvent.Opened => $"opens{service} to {entry.Source}{until}",
            AuditEvent.Extended => $"keeps{service} open to {entry.Source}{until}",
            AuditEvent.Closed => $"closes{service} to {entry.Source}",
            AuditEvent.Refused => $"refused{service}: {entry.Refusal.Word()}: {WhyOf(entry)}",
            _ => $"{entry.What.ToString().ToLowerInvariant()}{service} {entry.Source}{until}",
        };
        if (entry.SourcePort != 0)
            line += string.Create(CultureInfo.InvariantCulture, $", from its port {entry.SourcePort} only");
        return entry.By is { } by && NameOf(by) is { Length: > 0 } name ? $"{line} ({(by.Name.Length == 0 && by.User.Length > 0 ? "user" : "key")} {name})" : line;
    }

    private static string WhyOf(in AuditEntry entry)
    {
        var why = RefusalWords.Of(entry.Refusal).Why;
        if (entry.By?.ClockOff is { } off)
            why += string.Create(CultureInfo.InvariantCulture, $"; the packet says a time {TimeText.Of(off.Duration())} {(off < TimeSpan.Zero ? "before" : "after")} this one");
        return entry.Detail is { Length: > 0 } detail ? $"{why} ({Terminal.OneLine(detail)})" : why;
    }

    /// <summary>What stands in a packet is its sender's to choose.</summary>
    public static string NameOf(Requester by) => Terminal.OneLine(by.Name.Length > 0 ? by.Name : by.User.Length > 0 ? by.User : by.Hint);

    public static string Flags(KnockSequence sequence) => sequence.TcpFlags == TcpFlagCondition.Any ? "any" : sequence.TcpFlags.ToString();

    public static TimeSpan Time(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
}
