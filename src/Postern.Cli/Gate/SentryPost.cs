using Postern.Packets;

namespace Postern.Cli.Gate;

/// <summary>The sentry at work: a thread that reads packets and puts reports into the inbox, and does nothing else.</summary>
internal sealed class SentryPost : IDisposable
{
    private readonly IPacketSource _source;
    private readonly GateInbox _inbox;
    private readonly Thread _thread;
    private volatile Sentry.Sentry _sentry;

    public SentryPost(IPacketSource source, Sentry.Sentry sentry, GateInbox inbox)
    {
        _source = source;
        _sentry = sentry;
        _inbox = inbox;
        _thread = new Thread(Watch) { Name = "sentry", IsBackground = true };
    }

    /// <summary>May be replaced while packets arrive; attempts in progress are then forgotten.</summary>
    public Sentry.Sentry Sentry
    {
        get => _sentry;
        set => _sentry = value;
    }

    public void Start() => _thread.Start();

    public void Dispose()
    {
        _source.Stop();
        if (_thread.IsAlive)
            _thread.Join();
    }

    private void Watch()
    {
        while (_source.TryRead(out var packet))
        {
            foreach (ref readonly var report in _sentry.Watch(packet))
                _inbox.Put(report);
        }
    }
}
