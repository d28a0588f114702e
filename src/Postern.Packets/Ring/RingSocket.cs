using System.Collections.Immutable;
using System.Net;
using System.Runtime.InteropServices;
using Postern.Packets.Filters;

namespace Postern.Packets.Ring;

/// <summary>The calls that make, change and ask an AF_PACKET socket with a TPACKET_V3 ring, and what to tell people when one fails.</summary>
internal static unsafe class RingSocket
{
    private const int TPacketV3 = 2;
    private const short AllProtocols = 3;

    /// <summary>A kernel with a coarser tick takes the next tick.</summary>
    private const uint BlockMilliseconds = 1;

    /// <summary>Has no meaning in version 3 except that it must divide a block.</summary>
    private const uint FrameBytes = 2048;

    /// <summary>A socket for all interfaces that hears nothing yet: protocol 0 until <see cref="Listen"/>, so that no packet comes in before the filter is there.</summary>
    public static int Open()
    {
        var fd = Libc.Socket(Libc.AfPacket, Libc.SockDgram | Libc.SockCloseOnExec, 0);
        return fd >= 0 ? fd : throw Failure("open a packet socket");
    }

    public static void Attach(int fd, ImmutableArray<BpfInstruction> program)
    {
        fixed (BpfInstruction* instructions = program.AsSpan())
        {
            var filter = new Libc.FilterProgram { Length = (ushort)program.Length, Instructions = instructions };
            if (Libc.SetOption(fd, Libc.SolSocket, Libc.SoAttachFilter, &filter, (uint)sizeof(Libc.FilterProgram)) < 0)
                throw Failure("attach the filter for packets");
        }
    }

    /// <summary>
    /// <code>
    /// struct tpacket_req3   block size 4 · blocks 4 · frame size 4 · frames 4 · time-out in ms 4 · private area 4 · features 4
    /// </code>
    /// </summary>
    public static void MakeRing(int fd, RingSize size)
    {
        var version = TPacketV3;
        if (Libc.SetOption(fd, Libc.SolPacket, Libc.PacketVersion, &version, sizeof(int)) < 0)
            throw Failure("use version 3 of packet rings");

        var frames = (uint)size.BlockBytes / FrameBytes * (uint)size.Blocks;
        var request = stackalloc uint[] { (uint)size.BlockBytes, (uint)size.Blocks, FrameBytes, frames, BlockMilliseconds, 0, 0 };
        if (Libc.SetOption(fd, Libc.SolPacket, Libc.PacketRxRing, request, 7 * sizeof(uint)) < 0)
            throw Failure("make a ring for packets");

        // Spares the host's own outgoing packets the way to us. Before Linux 4.20 the filter alone sees to it.
        var yes = 1;
        _ = Libc.SetOption(fd, Libc.SolPacket, Libc.PacketIgnoreOutgoing, &yes, sizeof(int));
    }

    public static byte* Map(int fd, RingSize size)
    {
        var ring = Libc.Map(null, (nuint)size.Bytes, Libc.ProtRead | Libc.ProtWrite, Libc.MapShared, fd, 0);
        return (nint)ring != -1 ? (byte*)ring : throw Failure("map the ring for packets");
    }

    /// <summary>Whoever holds the socket from here on can neither change the filter nor take it away (socket(7), SO_LOCK_FILTER).</summary>
    public static void LockFilter(int fd)
    {
        var yes = 1;
        if (Libc.SetOption(fd, Libc.SolSocket, Libc.SoLockFilter, &yes, sizeof(int)) < 0)
            throw Failure("lock the filter for packets");
    }

    public static void Listen(int fd)
    {
        var address = new Libc.LinkAddress { Family = Libc.AfPacket, Protocol = (ushort)IPAddress.HostToNetworkOrder(AllProtocols) };
        if (Libc.Bind(fd, &address, (uint)sizeof(Libc.LinkAddress)) < 0)
            throw Failure("listen on all interfaces");
    }

    /// <summary>
    /// How many packets found no room since this was asked last, and how often there was none: the kernel forgets the numbers as it tells them.
    /// <code>
    /// struct tpacket_stats_v3   packets 4 · dropped 4 · times the ring was full 4
    /// </code>
    /// </summary>
    public static (uint Dropped, uint TimesFull) TakeLosses(int fd)
    {
        var statistics = stackalloc uint[3];
        uint length = 3 * sizeof(uint);
        return Libc.GetOption(fd, Libc.SolPacket, Libc.PacketStatistics, statistics, &length) == 0 ? (statistics[1], statistics[2]) : default;
    }

    /// <summary>Sleeps until the ring has a block to read, <paramref name="wake"/> is written to, or so many nanoseconds are over. Whether the ring has one.</summary>
    public static bool Wait(int fd, int wake, long nanoseconds)
    {
        var fds = stackalloc Libc.PollFd[]
        {
            new() { Fd = fd, Events = Libc.PollIn },
            new() { Fd = wake, Events = Libc.PollIn },
        };
        if (Libc.Poll(fds, 2, Libc.Milliseconds(nanoseconds)) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Libc.EIntr)
                throw Failure("wait for packets");
            return false;
        }

        // An error stays, and would end every wait at once, until it is asked for. It tells of an interface that went down: no matter, others are there.
        if ((fds[0].Returned & Libc.PollErr) != 0)
        {
            int error;
            uint length = sizeof(int);
            _ = Libc.GetOption(fd, Libc.SolSocket, Libc.SoError, &error, &length);
        }

        return (fds[0].Returned & Libc.PollIn) != 0;
    }

    /// <summary>Sleeps for so many nanoseconds, packets or not, or until <paramref name="wake"/> is written to.</summary>
    public static void Rest(int wake, long nanoseconds)
    {
        var fd = new Libc.PollFd { Fd = wake, Events = Libc.PollIn };
        _ = Libc.Poll(&fd, 1, Libc.Milliseconds(nanoseconds)); // a signal ends it early: no matter
    }

    public static CaptureException Failure(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        var (hint, missingPrivilege) = error switch
        {
            Libc.EPerm or Libc.EAcces => ("run as root, or with the capability CAP_NET_RAW in the user namespace that owns the network", true),
            Libc.EAfNoSupport => ("this kernel has no packet sockets (CONFIG_PACKET): load the module af_packet, or choose another way to capture", false),
            Libc.ENoMem => ("the kernel has no memory for it: look at the memory limit of the service, and at net.core.optmem_max", false),
            _ => ("the kernel said no for a reason that we do not know of", false),
        };
        return new($"cannot {what}: {Marshal.GetPInvokeErrorMessage(error)}", hint, missingPrivilege);
    }
}
