using System.Globalization;
using System.Text;
using Postern.Cli.CommandLine;
using Postern.Cli.Profiles;
using Postern.Client.Fwknop;
using Postern.Keys.Fwknop;

namespace Postern.Cli.Commands;

/// <summary>What <c>--dry-run</c> shows of a packet of fwknop: all that is in it, and the packet itself. Nothing is sent, nobody is looked up.</summary>
internal static class FwknopPreview
{
    private const int CharactersALine = 64;

    public static int Print(KnockInput input, FwknopInput fwknop, TextWriter output)
    {
        var letter = fwknop.Scribe.Write(fwknop.Address.Literal);
        var report = FwknopPreviewReport.Of(fwknop, input.Host, letter);
        if (input.Json)
        {
            output.WriteJson(report, JsonShapes.Default.FwknopPreviewReport);
            return ExitCode.Done;
        }

        foreach (var (name, text) in Lines(report, fwknop))
            output.WriteLine($"{name,-12} {text}");
        for (var at = 0; at < report.Packet.Length; at += CharactersALine)
            output.WriteLine($"{(at == 0 ? "packet" : ""),-12} {report.Packet.AsSpan(at, Math.Min(CharactersALine, report.Packet.Length - at))}");
        return ExitCode.Done;
    }

    private static IEnumerable<(string Name, string Text)> Lines(FwknopPreviewReport report, FwknopInput fwknop) =>
    [
        ("profile", report.Profile),
        ("host", report.Host),
        ("transport", report.Transport),
        ("type", string.Create(CultureInfo.InvariantCulture, $"{report.Type}")),
        ("ask", report.Command ?? string.Join(", ", report.Access)),
        ("nat", report.Nat ?? "-"),
        ("for", report.Seconds == 0 ? "the server's own time" : HumanTime.Of(TimeSpan.FromSeconds(report.Seconds))),
        ("address", fwknop.Address switch
        {
            { Service: { } service } => $"asked of {service.Host} when it is sent; not in this packet",
            _ when fwknop.Address == AddressSetting.Auto => "found when it is sent; not in this packet",
            _ => report.Address ?? "the source of the packet",
        }),
        ("user", report.User),
        ("time", report.Time),
        ("digest", report.Digest),
        ("mode", report.Mode),
        ("hmac", report.Hmac ?? "none"),
    ];
}

/// <summary>What <c>--dry-run --json</c> prints of a packet of fwknop.</summary>
internal sealed record FwknopPreviewReport(
    string Profile,
    string Host,
    string Transport,
    int Type,
    IReadOnlyList<string> Access,
    string? Command,
    string? Nat,
    int Seconds,
    string? Address,
    string User,
    string Time,
    string Digest,
    string Mode,
    string? Hmac,
    string Packet)
{
    public static FwknopPreviewReport Of(FwknopInput input, string host, FwknopLetter letter)
    {
        var (message, path) = (letter.Message, input.Profile.Path);
        return new(
            input.Profile.Name,
            host,
            path.Transport == FwknopTransport.Icmp ? path.Transport.Word() : string.Create(CultureInfo.InvariantCulture, $"{path.Transport.Word()}/{path.Port}"),
            (int)message.Type,
            [.. message.Ports.Select(p => p.ToString())],
            message.Command.Length > 0 ? message.Command : null,
            message.Nat is { } nat ? string.Create(CultureInfo.InvariantCulture, $"{nat.Host}:{nat.Port}") : null,
            message.Timeout,
            message.Allow == Reports.Address.None ? null : message.Allow.ToString(),
            message.User,
            DateTimeOffset.FromUnixTimeSeconds(message.Time).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
            ((FwknopDigest)(byte)message.Digest).Word(),
            input.Profile.Mode.Word(),
            input.Profile.Mac?.Digest.Word(),
            Encoding.ASCII.GetString(letter.Packet.Span));
    }
}
