using System.Globalization;

namespace Postern.Cli.Configuration;

internal enum CaptureWay
{
    /// <summary>The kernel's packet sockets: before any firewall, and nothing listens.</summary>
    Packet,

    /// <summary>Bound UDP sockets, where packet sockets are not allowed: single packets over UDP only.</summary>
    Udp,

    /// <summary>A group of nfnetlink_log, which a rule of our table copies knocks to: before any firewall, and needs no CAP_NET_RAW.</summary>
    Nflog,

    /// <summary>A file that the kernel's lines of the firewall are written to: headers only.</summary>
    Log,

    /// <summary>The same from the journal of systemd.</summary>
    Journal,
}

/// <summary>How packets are seen.</summary>
internal sealed record CaptureSetting(CaptureWay Way)
{
    public static readonly CaptureSetting Packet = new(CaptureWay.Packet);
    public static readonly CaptureSetting Udp = new(CaptureWay.Udp);
    public static readonly CaptureSetting Journal = new(CaptureWay.Journal);

    private const string LogPrefix = "log:";
    private const string UsualLog = "/var/log/kern.log";

    private const string NflogPrefix = "nflog:";

    /// <summary>Of nfnetlink_log, unless told otherwise. Programs mostly take the first few.</summary>
    private const ushort UsualGroup = 62201;

    /// <summary>Of nfnetlink_log.</summary>
    public ushort Group { get; init; }

    /// <summary>Of the log; empty where there is none.</summary>
    public string File { get; init; } = "";

    /// <summary>Packets are lines of a log: headers, and no data.</summary>
    public bool IsLog => Way is CaptureWay.Log or CaptureWay.Journal;

    /// <summary>What one sentry reads from, the next one can read from as it is: it does not depend on what is looked for, or cannot be had twice.</summary>
    public bool IsHandedOn => Way != CaptureWay.Packet;

    public static CaptureSetting? Read(Node? node, Values values)
    {
        if (node is TextNode { Text: var text } log && text.StartsWith(LogPrefix, StringComparison.Ordinal))
            return values.FullPath("capture: log", log with { Text = text[LogPrefix.Length..], Plain = false }, UsualLog) is { } file ? new(CaptureWay.Log) { File = file } : null;
        if (node is TextNode { Text: "log" })
        {
            values.Faults.Add(node.Place, "'capture: log' does not say which log", $"write capture: {LogPrefix}{UsualLog}");
            return null;
        }

        if (node is TextNode { Text: var named } nflog && named.StartsWith(NflogPrefix, StringComparison.Ordinal))
            return values.Number("capture: nflog", nflog with { Text = named[NflogPrefix.Length..], Plain = false }, 0, ushort.MaxValue) is { } group ? new(CaptureWay.Nflog) { Group = (ushort)group } : null;
        return values.Choice("capture", node, Words) is { } way ? new(way) { Group = way == CaptureWay.Nflog ? UsualGroup : (ushort)0 } : null;
    }

    /// <summary>As the configuration has it.</summary>
    public override string ToString() => Way switch
    {
        CaptureWay.Log => LogPrefix + File,
        CaptureWay.Nflog => string.Create(CultureInfo.InvariantCulture, $"{NflogPrefix}{Group}"),
        _ => Words.First(w => w.Value == Way).Word,
    };

    private static readonly (string Word, CaptureWay Value)[] Words =
        [("packet", CaptureWay.Packet), ("nflog", CaptureWay.Nflog), ("udp", CaptureWay.Udp), ("journal", CaptureWay.Journal), ("log:FILE", CaptureWay.Log)];
}
