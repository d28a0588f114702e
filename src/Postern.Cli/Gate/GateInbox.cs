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

    private readonly BlockingCollection<GateEvent> _calls = [];
    private readonly BlockingCollection<GateEvent> _reports = new(Places);
    private readonly BlockingCollection<GateEvent>[] _inTurn;
    private long _dropped;

    public GateInbox() => _inTurn = [_calls, _reports];

    public long DroppedReports => Interlocked.Read(ref _dropped);

    public void Put(in Report report)
    {
        // The bytes of a request are the sentry's own, and good only until its next packet.
        var kept = report.Request.IsEmpty ? report : report with { Request = report.Request.ToArray() };
        if (!_reports.TryAdd(new(GateEventKind.Report, kept)))
            Interlocked.Increment(ref _dropped);
    }

    /// <summary>Taken before all reports, and never dropped, unless the gate has stopped and nobody is left to tell. Whoever puts something in bounds it himself.</summary>
    public void Put(GateEvent item)
    {
        try
        {
            _calls.Add(item);
        }
        catch (ObjectDisposedException)
        {
            // A reload or a change of rules that came while the gate stopped.
        }
    }

    /// <summary>What is not a report goes first: knocks, however many, must not hold up a revocation, the rules or an operator.</summary>
    public bool TryTake(TimeSpan? wait, out GateEvent item)
    {
        var time = wait is { } limit ? (int)Math.Clamp(Math.Ceiling(limit.TotalMilliseconds), 0, int.MaxValue) : Timeout.Infinite;
        return _calls.TryTake(out item) || BlockingCollection<GateEvent>.TryTakeFromAny(_inTurn, out item, time) >= 0;
    }

    public void Dispose()
    {
        _calls.Dispose();
        _reports.Dispose();
    }
}
