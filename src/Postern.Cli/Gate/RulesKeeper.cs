using Microsoft.Extensions.Logging;
using Postern.Firewall;
using Postern.Reports;

namespace Postern.Cli.Gate;

/// <summary>Puts our rules back when somebody removes them from the kernel: first that, and then questions.</summary>
internal sealed class RulesKeeper : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly IFirewall _firewall;
    private readonly Func<Moment, int> _apply;
    private readonly GateInbox _inbox;
    private readonly ILogger _log;
    private readonly RulesWatch _watch;
    private int _noted;

    /// <param name="firewall">Asked whether they stand.</param>
    /// <param name="apply">Puts them up, or throws; answers how many grants it put back with them.</param>
    /// <param name="inbox">Where a change is noted.</param>
    /// <param name="log">Where it is told.</param>
    public RulesKeeper(IFirewall firewall, Func<Moment, int> apply, GateInbox inbox, ILogger log)
    {
        (_firewall, _apply, _inbox, _log) = (firewall, apply, inbox, log);
        _watch = new(Note);
    }

    /// <summary>When to try again; null: they stand.</summary>
    public TimeSpan? Due { get; private set; }

    /// <summary>One note in the inbox is enough, however fast others change their rules.</summary>
    public void Note()
    {
        if (Interlocked.Exchange(ref _noted, 1) == 0)
            _inbox.Put(new(GateEventKind.Rules));
    }

    /// <summary>Somebody changed rules in the kernel. If ours are gone, the services lie open.</summary>
    public void Restore(Moment now)
    {
        Volatile.Write(ref _noted, 0);
        try
        {
            if (!_firewall.Inspect().InPlace)
            {
                var grants = _apply(now);
                GateLog.RulesRestored(_log, grants);
            }

            Due = null;
        }
        catch (FirewallException e)
        {
            Due = now.Uptime + Pause;
            GateLog.RulesLost(_log, e.Message);
        }
    }

    public void Dispose() => _watch.Dispose();
}
