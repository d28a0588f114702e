using Postern.Confinement;
using Postern.Packets;

namespace Postern.Cli.Gate.Household;

/// <summary>
/// Packet sockets for the warden, which may not open them; one ahead where it is about to ask: the kernel takes longer to make a ring than a warden takes to come to the
/// point where it needs one. It belongs to the steward's thread.
/// </summary>
internal sealed class PacketSockets : IDisposable
{
    private Ahead<Descriptor>? _ahead;
    private bool _aheadKeepsWhole;

    /// <summary>Never more than one. Where it cannot be had, whoever asks for it hears why.</summary>
    public void Prepare(bool wholePackets)
    {
        if (_ahead is not null)
            return;
        _ahead = new(() => Open(wholePackets));
        _aheadKeepsWhole = wholePackets;
    }

    /// <summary>The caller's from here on.</summary>
    /// <exception cref="CaptureException">The kernel refuses.</exception>
    public Descriptor Take(bool wholePackets)
    {
        if (_ahead is null || _aheadKeepsWhole != wholePackets)
            return Open(wholePackets);
        var ahead = _ahead;
        _ahead = null;
        return ahead.Take();
    }

    public void Dispose()
    {
        try
        {
            _ahead?.Take().Dispose();
        }
        catch (CaptureException)
        {
            // Nobody asked.
        }
    }

    private static Descriptor Open(bool wholePackets) => Descriptor.Adopt(CaptureSocket.Open(RingSize.For(wholePackets)));
}
