namespace Postern.Packets.Ring;

/// <summary>
/// How one thread reads from a source while any other may end its wait, or take away what it reads from: an event to be woken by, and a closing that waits until nobody reads.
/// <para>
/// The reader says that it reads, then looks whether it shall stop; who closes says that it shall stop, and looks whether it reads. The barrier on all processors
/// keeps both from being late, at no cost to the reader.
/// </para>
/// </summary>
internal sealed unsafe class ReaderTurn
{
    private volatile bool _stopped;
    private volatile bool _reading;

    /// <exception cref="CaptureException">The system has no descriptors left.</exception>
    public ReaderTurn()
    {
        Wake = Libc.EventFd(0, Libc.EventCloseOnExec | Libc.EventNonBlock);
        if (Wake < 0)
            throw RingSocket.Failure("make an event to be woken by");
    }

    /// <summary>Ready to be read once the reader shall stop. The reader's to wait for.</summary>
    public int Wake { get; }

    public bool IsStopped => _stopped;

    /// <summary>Held by whoever uses what is closed later, and is not the reader.</summary>
    public Lock Control { get; } = new();

    /// <summary>Under <see cref="Control"/>.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>From here on, until <see cref="End"/>, nothing is closed.</summary>
    public void Begin() => _reading = true;

    public void End() => _reading = false;

    /// <summary>The reader's wait ends now, and every later one at once.</summary>
    public void Stop()
    {
        _stopped = true;
        lock (Control)
        {
            if (IsClosed)
                return;
            var one = 1UL;
            _ = Libc.Write(Wake, &one, sizeof(ulong));
        }
    }

    /// <summary>Stops the reader, waits until it has left, and closes, the first time.</summary>
    /// <param name="release">What else is to be given back.</param>
    public void Close(Action release)
    {
        Stop();
        Interlocked.MemoryBarrierProcessWide();
        var spin = new SpinWait();
        while (_reading)
            spin.SpinOnce();
        lock (Control)
        {
            if (IsClosed)
                return;
            release();
            IsClosed = true;
            _ = Libc.Close(Wake);
        }
    }
}
