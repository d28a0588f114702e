using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Postern.Packets.Ring;

namespace Postern.Packets;

/// <summary>
/// A socket that listens at a group of nfnetlink_log, on its way from one process to another: who binds it needs CAP_NET_ADMIN, and so does who would change it
/// (netlink looks at both who opened a socket and who speaks through it); who reads needs nothing (<see cref="NflogSource"/>).
/// </summary>
public static unsafe class NflogSocket
{
    /// <summary>All that a packet on Ethernet holds; rules say less.</summary>
    internal const int CopyRange = 1500;

    private const int FamilyNetlink = 16; // AF_NETLINK
    private const int TypeRaw = 3; // SOCK_RAW
    private const int ProtocolNetfilter = 12; // NETLINK_NETFILTER
    private const int LevelNetlink = 270;
    private const int NoBufferErrors = 5; // NETLINK_NO_ENOBUFS: what is lost is counted (SO_MEMINFO), not told between packets
    private const int ReceiveBufferForce = 33; // SO_RCVBUFFORCE

    // linux/netfilter/nfnetlink_log.h
    private const ushort Configure = (4 << 8) | 1; // NFNL_SUBSYS_ULOG, NFULNL_MSG_CONFIG
    private const ushort Command = 1; // NFULA_CFG_CMD
    private const ushort Mode = 2; // NFULA_CFG_MODE
    private const ushort BufferSize = 3; // NFULA_CFG_NLBUFSIZ
    private const ushort Timeout = 4; // NFULA_CFG_TIMEOUT
    private const ushort Threshold = 5; // NFULA_CFG_QTHRESH
    private const byte Bind = 1; // NFULNL_CFG_CMD_BIND
    private const byte CopyPacket = 2; // NFULNL_COPY_PACKET

    /// <summary>Some thousand packets of a flood; a socket takes twice what is said, for the kernel's own part.</summary>
    private const int ReceiveBuffer = 4 << 20;

    /// <summary>What the kernel sets aside for each packet, whatever its size: one packet, and what is said of it.</summary>
    private const uint MessageBytes = 2048;

    private const int RequestBytes = 64;
    private const int HeaderBytes = 16 + 4;

    /// <summary>The number of an open descriptor, close-on-exec, the caller's to close; packets wait in it from now on.</summary>
    /// <exception cref="CaptureException">The system does not let us, or somebody else has the group.</exception>
    public static int Open(ushort group) => CaptureSocket.Owning(Connect(), socket =>
    {
        Span<byte> number = stackalloc byte[4];
        Ask(socket, group, Command, [Bind]);
        BinaryPrimitives.WriteUInt32BigEndian(number, CopyRange);
        Ask(socket, group, Mode, [.. number, CopyPacket, 0]);
        BinaryPrimitives.WriteUInt32BigEndian(number, MessageBytes);
        Ask(socket, group, BufferSize, number);
        BinaryPrimitives.WriteUInt32BigEndian(number, 1); // hundredths of a second
        Ask(socket, group, Timeout, number);
        BinaryPrimitives.WriteUInt32BigEndian(number, 1);
        Ask(socket, group, Threshold, number);
        return socket;
    });

    private static int Connect()
    {
        var socket = Libc.Socket(FamilyNetlink, TypeRaw | Libc.SockCloseOnExec, ProtocolNetfilter);
        if (socket < 0)
            throw RingSocket.Failure("open a netlink socket for packets");
        return CaptureSocket.Owning(socket, fd =>
        {
            var address = new Libc.LinkAddress { Family = FamilyNetlink };
            if (Libc.Bind(fd, &address, 12) < 0) // struct sockaddr_nl
                throw RingSocket.Failure("bind a netlink socket for packets");
            var room = ReceiveBuffer;
            _ = Libc.SetOption(fd, Libc.SolSocket, ReceiveBufferForce, &room, sizeof(int));
            var yes = 1;
            _ = Libc.SetOption(fd, LevelNetlink, NoBufferErrors, &yes, sizeof(int));
            return fd;
        });
    }

    /// <summary>
    /// The kernel answers inside send: an error, which is 0 where it agrees. Packets may come before that.
    /// <code>
    /// request   length 4 · type 2 · flags 2 · sequence 4 · port 4 · family 1 · version 1 · group 2, big-endian · attribute (length 2 · type 2 · value)
    /// answer    length 4 · type 2 (NLMSG_ERROR) · flags 2 · sequence 4 · port 4 · errno, negative 4 · …
    /// </code>
    /// </summary>
    private static void Ask(int socket, ushort group, ushort attribute, ReadOnlySpan<byte> value)
    {
        Span<byte> request = stackalloc byte[RequestBytes];
        request.Clear();
        var length = HeaderBytes + 4 + ((value.Length + 3) & ~3);
        MemoryMarshal.Write(request, length);
        MemoryMarshal.Write(request[4..], Configure);
        MemoryMarshal.Write(request[6..], (ushort)(1 | 4)); // NLM_F_REQUEST | NLM_F_ACK
        MemoryMarshal.Write(request[8..], (uint)attribute);
        BinaryPrimitives.WriteUInt16BigEndian(request[18..], group);
        MemoryMarshal.Write(request[HeaderBytes..], (ushort)(4 + value.Length));
        MemoryMarshal.Write(request[(HeaderBytes + 2)..], attribute);
        value.CopyTo(request[(HeaderBytes + 4)..]);
        fixed (byte* bytes = request)
        {
            if (Libc.Write(socket, bytes, (nuint)length) < 0)
                throw RingSocket.Failure("ask for packets of nfnetlink_log");
        }

        var error = Answer(socket, attribute);
        if (error == 0)
            return;
        Marshal.SetLastPInvokeError(error);
        throw error == Libc.EBusy
            ? new CaptureException($"group {group} of nfnetlink_log is another program's", "stop that program, or choose another group: capture: nflog:GROUP", missingPrivilege: false)
            : new CaptureException(
                $"cannot listen at group {group} of nfnetlink_log: {Marshal.GetPInvokeErrorMessage(error)}",
                error == Libc.EPerm ? "run as root, or with the capability CAP_NET_ADMIN" : "the kernel needs nfnetlink_log: modprobe nfnetlink_log", error == Libc.EPerm);
    }

    private static int Answer(int socket, uint sequence)
    {
        var answer = stackalloc byte[(int)MessageBytes * 2];
        while (true)
        {
            var got = Libc.Read(socket, answer, MessageBytes * 2);
            if (got < 0 && Marshal.GetLastPInvokeError() != Libc.EIntr)
                return Marshal.GetLastPInvokeError();
            if (got >= 20 && *(ushort*)(answer + 4) == 2 && *(uint*)(answer + 8) == sequence) // NLMSG_ERROR
                return -*(int*)(answer + 16);
        }
    }
}
