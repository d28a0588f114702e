using System.Runtime.CompilerServices;

namespace Postern.Tests;

/// <summary>A file of spec/vectors: comments, and lines of <c>name: value</c> (spec/spa.md §12).</summary>
internal sealed class SpaVector
{
    private static readonly HashSet<string> Known =
    [
        "gate-private", "gate-public", "gate-secret", "clock-skew", "require", "service", "allow", "deny", "hours", "key", "option", "ledger", "ledger-lost", "earlier", "now",
        "source", "packet", "expect", "grant", "request-time", "request-gate-id", "request-key-hint", "request-address", "request-source-port", "request-seconds",
        "request-services", "request-close", "request-device", "request-receipt-key", "request-system", "request-signature", "request-data", "receipt-private", "receipt-public",
        "nonce-mark", "receipt-outcome", "receipt-gate-time", "receipt-address", "receipt-seconds-left", "receipt-word",
    ];

    private readonly ILookup<string, string> _fields;

    private SpaVector(string name)
    {
        _fields = File.ReadLines(Path.Combine(Folder, name + ".vector"))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => (Line: line, Colon: line.IndexOf(':')))
            .ToLookup(l => Known.Contains(l.Line[..l.Colon]) ? l.Line[..l.Colon] : throw new InvalidDataException($"{name}: {l.Line}"), l => l.Line[(l.Colon + 1)..].Trim());
    }

    public static string Folder { get; } = FolderOf();

    public string Expect => One("expect");

    public byte[] Packet => Bytes("packet");

    /// <summary>Those of one kind: <c>spa</c> (packets) or <c>receipt</c>.</summary>
    public static TheoryData<string> Names(string kind) =>
        [.. Directory.GetFiles(Path.Combine(Folder, kind), "*.vector").Select(file => kind + "/" + Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    public static SpaVector Read(string name) => new(name);

    public bool Has(string field) => _fields.Contains(field);

    public string One(string field) => _fields[field].Single();

    public ulong Number(string field) => ulong.Parse(One(field), System.Globalization.CultureInfo.InvariantCulture);

    public byte[] Bytes(string field) => Convert.FromHexString(One(field));

    public string[] All(string field) => [.. _fields[field]];

    private static string FolderOf([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../spec/vectors"));
}
