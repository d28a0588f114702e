using System.Collections.Immutable;
using Postern.Cli.Gate.Watch;
using Postern.Confinement;
using Postern.Reports;

namespace Postern.Cli.Gate;

/// <summary>
/// All that the warden's one thread waits for: the sentries' channels, which it reads itself, and what others put in. Everything is bounded: what a
/// sentry says beyond that is dropped and counted, so that the sentry never waits and nothing grows. Signed requests, each of which costs a
/// signature and a wait for the disk, have a queue of their own, and so have tokens, of which each is a wait: however many there are, no sequence waits behind them or is dropped for them.
/// </summary>
internal sealed class GateInbox : IDisposable
{
    private const int SequencePlaces = 1024;

    /// <summary>Some 40 ms of signatures: who would wait longer knocks again.</summary>
    private const int SignedPlaces = 512;

    private const int TokenPlaces = 256;

    /// <summary>In one turn: short enough that an operator who comes meanwhile is not kept waiting.</summary>
    private const int SequencesInTurn = 48;
    private const int SignedInTurn = 16;
    private const int TokensInTurn = 8;

    public const int MostInTurn = SequencesInTurn + SignedInTurn + TokensInTurn;

    private readonly Lock _turn = new();
    private readonly Doorbell _bell = new();
    private readonly Queue<GateEvent> _calls = [];
    private readonly ReportQueue _sequences = new(SequencePlaces);
    private readonly ReportQueue _signed = new(SignedPlaces);
    private readonly ReportQueue _tokens = new(TokenPlaces);
    private ImmutableArray<RunningSentry> _sentries = [];
    private ImmutableArray<Channel> _channels = [];
    private long _dropped;
    private bool _isWaiting;

    public long DroppedReports => Interlocked.Read(ref _dropped);

    public void Put(in Report report)
    {
        lock (_turn)
        {
            if (!QueueOf(report.Kind).TryAdd(report))
                Interlocked.Increment(ref _dropped);
            RingIfWaitedFor();
        }
    }

    /// <summary>Taken before all reports, and never dropped. Whoever puts something in bounds it himself.</summary>
    public void Put(GateEvent item)
    {
        lock (_turn)
        {
            _calls.Enqueue(item);
            RingIfWaitedFor();
        }
    }

    /// <summary>From now on whoever waits here reads what it says.</summary>
    public void Hear(RunningSentry sentry)
    {
        lock (_turn)
        {
            (_sentries, _channels) = (_sentries.Add(sentry), _channels.Add(sentry.Channel));
            RingIfWaitedFor();
        }
    }

    public void Ignore(RunningSentry sentry)
    {
        lock (_turn)
            (_sentries, _channels) = (_sentries.Remove(sentry), _channels.Remove(sentry.Channel));
    }

    /// <summary>What is not a report goes first: knocks, however many, must not hold up a revocation, the rules or an operator.</summary>
    public bool TryTake(out GateEvent item)
    {
        lock (_turn)
            return _calls.TryDequeue(out item);
    }

    /// <summary>The reports of one turn: of each kind some, so that none waits for another to end.</summary>
    /// <param name="reports">At least <see cref="MostInTurn"/> places.</param>
    public int Take(Span<Report> reports)
    {
        lock (_turn)
        {
            var taken = _sequences.Take(reports[..SequencesInTurn]);
            taken += _signed.Take(reports.Slice(taken, SignedInTurn));
            return taken + _tokens.Take(reports.Slice(taken, TokensInTurn));
        }
    }

    /// <summary>
    /// Waits until there is something to take, and reads what the sentries have said until then. Whether there is anything afterwards is for
    /// <see cref="TryTake"/> and <see cref="Take"/> to say.
    /// </summary>
    /// <param name="time">At most; null: for ever.</param>
    public void Wait(TimeSpan? time)
    {
        ImmutableArray<RunningSentry> sentries;
        ImmutableArray<Channel> channels;
        lock (_turn)
        {
            (sentries, channels) = (_sentries, _channels);
            if (_calls.Count > 0 || _sequences.Count > 0 || _signed.Count > 0 || _tokens.Count > 0)
                time = TimeSpan.Zero; // only to hear what has come meanwhile
            _isWaiting = true;
        }

        foreach (var sentry in sentries)
            time = time is { } limit && limit < sentry.PatienceLeft ? limit : sentry.PatienceLeft;
        Span<bool> ready = stackalloc bool[sentries.Length];
        _bell.Wait(channels.AsSpan(), ready, time);
        lock (_turn)
            _isWaiting = false;
        for (var i = 0; i < sentries.Length; i++)
        {
            if (ready[i] || sentries[i].PatienceLeft == TimeSpan.Zero)
                sentries[i].Hear();
        }
    }

    public void Dispose() => _bell.Dispose();

    private ReportQueue QueueOf(ReportKind kind) => kind switch
    {
        ReportKind.SignedRequest => _signed,
        ReportKind.Token => _tokens,
        _ => _sequences,
    };

    private void RingIfWaitedFor()
    {
        if (!_isWaiting)
            return;
        _isWaiting = false;
        _bell.Ring();
    }
}
