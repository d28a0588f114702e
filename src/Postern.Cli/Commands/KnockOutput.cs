using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Postern.Cli.CommandLine;
using Postern.Client;
using Postern.Reports;

namespace Postern.Cli.Commands;

/// <summary>How <c>knock</c> and <c>close</c> speak, to people and to machines.</summary>
internal sealed class KnockOutput(KnockInput input, KnockWords words, TextWriter output, TextWriter error)
{
    private readonly Lock _lines = new();

    /// <summary>Before anything is sent: what will not be seen.</summary>
    public void Announce()
    {
        if (input.Verbose && input.Watched.IsEmpty)
            error.WriteLine($"postern: knocking once: {WhyUnseen()}");
    }

    /// <summary>Called for each round, from the tasks of both addresses.</summary>
    public void Sending(KnockSending sending)
    {
        if (!input.Verbose)
            return;
        var packets = string.Join(' ', sending.Packets);
        lock (_lines)
            error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"postern: round {sending.Round.Number + 1} to {sending.Target}: {packets} ({TimeText.Of(sending.Round.Gap)} apart)"));
    }

    public int Tell(KnockResult result, ImmutableArray<IPAddress> targets)
    {
        if (input.Json)
            output.WriteJson(Report(result, targets), JsonShapes.Default.KnockReport);
        else if (result.Outcome == KnockOutcome.Done)
            output.WriteLine($"{words.Done} {input.WatchedText} on {At(result.Target)} in {TimeText.Of(result.Elapsed)}, {Rounds(result)}");
        else if (result.Outcome == KnockOutcome.Sent)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sent {(input.Steps.Length == 1 ? "1 packet" : $"{input.Steps.Length} packets")} to {At([.. targets])}{UdpNote()}"));

        return result.Outcome == KnockOutcome.NotDone ? throw NotDone(result, targets) : ExitCode.Done;
    }

    /// <summary>What would be sent, and nothing is.</summary>
    public int Preview(Knock knock)
    {
        var preview = KnockPreview.Of(input.Host, knock);
        if (input.Json)
        {
            output.WriteJson(preview, JsonShapes.Default.KnockPreview);
            return ExitCode.Done;
        }

        foreach (var packet in preview.Packets)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{packet.Address}  {packet.Packet,-12}{(packet.WaitMs > 0 ? $" {packet.WaitMs:0.#} ms later" : "")}").TrimEnd());
        if (preview.Rounds.Count > 1)
            output.WriteLine($"again, until {input.WatchedText} {(words.UntilClosed ? "is closed" : "opens")}: {string.Join(", ", preview.Rounds.Skip(1).Select(Again))}");
        return ExitCode.Done;
    }

    private static string Again(KnockPreviewRound round) => string.Create(
        CultureInfo.InvariantCulture,
        $"at {TimeText.Of(TimeSpan.FromMilliseconds(round.StartMs))} ({TimeText.Of(TimeSpan.FromMilliseconds(round.GapMs))} apart)");

    private CommandFailure NotDone(KnockResult result, ImmutableArray<IPAddress> targets)
    {
        var why = (result.Answer, words.UntilClosed) switch
        {
            (_, true) => "connections are still accepted",
            (PortAnswer.Refused, _) => "connections are refused",
            (PortAnswer.Unreachable, _) => "the host cannot be reached",
            _ => "no answer",
        };
        return new(
            ExitCode.NotDone,
            $"{input.WatchedText} on {At([.. targets])} {words.NotDone} in {TimeText.Of(result.Elapsed)}, {Rounds(result)}: {why}",
            words.Hint);
    }

    private KnockReport Report(KnockResult result, ImmutableArray<IPAddress> targets) => new(
        input.Host,
        result.Outcome == KnockOutcome.Sent ? [.. targets.Select(t => t.ToString())] : [result.Target.ToString()],
        [.. input.Services.Select(s => s.ToString())],
        result.Outcome switch
        {
            KnockOutcome.Done => words.Done,
            KnockOutcome.NotDone => words.NotDoneOutcome,
            _ => "sent",
        },
        result.Rounds,
        Math.Round(result.Elapsed.TotalMilliseconds, 3),
        result.Outcome == KnockOutcome.Sent ? null : Math.Round(result.SinceKnock.TotalMilliseconds, 3));

    private string At(params ReadOnlySpan<IPAddress> targets)
    {
        var addresses = string.Join(", ", targets.ToArray().Select(t => t.ToString()));
        return string.Equals(addresses, input.Host, StringComparison.Ordinal) ? addresses : $"{input.Host} ({addresses})";
    }

    private static string Rounds(KnockResult result) => result.Rounds == 1 ? "1 round" : string.Create(CultureInfo.InvariantCulture, $"{result.Rounds} rounds");

    private string WhyUnseen() => input switch
    {
        { NoWait: true } => "--no-wait",
        { Services.IsEmpty: true } => "no SERVICE is given, so there is nothing to watch",
        _ => "a UDP service cannot be watched",
    };

    private string UdpNote() =>
        input is { NoWait: false, Services.IsEmpty: false }
            ? $"; {string.Join(", ", input.Services.Where(s => s.Transport == Transport.Udp))} cannot be watched: UDP does not tell"
            : "";
}
