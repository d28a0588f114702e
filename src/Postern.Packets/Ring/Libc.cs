using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Postern.Packets.Ring;

/// <summary>What we ask of the kernel, by its numbers, which are the same on every architecture that .NET runs on under Linux.</summary>
internal static unsafe partial class Libc
{
    public const int AfPacket = 17;
    public const int SockDgram = 2;
    public const int SockCloseOnExec = 0x80000;

    public const int SolSocket = 1;
    public const int SoError = 4;
    public const int SoAttachFilter = 26;

    public const int SoLockFilter = 44;

    /// <summary>SO_TIMESTAMPNS: each message brings a <see cref="TimeSpec"/> of the wall clock when it arrived.</summary>
    public const int SoTimestamp = 35;

    /// <summary>SO_MEMINFO (Linux 4.12): numbers of 4 bytes, the ninth of which is how many messages found no room (linux/sock_diag.h).</summary>
    public const int SoMemoryInfo = 55;

    public const int SolIPv4 = 0;
    public const int IPv4PacketInfo = 8;
    public const int SolIPv6 = 41;
    public const int IPv6ReceivePacketInfo = 49;
    public const int IPv6PacketInfo = 50;

    public const int AfInet = 2;
    public const int AfInet6 = 10;

    /// <summary>On the way in: the answer is how long a message was, even where it was cut.</summary>
    public const int MessageTruncated = 0x20;
    public const int MessageDoNotWait = 0x40;

    public const int SolPacket = 263;
    public const int PacketRxRing = 5;
    public const int PacketStatistics = 6;
    public const int PacketVersion = 10;
    public const int PacketIgnoreOutgoing = 23;

    public const int ProtRead = 1;
    public const int ProtWrite = 2;
    public const int MapShared = 1;

    public const short PollIn = 1;
    public const short PollErr = 8;
    public const short PollInvalid = 0x20;

    public const int EventCloseOnExec = 0x80000;
    public const int EventNonBlock = 0x800;

    public const int ClockRealtime = 0;
    public const int ClockMonotonic = 1;

    /// <summary>SIOCGIFNAME: the name of the interface of an index, in the network namespace of the socket.</summary>
    public const nuint GetInterfaceName = 0x8910;

    public const int EPerm = 1;
    public const int EIntr = 4;
    public const int EBadF = 9;
    public const int ENoMem = 12;
    public const int EAcces = 13;
    public const int EBusy = 16;
    public const int EInval = 22;
    public const int EFault = 14;
    public const int ENotSock = 88;
    public const int EAfNoSupport = 97;

    [StructLayout(LayoutKind.Sequential)]
    public struct PollFd
    {
        public int Fd;
        public short Events;
        public short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    /// <summary><c>struct sock_fprog</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FilterProgram
    {
        public ushort Length;
        public void* Instructions;
    }

    /// <summary><c>struct sockaddr_ll</c>, 20 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    public struct LinkAddress
    {
        public ushort Family;
        public ushort Protocol;
        public int Interface;
        public ushort HardwareType;
        public byte PacketType;
        public byte AddressLength;
        public ulong Address;
    }

    /// <summary><c>struct iovec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public void* Base;
        public nuint Length;
    }

    /// <summary><c>struct msghdr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary><c>struct mmsghdr</c>: the header, and how long the message was.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Message
    {
        public MessageHeader Header;
        public uint Length;
    }

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    public static partial int ReceiveMessages(int fd, Message* messages, uint count, int flags, TimeSpec* timeout);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int fd, LinkAddress* address, uint length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetOption(int fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetOption(int fd, int level, int name, void* value, uint* length);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    public static partial void* Map(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollFd* fds, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFd(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int fd, void* bytes, nuint length);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int fd, void* bytes, nuint length);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(int fd, void* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Control(int fd, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    private static partial int GetTime(int clock, TimeSpec* time);

    public static long Nanoseconds(int clock)
    {
        TimeSpec time;
        _ = GetTime(clock, &time);
        return time.Seconds * 1_000_000_000L + time.Nanoseconds;
    }

    /// <summary>What poll(2) takes: rounded up, so that nothing is early; −1, for ever, for what is too long to say.</summary>
    public static int Milliseconds(long nanoseconds) => nanoseconds > int.MaxValue * 1_000_000L ? -1 : (int)((Math.Max(0, nanoseconds) + 999_999) / 1_000_000);
}
