using Postern.Packets.Filters;
using Postern.Packets.Ring;

namespace Postern.Packets;

/// <summary>
/// A packet socket on its way from one process to another: one may open it (CAP_NET_RAW), one says what comes through it and locks that, and
/// one, which needs no right at all, reads (<see cref="PacketRing.Adopt"/>). The ring belongs to the socket: it goes on filling while nobody reads.
/// </summary>
public static class CaptureSocket
{
    /// <summary>The number of an open descriptor, close-on-exec, the caller's to close; it hears nothing yet.</summary>
    /// <exception cref="CaptureException">The system does not let us, or cannot.</exception>
    public static int Open() => RingSocket.Open();

    /// <summary>Filter, ring, lock, and only then ears: nothing that the filter refuses has ever been in it. The filter stays for as long as the socket lives.</summary>
    /// <exception cref="CaptureException">The kernel refuses.</exception>
    /// <exception cref="ArgumentException">The filter or the size is none that the kernel can take.</exception>
    public static void Prepare(int socket, CaptureFilter filter, RingSize size)
    {
        size.Validate();
        RingSocket.Attach(socket, BpfProgram.From(filter));
        RingSocket.MakeRing(socket, size);
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
