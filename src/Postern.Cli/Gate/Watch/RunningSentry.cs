using System.Diagnostics;
using Postern.Confinement;
using Postern.Reports;
using Postern.Reports.Watching;
using Postern.Sentry;

namespace Postern.Cli.Gate.Watch;

/// <summary>Why a sentry is to be replaced, where it did not end by itself.</summary>
internal enum Misconduct
{
    None,

    /// <summary>It said something that no sentry says.</summary>
    Nonsense,

    /// <summary>It gave no sign of life.</summary>
    Silence,

    /// <summary>It took more memory than it can need.</summary>
    Greed,
}

/// <summary>
/// A sentry as the warden sees it: a process that it was given the number of, and the channel that it reports by. Every message is taken as an enemy's, and it is
/// said when one is. Until its first sign of life a thread reads them; from then on it is the warden's own, at its inbox, so that a report wakes no other.
/// </summary>
internal sealed class RunningSentry : IDisposable
{
    /// <summary>A sign of life so often: each is a wake-up of a process that may otherwise sleep for days.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(2);

    /// <summary>Two signs of life may be late or lost.</summary>
    private static readonly TimeSpan Patience = Beat * 2.5;

    /// <summary>To its first sign of life: a runtime has to start, on a machine that may be busy.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(10);

    /// <summary>For the steward's word, which comes another way than the end of the channel.</summary>
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(1);

    /// <summary>Signs of life that come sooner after another than a quarter of the beat, in a row.</summary>
    private const int MostHurried = 64;

    /// <summary>Messages that are read in one go: what may be under way.</summary>
    private const int MostAtOnce = 512;

    private readonly Channel _channel;
    private readonly GateInbox _inbox;
    private readonly WatchDesk _watch;
    private readonly TaskCompletionSource<bool> _standing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _maxMemory;
    private readonly byte[] _message = new byte[Report.SignedSize];
    private Tally? _tally;
    private long _told = Stopwatch.GetTimestamp();
    private int _process;
    private long _stood;
    private int _hurried;

    public RunningSentry(int id, SentryOptions options, CaptureSet capture, Channel channel, GateInbox inbox, WatchDesk watch, long maxMemory)
    {
        (Id, Options, Capture, _channel, _inbox, _watch, _maxMemory) = (id, options, capture, channel, inbox, watch, maxMemory);
        new Thread(Listen) { Name = "reports", IsBackground = true }.Start();
    }

    public int Id { get; }

    public SentryOptions Options { get; }

    public CaptureSet Capture { get; }

    public Channel Channel => _channel;

    /// <summary>Until it has been silent for too long.</summary>
    public TimeSpan PatienceLeft => Patience - Stopwatch.GetElapsedTime(_told) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    public long Began { get; } = Stopwatch.GetTimestamp();

    /// <summary>0: not known yet.</summary>
    public int Process
    {
        get => Volatile.Read(ref _process);
        set => Volatile.Write(ref _process, value);
    }

    /// <summary>What it said last that it had counted; null: nothing yet.</summary>
    public Tally? Tally => Volatile.Read(ref _tally);

    /// <summary>Waits for its first sign of life. False: it ended without one (<see cref="End"/> says how), or is silent.</summary>
    public bool Stands()
    {
        if (_standing.Task.Wait(StartPatience) && _standing.Task.Result)
            return true;
        _ = _ended.Task.Wait(EndPatience);
        return false;
    }

    /// <summary>How long ago it gave its first sign of life.</summary>
    public TimeSpan Stood => _stood == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_stood);

    /// <summary>How it ended; empty while it has not.</summary>
    public string End { get; private set; } = "";

    /// <summary>As the log has it: "the sentry was ended for …".</summary>
    public static string Tell(Misconduct why) => why switch
    {
        Misconduct.Nonsense => "saying what no sentry says",
        Misconduct.Silence => "giving no sign of life",
        Misconduct.Greed => "taking more memory than it can need",
        _ => throw new ArgumentOutOfRangeException(nameof(why), why, "no misconduct"),
    };

    /// <summary>It has ended, as the steward says. Whether it stood before is for its channel to say, which may still hold its last words.</summary>
    public void NoteEnd(string how)
    {
        End = how;
        _ended.TrySetResult();
    }

    public void Dispose()
    {
        _inbox.Ignore(this);
        _channel.ShutDown();
        _channel.Dispose();
    }

    private void Listen()
    {
        Misconduct found;
        do
        {
            var reception = _channel.Receive(_message, descriptors: 0, StartPatience);
            if (reception.Outcome == Received.Ended)
            {
                _standing.TrySetResult(false);
                return; // the steward tells the rest
            }

            found = Judge(reception, _message);
        }
        while (found == Misconduct.None && !_standing.Task.IsCompleted);
        if (found == Misconduct.None)
            _inbox.Hear(this);
        else
            Denounce(found);
    }

    /// <summary>Reads what it has said since it stood, which may be nothing, on the thread of the inbox. Whoever has left messages waiting is not silent.</summary>
    public void Hear()
    {
        var found = Misconduct.None;
        for (var i = 0; i < MostAtOnce && found == Misconduct.None; i++)
        {
            var reception = _channel.Receive(_message, descriptors: 0, TimeSpan.Zero);
            if (reception.Outcome == Received.Ended)
            {
                _inbox.Ignore(this);
                return; // the steward tells the rest
            }

            if (reception.Outcome == Received.TimedOut)
                break;
            found = Judge(reception, _message);
        }

        if (found == Misconduct.None && PatienceLeft == TimeSpan.Zero)
            found = Misconduct.Silence; // whatever else it says, it must give signs of life
        if (found != Misconduct.None)
            Denounce(found);
    }

    private void Denounce(Misconduct found)
    {
        _inbox.Ignore(this);
        _standing.TrySetResult(false);
        _inbox.Put(new(GateEventKind.Misconduct, Sentry: this, Misconduct: found));
    }

    /// <summary>Each sign of life costs a look at its memory; a sentry that stands gives one a beat, and some that waited for us may come at once.</summary>
    private bool IsChattering()
    {
        if (Stopwatch.GetElapsedTime(_told) > Beat / 4)
            _hurried = 0;
        return ++_hurried > MostHurried;
    }

    private Misconduct Judge(in Reception reception, ReadOnlySpan<byte> message)
    {
        if (reception.Outcome == Received.TimedOut)
            return Misconduct.Silence;
        if (reception.Outcome != Received.Message)
            return Misconduct.Nonsense;
        message = message[..reception.Length];
        if (Report.TryRead(message, out var report))
        {
            _inbox.Put(report);
            return Misconduct.None;
        }

        if (message.Length > Report.Size && TryHearSeveral(message))
            return Misconduct.None;
        if (Sighting.TryRead(message, out var sighting))
        {
            if (sighting.Generation != Options.Generation || !_watch.Take(sighting, Options))
                return Misconduct.Nonsense;
            return Misconduct.None;
        }

        if (!Tally.TryRead(message, out var tally) || tally!.Generation != Options.Generation || IsChattering())
            return Misconduct.Nonsense;
        Volatile.Write(ref _tally, tally);
        _told = Stopwatch.GetTimestamp();
        if (_standing.TrySetResult(true))
            _stood = Stopwatch.GetTimestamp();
        return Process != 0 && Standing.ResidentOf(Process) > _maxMemory ? Misconduct.Greed : Misconduct.None;
    }

    /// <summary>None counts unless all are what a sentry writes.</summary>
    private bool TryHearSeveral(ReadOnlySpan<byte> message)
    {
        for (var left = message; !left.IsEmpty;)
        {
            if (!Report.TryReadNext(ref left, out _))
                return false;
        }

        while (Report.TryReadNext(ref message, out var report))
            _inbox.Put(report);
        return true;
    }
}
