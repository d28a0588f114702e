using System.Globalization;
using Postern.Reports;

namespace Postern.Cli.Configuration;

/// <summary>What was most likely meant by a text that names no port: <c>22</c>, <c>22/tcp</c>, <c>7000:udp</c>, <c>TCP/22</c>, <c>tcp/20-10</c>.</summary>
internal static class PortText
{
    private static readonly char[] Separators = ['/', ':', ' '];

    public static string Mend(string text)
    {
        if (Candidate(text.Trim().ToLowerInvariant()) is { } meant)
            return meant;
        return "write tcp or udp, a slash, and a port from 1 to 65535 or a run of them: tcp/22, udp/8000-8010";
    }

    private static string? Candidate(string text)
    {
        var parts = text.Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return parts switch
        {
            [var ports] when Write("tcp", ports) is { } meant => $"say the protocol: {meant}, or {Write("udp", ports)}",
            ["tcp" or "udp", var ports] when Write(parts[0], ports) is { } meant => $"write {meant}",
            [var ports, "tcp" or "udp"] when Write(parts[1], ports) is { } meant => $"write {meant}",
            _ => null,
        };
    }

    private static string? Write(string protocol, string ports)
    {
        if (PortRange.TryParse($"{protocol}/{ports}", out var range))
            return range.ToString();
        return ports.Split('-') is [var first, var last] && PortRange.TryParse($"{protocol}/{last}-{first}", out range) ? range.ToString() : null;
    }

    public static string Count(int count, string one) => string.Create(CultureInfo.InvariantCulture, $"{count} {one}{(count == 1 ? "" : "s")}");
}
