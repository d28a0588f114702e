using Postern.Warden;

namespace Postern.Cli.Gate.Watch;

/// <summary>Whoever watches is told what is written down.</summary>
internal sealed class WatchedAudit(IAudit written, WatchDesk watch) : IAudit
{
    public void Write(in AuditEntry entry)
    {
        written.Write(entry);
        watch.Take(entry);
    }
}
