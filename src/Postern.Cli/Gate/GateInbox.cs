using System.Collections.Concurrent;
using Postern.Reports;

namespace Postern.Cli.Gate;

/// <summary>
/// The way to the warden, one way. It holds so much and no more: what the sentry cannot put in is dropped and counted, so that the
/// sentry never waits and nothing grows.
/// </summary>
internal sealed class GateInbox : IDisposable
{
    private const int Places = 4096;

    private readonly BlockingCollection<GateEvent> _events = new(Places);
    private long _dropped;

    public long DroppedReports => Interlocked.Read(ref _dropped);

    public void Put(in Report report)
    {
        // The bytes of a request are the sentry's own, and good only until its next packet.
        var kept = report.Request.IsEmpty ? report : report with { Request = report.Request.ToArray() };
        if (!_events.TryAdd(new(GateEventKind.Report, kept)))
            Interlocked.Increment(ref _dropped);
    }

    /// <summary>Waits for a place: an operator is never dropped, unless the gate has stopped and nobody is left to tell.</summary>
    public void Put(GateEvent item)
    {
        try
        {
            _events.Add(item);
        }
        catch (ObjectDisposedException)
        {
            // A reload or a change of rules that came while the gate stopped.
        }
    }

    public bool TryTake(TimeSpan? wait, out GateEvent item) =>
        _events.TryTake(out item, wait is { } time ? (int)Math.Clamp(Math.Ceiling(time.TotalMilliseconds), 0, int.MaxValue) : Timeout.Infinite);

    public void Dispose() => _events.Dispose();
}
