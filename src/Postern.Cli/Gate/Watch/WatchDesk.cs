using System.Collections.Immutable;
using System.Diagnostics;
using Postern.Cli.Configuration;
using Postern.Cli.Control;
using Postern.Cli.Explaining;
using Postern.Confinement;
using Postern.Reports;
using Postern.Reports.Watching;
using Postern.Sentry;
using Postern.Warden;

namespace Postern.Cli.Gate.Watch;

/// <summary>
/// Tells those who watch what happens: what the sentry says of packets, and what the warden did. While nobody watches nothing is said, and nothing costs anything. A watcher who does
/// not keep up misses lines, and is told how many; nobody waits for him.
/// <code>
/// sentry ─► sightings (72 bytes, so many a second) ─┐
/// warden ─► audit ──────────────────────────────────┴─► a queue for each watcher ─► control socket
///        ◄─ page: watched until, whom ◄── each second that somebody watches
/// </code>
/// </summary>
internal sealed class WatchDesk : IDisposable
{
    public const int MostWatchers = 8;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>So long the sentry goes on where nobody says that somebody still watches.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan SendPatience = TimeSpan.FromSeconds(8);

    /// <summary>Older than any that waited for us.</summary>
    private static readonly TimeSpan MostAge = TimeSpan.FromSeconds(10);

    /// <summary>Of sightings. A sentry says some 400 a second, and a channel that was not read for a while holds a thousand more.</summary>
    private const int MostPerSecond = 8192;

    private readonly Lock _lock = new();
    private readonly SharedPage _page = SharedPage.Make("postern-watch", WatchPage.Size);
    private readonly Func<GateConfiguration> _configuration;
    private readonly Func<PacketStatus> _counters;
    private ImmutableArray<Watcher> _watchers = [];
    private (GateConfiguration Of, DoorNames Names)? _doors;
    private long _second;
    private int _inSecond;
    private long _heldBack;
    private bool _ended;

    /// <param name="configuration">In force now.</param>
    /// <param name="counters">Of packets, as they stand now.</param>
    /// <exception cref="ConfinementException">The kernel has no such memory.</exception>
    public WatchDesk(Func<GateConfiguration> configuration, Func<PacketStatus> counters) => (_configuration, _counters) = (configuration, counters);

    /// <summary>For the sentry, which can only read it.</summary>
    public Descriptor Page => _page.Descriptor;

    /// <summary>Null: there are as many as may be.</summary>
    /// <param name="client">Who alone is to be told of; null: everybody.</param>
    /// <param name="right">Those who may only look have places of their own, so that root always finds one.</param>
    public Watcher? Join(Address? client, ControlRight right)
    {
        lock (_lock)
        {
            if (_watchers.Count(w => w.Right == right) >= MostWatchers)
                return null;
            var watcher = new Watcher(client, right);
            _watchers = _watchers.Add(watcher);
            return watcher;
        }
    }

    /// <summary>Sends lines until the watcher hangs up, is too slow or may not look any more, or the gate stops.</summary>
    /// <exception cref="OperationCanceledException">Too slow, or the gate stops.</exception>
    public async Task ServeAsync(Watcher watcher, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> send, Func<bool> mayLook, CancellationToken stop)
    {
        try
        {
            var more = watcher.WaitAsync();
            while (mayLook()) // a reload may have other readers
            {
                Renew();
                await SendAsync(CountersLine(watcher));
                for (var tick = Task.Delay(Tick, stop); await Task.WhenAny(tick, more) == more; more = watcher.WaitAsync())
                    await SendAsync(watcher.TakeAll());
                stop.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            lock (_lock)
                _watchers = _watchers.Remove(watcher);
            Renew();
        }

        async ValueTask SendAsync(ReadOnlyMemory<byte> lines)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            patience.CancelAfter(SendPatience);
            await send(lines, patience.Token);
        }
    }

    /// <summary>What a sentry said, on the thread that hears it. False: no sentry says so much.</summary>
    public bool Take(in Sighting sighting, SentryOptions options)
    {
        lock (_lock)
        {
            if (_second == 0 || Stopwatch.GetElapsedTime(_second) >= Tick)
                (_second, _inSecond) = (Stopwatch.GetTimestamp(), 0);
            if (++_inSecond > MostPerSecond)
                return false;
            _heldBack += sighting.HeldBack;
            if (_watchers.IsEmpty || _configuration() is not { } configuration || configuration.Sequences != options.Doors)
                return true; // of a guard that has just been changed: its doors have other names
            if (_doors is not { } known || !ReferenceEquals(known.Of, configuration))
                _doors = known = (configuration, new(configuration));
            Put(WatchLine.Of(sighting, known.Names, TimeOf(sighting)), sighting.Source, sighting.Source);
            return true;
        }
    }

    /// <summary>What the warden did, on its thread.</summary>
    public void Take(in AuditEntry entry)
    {
        if (_watchers.IsEmpty)
            return;
        lock (_lock)
            Put(WatchLine.Of(entry, GateClock.Now().Wall), entry.Source, entry.By is { } by && by.Packet != Address.None ? by.Packet : entry.Source);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
            _page.Dispose();
        }
    }

    private void Put(WatchLine line, Address one, Address other)
    {
        byte[]? bytes = null;
        foreach (var watcher in _watchers)
        {
            if (watcher.Client is null || watcher.Client == one || watcher.Client == other)
                watcher.Put(bytes ??= line.ToBytes());
        }
    }

    private void Renew()
    {
        lock (_lock)
        {
            if (_ended)
                return;
            var clients = _watchers.Select(w => w.Client).OfType<Address>().Distinct().ToArray();
            var until = _watchers.IsEmpty ? TimeSpan.Zero : GateClock.Now().Uptime + Lease;
            WatchPage.Write(_page.Memory.Span, until.Ticks * TimeSpan.NanosecondsPerTick, clients, others: _watchers.Any(w => w.Client is null));
        }
    }

    private byte[] CountersLine(Watcher watcher)
    {
        var counters = _counters();
        lock (_lock)
        {
            return new WatchLine(ExplainJson.Rfc3339(GateClock.Now().Wall))
            {
                Counters = new(counters.Read, counters.Reports, Sum(counters.Refused.Values) + Sum(counters.RefusedFwknop.Values), counters.DroppedByRing, counters.DroppedReports, counters.AttemptsEvicted, _heldBack, watcher.Missed),
            }.ToBytes();
        }
    }

    /// <summary>The sentry says them, and may say anything.</summary>
    private static long Sum(IEnumerable<long> counts) => counts.Aggregate(0L, (all, one) => unchecked(all + one));

    private static DateTimeOffset TimeOf(in Sighting sighting)
    {
        var now = GateClock.Now();
        var age = now.Uptime - TimeSpan.FromTicks(sighting.Seen / TimeSpan.NanosecondsPerTick);
        return now.Wall - (age < TimeSpan.Zero ? TimeSpan.Zero : age > MostAge ? MostAge : age);
    }
}
