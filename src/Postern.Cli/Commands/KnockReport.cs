using Postern.Client;
using Postern.Reports.Spa;

namespace Postern.Cli.Commands;

/// <summary>What <c>knock --json</c> and <c>close --json</c> print. <paramref name="Outcome"/>: opened, not-opened, closed, not-closed, refused, sent.</summary>
internal sealed record KnockReport(
    string Host,
    IReadOnlyList<string> Addresses,
    IReadOnlyList<string> Services,
    string Outcome,
    int Rounds,
    double ElapsedMs,
    double? SinceKnockMs)
{
    public string? Profile { get; init; }

    public ReceiptReport? Receipt { get; init; }
}

/// <summary>What the gate said. <paramref name="ClockMs"/>: how far its clock is ahead of ours.</summary>
internal sealed record ReceiptReport(string Outcome, string? Refusal, uint? SecondsLeft, string Address, double ClockMs)
{
    public static ReceiptReport Of(Receipt receipt) => new(
        receipt.Outcome switch
        {
            ReceiptOutcome.Granted => "granted",
            ReceiptOutcome.Closed => "closed",
            _ => "refused",
        },
        receipt.Word.Length > 0 ? receipt.Word : null,
        receipt.SecondsLeft > 0 ? receipt.SecondsLeft : null,
        receipt.Address.ToString(),
        Math.Round(ReceiptWords.ClockOf(receipt).TotalMilliseconds));
}

/// <summary>What <c>--dry-run --json</c> prints.</summary>
internal sealed record KnockPreview(string Host, IReadOnlyList<KnockPreviewPacket> Packets, IReadOnlyList<KnockPreviewRound> Rounds)
{
    public static async Task<KnockPreview> OfAsync(string host, Knock knock, CancellationToken cancellation)
    {
        var rounds = KnockSchedule.Rounds(knock).ToList();
        var packets = new List<KnockPreviewPacket>();
        foreach (var target in knock.Targets)
        {
            using var letter = await knock.Method.WriteAsync(target, rounds[0], cancellation);
            packets.AddRange(letter.Messages.Select(m => new KnockPreviewPacket(target.ToString(), m.Packet.ToString(), m.Packet.Wait.TotalMilliseconds)));
        }

        return new(
            host,
            packets,
            [.. rounds.Select(r => new KnockPreviewRound(r.Start.TotalMilliseconds, r.Gap.TotalMilliseconds))]);
    }
}

internal sealed record KnockPreviewPacket(string Address, string Packet, double WaitMs);

internal sealed record KnockPreviewRound(double StartMs, double GapMs);
