using Postern.Packets.Filters;
using Postern.Packets.Ring;

namespace Postern.Packets;

/// <summary>
/// A packet socket on its way from one process to another: one may open it (CAP_NET_RAW), one says what comes through it and locks that, and
/// one, which needs no right at all, reads (<see cref="PacketRing.Adopt"/>). The ring belongs to the socket: it goes on filling while nobody reads.
/// </summary>
public static class CaptureSocket
{
    /// <summary>
    /// The number of an open descriptor, close-on-exec, the caller's to close; it has its ring and hears nothing yet. For a ring the kernel waits until every processor has
    /// been elsewhere, some 10 ms: whoever can do something else meanwhile has another thread ask.
    /// </summary>
    /// <exception cref="CaptureException">The system does not let us, or cannot.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The size is none that the kernel can take.</exception>
    public static int Open(RingSize size)
    {
        size.Validate();
        return Owning(RingSocket.Open(), socket =>
        {
            RingSocket.MakeRing(socket, size);
            return socket;
        });
    }

    /// <summary>Filter, lock, and only then ears: nothing that the filter refuses has ever been in it. The filter stays for as long as the socket lives.</summary>
    /// <exception cref="CaptureException">The kernel refuses.</exception>
    /// <exception cref="ArgumentException">The filter is none that the kernel can take.</exception>
    public static void Prepare(int socket, CaptureFilter filter)
    {
        RingSocket.Attach(socket, BpfProgram.From(filter));
        RingSocket.LockFilter(socket);
        RingSocket.Listen(socket);
    }

    /// <summary>Closes it where what is done with it fails.</summary>
    internal static T Owning<T>(int socket, Func<int, T> use)
    {
        try
        {
            return use(socket);
        }
        catch
        {
            _ = Libc.Close(socket);
            throw;
        }
    }
}
