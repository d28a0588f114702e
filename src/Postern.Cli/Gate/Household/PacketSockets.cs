using Postern.Confinement;
using Postern.Packets;

namespace Postern.Cli.Gate.Household;

/// <summary>
/// Packet sockets for the warden, which may not open them; one ahead where it is about to ask: the kernel takes longer to make a ring than a warden takes to come to the
/// point where it needs one. It belongs to the steward's thread.
/// </summary>
internal sealed class PacketSockets : IDisposable
{
    private Ahead<Descriptor?>? _ahead;
    private bool _aheadKeepsWhole;
    private bool? _asked;

    /// <summary>Never more than one. Where it cannot be had, it is tried again when somebody asks.</summary>
    /// <param name="wholePackets">What the first warden will ask for; each later one what the one before asked for last, since a reload may have changed it.</param>
    public void Prepare(bool wholePackets)
    {
        if (_ahead is not null)
            return;
        var keepsWhole = _aheadKeepsWhole = _asked ?? wholePackets;
        _ahead = new(() => TryOpen(keepsWhole));
    }

    /// <summary>The caller's from here on.</summary>
    /// <exception cref="CaptureException">The kernel refuses.</exception>
    public Descriptor Take(bool wholePackets)
    {
        _asked = wholePackets;
        var ready = TakeReady();
        if (ready is not null && _aheadKeepsWhole == wholePackets)
            return ready;
        ready?.Dispose();
        return Open(wholePackets);
    }

    public void Dispose() => TakeReady()?.Dispose();

    private Descriptor? TakeReady()
    {
        var ahead = _ahead;
        _ahead = null;
        return ahead?.Take();
    }

    private static Descriptor Open(bool wholePackets) => Descriptor.Adopt(CaptureSocket.Open(RingSize.For(wholePackets)));

    private static Descriptor? TryOpen(bool wholePackets)
    {
        try
        {
            return Open(wholePackets);
        }
        catch (CaptureException)
        {
            return null; // whoever asks hears why
        }
    }
}
