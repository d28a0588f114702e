using Postern.Reports;

namespace Postern.Warden.Tests;

/// <summary>The audit as lines to compare.</summary>
internal sealed class Lines : IAudit
{
    public List<AuditEntry> Entries { get; } = [];

    public List<string> Notes { get; } = [];

    public void Write(in AuditEntry entry)
    {
        Entries.Add(entry);
        Notes.Add(
            $"{entry.What.ToString().ToLowerInvariant()} {(entry.Knock.Length == 0 ? "-" : entry.Knock)} {entry.Service} {entry.Source} "
            + $"{(entry.Until is { } until ? until.ToString("HH:mm:ss") : "-")} {entry.Refusal.Word()} {entry.Detail}".TrimEnd());
    }
}
