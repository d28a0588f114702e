using Postern.Client;

namespace Postern.Cli.Commands;

/// <summary>What <c>knock --json</c> and <c>close --json</c> print. <paramref name="Outcome"/>: opened, not-opened, closed, not-closed, sent.</summary>
internal sealed record KnockReport(
    string Host,
    IReadOnlyList<string> Addresses,
    IReadOnlyList<string> Services,
    string Outcome,
    int Rounds,
    double ElapsedMs,
    double? SinceKnockMs);

/// <summary>What <c>--dry-run --json</c> prints.</summary>
internal sealed record KnockPreview(string Host, IReadOnlyList<KnockPreviewPacket> Packets, IReadOnlyList<KnockPreviewRound> Rounds)
{
    public static KnockPreview Of(string host, Knock knock)
    {
        var rounds = KnockSchedule.Rounds(knock).ToList();
        var packets = Knocker.Write(knock, rounds[0]);
        return new(
            host,
            [.. knock.Targets.SelectMany(target => packets.Select(p => new KnockPreviewPacket(target.ToString(), p.ToString(), p.Wait.TotalMilliseconds)))],
            [.. rounds.Select(r => new KnockPreviewRound(r.Start.TotalMilliseconds, r.Gap.TotalMilliseconds))]);
    }
}

internal sealed record KnockPreviewPacket(string Address, string Packet, double WaitMs);

internal sealed record KnockPreviewRound(double StartMs, double GapMs);
