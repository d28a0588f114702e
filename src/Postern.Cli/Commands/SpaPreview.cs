using System.Globalization;
using Postern.Cli.CommandLine;
using Postern.Client.Spa;
using Postern.Reports.Spa;

namespace Postern.Cli.Commands;

/// <summary>What <c>--dry-run</c> shows of a request: all that is in the packet but the signature, and the packet itself. Nothing is sent, nobody is looked up.</summary>
internal static class SpaPreview
{
    private const int BytesALine = 32;

    public static int Print(KnockInput input, SpaSession session, TextWriter output)
    {
        var spa = session.Input;
        var letter = session.Scribe.Write(spa.Address.Literal, spa.SourcePort);
        using var receipt = letter.ReceiptKey;
        var report = SpaPreviewReport.Of(session, letter);
        if (input.Json)
        {
            output.WriteJson(report, JsonShapes.Default.SpaPreviewReport);
            return ExitCode.Done;
        }

        foreach (var (name, text) in Lines(report, spa))
            output.WriteLine($"{name,-12} {text}");
        for (var at = 0; at < report.Packet.Length; at += 2 * BytesALine)
            output.WriteLine($"{(at == 0 ? "packet" : ""),-12} {report.Packet.AsSpan(at, Math.Min(2 * BytesALine, report.Packet.Length - at))}");
        return ExitCode.Done;
    }

    private static IEnumerable<(string Name, string Text)> Lines(SpaPreviewReport report, SpaInput spa) =>
    [
        ("profile", report.Profile),
        ("host", report.Host),
        ("carriers", string.Join(", ", report.Carriers)),
        .. report.PortsNow is { } now ? [("ports now", string.Join(", ", now))] : Array.Empty<(string, string)>(),
        ("ask", report.Close ? "close" : "open"),
        ("services", string.Join(", ", report.Services)),
        ("for", report.Seconds == 0 ? report.Close ? "-" : "the service's own time" : HumanTime.Of(TimeSpan.FromSeconds(report.Seconds))),
        ("address", spa.Address.Service is { } service ? $"asked of {service.Host} when it is sent; not in this packet" : report.Address ?? "the source of the packet"),
        .. report.Data is { } data ? [("data", data)] : Array.Empty<(string, string)>(),
        ("source port", report.SourcePort?.ToString(CultureInfo.InvariantCulture) ?? "any"),
        ("time", report.Time),
        ("gate id", report.GateId),
        ("key", report.Key),
        ("device", report.Device),
        ("system", report.System),
        ("receipt", report.Receipt ? "asked for" : "not asked for"),
    ];
}

/// <summary>What <c>--dry-run --json</c> prints of a request. <paramref name="Packet"/>: in hexadecimal.</summary>
internal sealed record SpaPreviewReport(
    string Profile,
    string Host,
    IReadOnlyList<string> Carriers,
    IReadOnlyList<string> Services,
    bool Close,
    uint Seconds,
    string? Address,
    ushort? SourcePort,
    string Time,
    string TimeNs,
    string GateId,
    string Key,
    string Device,
    string System,
    bool Receipt,
    string Packet)
{
    /// <summary>Where the ports that move are in this time step; null: none does.</summary>
    public IReadOnlyList<string>? PortsNow { get; init; }

    /// <summary>What rides along; null: nothing.</summary>
    public string? Data { get; init; }

    public static SpaPreviewReport Of(SpaSession session, SpaLetter letter)
    {
        var request = letter.Request;
        return new(
            session.Input.Profile.Name,
            session.Input.Profile.Host,
            [.. session.Input.Carriers.Select(c => c.ToString())],
            request.Services,
            request.Close,
            request.Seconds,
            request.Address == Reports.Address.None ? null : request.Address.ToString(),
            request.SourcePort == 0 ? null : request.SourcePort,
            DateTimeOffset.UnixEpoch.AddTicks((long)(request.Time / TimeSpan.NanosecondsPerTick)).ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture),
            request.Time.ToString(CultureInfo.InvariantCulture),
            request.GateId.ToString("x16", CultureInfo.InvariantCulture),
            session.KeyText,
            request.Device.ToString("x8", CultureInfo.InvariantCulture),
            request.System == ClientSystem.Unsaid ? "unsaid" : request.System.ToString(),
            !request.ReceiptKey.IsEmpty,
            Convert.ToHexStringLower(letter.Packet.Span))
        {
            PortsNow = session.PortsNow,
            Data = request.Data.Length > 0 ? request.Data : null,
        };
    }
}
