using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Postern.Cli.Configuration;
using Postern.Cli.Gate.Household;
using Postern.Confinement;
using Postern.Packets;
using Postern.Sentry;
using Postern.Steward;

namespace Postern.Cli.Gate.Watch;

/// <summary>
/// Sees to it that a sentry stands at the gate: has one started, puts another in its place when it dies, hangs, grows or talks nonsense, and changes the
/// guard when the configuration changes. <see cref="Begin"/> may be called from any thread; all else belongs to the warden's, but <see cref="HearEnd"/>, which is any's.
/// </summary>
internal sealed class SentryPost(StewardLink steward, GateInbox inbox, WatchDesk watch, ILogger log) : IDisposable
{
    /// <summary>Reports that may be under way: some hundreds. What does not fit is counted by the sentry.</summary>
    private const int ReportRoom = 1 << 20;

    /// <summary>A sentry of a large configuration under a flood takes some 60 MB.</summary>
    private const long MaxMemory = 256L << 20;

    private static readonly TimeSpan LongLife = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    private readonly Pace _pace = new(TimeSpan.FromMilliseconds(50), longest: TimeSpan.FromSeconds(1), LongLife);
    private readonly ConcurrentDictionary<int, RunningSentry> _all = new();
    private readonly SentryCounters _before = new();
    private GateConfiguration? _configuration;
    private SentryOptions? _options;
    private RunningSentry? _current;
    private CaptureSet? _capture;
    private int _lastId;
    private uint _lastGeneration;
    private TimeSpan? _dueAt;
    private bool _hung;

    public RunningSentry? Current => _current;

    /// <summary>What sentries watch by now, where one may take it over from another; null: nothing is there. Any thread may ask, and must expect that it changes.</summary>
    public CaptureSet? Capture => Volatile.Read(ref _capture);

    /// <summary>No descriptor, thread or memory is to be had: later, perhaps.</summary>
    public static bool IsWantOfRoom(Exception e) => e is IOException or OutOfMemoryException or ThreadStartException;

    /// <summary>How many were put in the place of another that had failed.</summary>
    public int Replaced { get; private set; }

    /// <summary>When <see cref="Catch"/> has something to do.</summary>
    public TimeSpan? Due => _dueAt;

    /// <summary>A number that no configuration has had in this life.</summary>
    public uint NextGeneration() => Interlocked.Increment(ref _lastGeneration);

    /// <summary>Has a sentry started that nobody listens to yet; its reports count when <see cref="Post"/> has been called with it.</summary>
    /// <param name="configuration">Where and how it captures.</param>
    /// <param name="options">Its orders.</param>
    /// <param name="capture">Sockets that are there already; null: new ones.</param>
    /// <exception cref="CaptureException">The kernel does not let us see packets.</exception>
    public RunningSentry Begin(GateConfiguration configuration, SentryOptions options, CaptureSet? capture = null)
    {
        var opened = capture is null ? CaptureSet.Open(configuration, options, steward) : null;
        try
        {
            return Start(configuration, options, capture ?? opened!, Channel.Pair(ReportRoom));
        }
        catch
        {
            opened?.Dispose();
            throw;
        }
    }

    private RunningSentry Start(GateConfiguration configuration, SentryOptions options, CaptureSet capture, (Channel Ours, Channel Theirs) channel)
    {
        RunningSentry? sentry = null;
        using var theirs = channel.Theirs;
        try
        {
            var (read, write) = Pipe.Make();
            using (read)
            {
                sentry = new RunningSentry(Interlocked.Increment(ref _lastId), options, capture, channel.Ours, inbox, watch, MaxMemory);
                _all[sentry.Id] = sentry;
                if (!steward.StartSentry(sentry.Id, [read, theirs.Descriptor, watch.Page, .. capture.Sockets]))
                    sentry.NoteEnd("the steward is gone");
                HandOver(new SentryOrders(options) { Ring = capture.Ring, Source = capture.Source, Interfaces = configuration.Interfaces }, write);
                return sentry;
            }
        }
        catch
        {
            if (sentry is null)
                channel.Ours.Dispose();
            else
                Dismiss(sentry);
            throw;
        }
    }

    /// <summary>Changes the guard.</summary>
    public void Post(RunningSentry sentry, GateConfiguration configuration)
    {
        var before = _current;
        if (!ReferenceEquals(_capture, sentry.Capture))
            _capture?.Dispose();
        (_current, _capture, _configuration, _options, _dueAt) = (sentry, sentry.Capture, configuration, sentry.Options, null);
        if (before is not null)
            Dismiss(before);
        if (sentry.End.Length > 0)
            Replace(GateClock.Now().Uptime); // it ended, or was found out, before it was posted
    }

    /// <summary>A sentry that was begun and is not wanted.</summary>
    public void Dismiss(RunningSentry sentry)
    {
        if (!_all.TryRemove(sentry.Id, out _))
            return;
        if (sentry.Tally is { } tally)
            _before.Add(tally.Numbers.AsSpan());
        steward.EndSentry(sentry.Id);
        sentry.Dispose();
        if (!ReferenceEquals(_capture, sentry.Capture))
            sentry.Capture.Dispose();
    }

    public void NoteStart(int id, int process)
    {
        if (_all.TryGetValue(id, out var sentry))
            sentry.Process = process;
    }

    /// <summary>The steward says that one has ended. The warden may be waiting for it to stand up, and would hear it from nobody else.</summary>
    public void HearEnd(int id, string how)
    {
        if (_all.TryGetValue(id, out var sentry))
            sentry.NoteEnd(how);
    }

    /// <summary>The same, in its turn: another takes its place.</summary>
    public void NoteEnd(int id, string how, TimeSpan now)
    {
        if (!_all.TryGetValue(id, out var sentry))
            return;
        if (!ReferenceEquals(sentry, _current))
        {
            sentry.NoteEnd(how);
            return; // whoever waits for it sees that
        }

        GateLog.SentryEnded(log, how);
        Replace(now);
    }

    /// <summary>What it said, or did not say, is none of ours: whatever it wrote into the ring is thrown away with it.</summary>
    public void NoteMisconduct(RunningSentry sentry, Misconduct why, TimeSpan now)
    {
        if (!_all.ContainsKey(sentry.Id))
            return;
        sentry.NoteEnd(why.ToString());
        if (!ReferenceEquals(sentry, _current))
            return;
        GateLog.SentryMisbehaved(log, RunningSentry.Tell(why));
        if (why != Misconduct.Silence)
            ForgetCapture();
        Replace(now);
    }

    /// <summary>Starts the sentry whose start was put off.</summary>
    public void Catch(TimeSpan now)
    {
        if (_dueAt is not { } due || now < due)
            return;
        _dueAt = null;
        try
        {
            var sentry = Begin(_configuration!, _options!, _capture);
            Replaced++;
            Post(sentry, _configuration!);
        }
        catch (Exception e) when (e is CaptureException or ConfinementException || IsWantOfRoom(e))
        {
            GateLog.SentryNotStarted(log, e.Message);
            _dueAt = now + TimeSpan.FromSeconds(1);
        }
    }

    /// <summary>What all sentries have counted since the gate began.</summary>
    public SentryCounters Counters()
    {
        var all = new SentryCounters();
        all.Add(_before.Numbers);
        if (_current?.Tally is { } tally)
            all.Add(tally.Numbers.AsSpan());
        return all;
    }

    public void Dispose()
    {
        foreach (var sentry in _all.Values)
            Dismiss(sentry);
        _capture?.Dispose();
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "the capture stays where it is")]
    private void Replace(TimeSpan now)
    {
        var sentry = _current!;
        var life = Stopwatch.GetElapsedTime(sentry.Began);
        if (IsPerhapsPoisoned(sentry))
            ForgetCapture();
        _current = null;
        Dismiss(sentry);
        _dueAt = now + _pace.After(life);
        Catch(now);
    }

    /// <summary>
    /// What ended it may be a packet that the next one would read first. One that ends a sentry does so as soon as it stands; one that hangs it does so to two in a row.
    /// </summary>
    private bool IsPerhapsPoisoned(RunningSentry sentry)
    {
        var again = _hung && sentry.Stood < LongLife;
        _hung = sentry.End.Length > 0 && string.Equals(sentry.End, nameof(Misconduct.Silence), StringComparison.Ordinal);
        return sentry.Stood < AtOnce || (again && _hung);
    }

    private void ForgetCapture()
    {
        _capture?.Dispose();
        _capture = null;
    }

    /// <summary>Beside us, since a pipe holds 64 KiB and the other end may never read.</summary>
    private static void HandOver(SentryOrders orders, Descriptor pipe)
    {
        var bytes = orders.Write(Itself.Build);
        new Thread(() =>
        {
            try
            {
                using (pipe)
                {
                    using var file = new FileStream(new SafeFileHandle(pipe.Number, ownsHandle: false), FileAccess.Write, bufferSize: 0);
                    file.Write(bytes);
                }
            }
            catch (IOException)
            {
                // It ended before it had read them.
            }
            finally
            {
                Array.Clear(bytes); // keys
            }
        }) { Name = "orders", IsBackground = true }.Start();
    }
}
