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
            output.WriteLine($"{words.Done} {input.WatchedText} on {At(result.Target)} in {TimeText.Of(result.Elapsed)}, {Rounds(result)}{(result.Receipt is { } receipt ? ReceiptWords.Granted(receipt) : "")}");
        else if (result.Outcome == KnockOutcome.Sent)
            output.WriteLine($"sent {What()} to {At([.. targets])}{Unwatched()}");

        return result.Outcome switch
        {
            KnockOutcome.NotDone => throw NotDone(result, targets),
            KnockOutcome.Refused => throw ReceiptWords.Refused(result.Receipt!, input.Spa!),
            _ => ExitCode.Done,
        };
    }

    /// <summary>What would be sent, and nothing is.</summary>
    public async Task<int> PreviewAsync(Knock knock, CancellationToken cancellation)
    {
        var preview = await KnockPreview.OfAsync(input.Host, knock, cancellation);
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
            _ when input.Watched.IsEmpty => "no receipt came",
            _ => "no answer",
        };
        return new(
            ExitCode.NotDone,
            $"{input.WatchedText} on {At([.. targets])} {words.NotDone} in {TimeText.Of(result.Elapsed)}, {Rounds(result)}: {why}",
            input.Fwknop is not null ? KnockWords.FwknopHint : input.Token is not null ? KnockWords.TokenHint : input.Spa is null ? words.Hint : words.SpaHint);
    }

    private KnockReport Report(KnockResult result, ImmutableArray<IPAddress> targets) => new(
        input.Host,
        result.Outcome == KnockOutcome.Sent ? [.. targets.Select(t => t.ToString())] : [result.Target.ToString()],
        input.Fwknop is { Wish.Command.Length: > 0 } command ? [command.Wish.Command] : input.Spa is { } spa ? spa.Wish.Services : [.. input.Services.Select(s => s.ToString())],
        result.Outcome switch
        {
            KnockOutcome.Done => words.Done,
            KnockOutcome.NotDone => words.NotDoneOutcome,
            KnockOutcome.Refused => "refused",
            _ => "sent",
        },
        result.Rounds,
        Math.Round(result.Elapsed.TotalMilliseconds, 3),
        result.Outcome == KnockOutcome.Sent ? null : Math.Round(result.SinceKnock.TotalMilliseconds, 3))
    {
        Profile = input.ProfileName,
        Receipt = result.Receipt is { } receipt ? ReceiptReport.Of(receipt) : null,
    };

    private string At(params ReadOnlySpan<IPAddress> targets)
    {
        var addresses = string.Join(", ", targets.ToArray().Select(t => t.ToString()));
        return string.Equals(addresses, input.Host, StringComparison.Ordinal) ? addresses : $"{input.Host} ({addresses})";
    }

    private static string Rounds(KnockResult result) => result.Rounds == 1 ? "1 round" : string.Create(CultureInfo.InvariantCulture, $"{result.Rounds} rounds");

    private string What() => input.Spa is not null ? "1 request" : input.Token is not null ? "1 token" : input.Fwknop is not null || input.Steps.Length == 1 ? "1 packet" : string.Create(CultureInfo.InvariantCulture, $"{input.Steps.Length} packets");

    private string WhyUnseen() => input switch
    {
        { NoWait: true } => "--no-wait",
        { Spa.SourcePort: not 0 } => "only connections from that source port are let in",
        { Fwknop.Wish.Command.Length: > 0 } => "what a command did cannot be seen from here",
        { Spa: not null, Services.IsEmpty: true } or { Token: not null, Services.IsEmpty: true } => "the profile does not say at which port the service is",
        { Services.IsEmpty: true } => "no SERVICE is given, so there is nothing to watch",
        _ => "a UDP service cannot be watched",
    };

    private string Unwatched() => input switch
    {
        { NoWait: true } or { Spa: null, Fwknop: null, Token: null, Services.IsEmpty: true } => "",
        { Spa.SourcePort: not 0 } or { Services.IsEmpty: true } => $"; not watched: {WhyUnseen()}",
        _ => $"; {string.Join(", ", input.Services.Where(s => s.Transport == Transport.Udp))} cannot be watched: UDP does not tell",
    };
}
