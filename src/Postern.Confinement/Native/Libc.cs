using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Postern.Confinement.Native;

/// <summary>
/// What we ask of the kernel. Identities are set by <see cref="Call"/> and never by libc's own functions, which would change them for all threads.
/// </summary>
internal static unsafe partial class Libc
{
    /// <summary>Runs a call again that a signal broke off. Everything else is for the caller to judge.</summary>
    public static bool Interrupted(nint result) => result < 0 && Marshal.GetLastPInvokeError() == Errno.Interrupted;

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    public static partial int Pipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, uint mode);

    public const int OpenReadOnly = 0;
    public const int OpenReadWrite = 2;
    public const int OpenPath = 0x20_0000;
    public const int CloseOnExec = 0x8_0000;

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int fd, byte* into, nuint length);

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    public static partial int OpenNews(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int AddWatch(int fd, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "inotify_rm_watch", SetLastError = true)]
    public static partial int RemoveWatch(int fd, int watch);

    public const int NewsCloseOnExec = 0x8_0000;
    public const int NewsDoNotWait = 0x800;

    /// <summary><c>struct statfs</c> of machines of 64 bits: 120 bytes, the type first.</summary>
    [LibraryImport("libc", EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FileSystem(string path, long* status);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int FileControl(int fd, int command, nint argument);

    /// <summary>F_DUPFD_CLOEXEC: the lowest free number that is not below the argument.</summary>
    public const int DuplicateAbove = 1030;

    /// <summary>F_ADD_SEALS, and its seals: no more seals, never smaller, never larger, never written to but through mappings that are there.</summary>
    public const int AddSeals = 1033;
    public const int SealSeal = 0x1;
    public const int SealShrink = 0x2;
    public const int SealGrow = 0x4;
    public const int SealFutureWrite = 0x10;

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int CreateMemory(string name, uint flags);

    public const uint MemoryCloseOnExec = 1;
    public const uint MemoryAllowSealing = 2;

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int Truncate(int fd, nint length);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    public static partial void* Map(void* at, nuint length, int protection, int flags, int fd, nint offset);

    public const int MapRead = 1;
    public const int MapWrite = 2;
    public const int MapShared = 1;

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(void* at, nuint length);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    public static partial int SocketPair(int domain, int type, int protocol, int* ends);

    public const int AfUnix = 1;
    public const int AfNetlink = 16;
    public const int SequencedPacket = 5;

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetOption(int fd, int level, int name, void* value, uint length);

    public const int SolSocket = 1;
    public const int SendBuffer = 7;
    public const int SendBufferForce = 32;
    public const int ControlRights = 1;

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint Send(int fd, MessageHeader* message, int flags);

    /// <summary>send(2): sendto(2) to nobody, which the sentry may, while sendmsg(2) could name somebody.</summary>
    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int fd, void* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    public static partial nint Receive(int fd, MessageHeader* message, int flags);

    public const int MessageControlTruncated = 0x8;
    public const int MessageTruncated = 0x20;
    public const int MessageDoNotWait = 0x40;
    public const int MessageNoSignal = 0x4000;
    public const int MessageCloseOnExec = 0x4000_0000;

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int fd, void* bytes, nuint length);

    [LibraryImport("libc", EntryPoint = "pwritev2", SetLastError = true)]
    public static partial nint Write(int fd, IoVector* vectors, int count, long position, int flags);

    public const long AtItsPosition = -1;
    public const int WithoutWaiting = 8; // RWF_NOWAIT

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    public static partial int ShutDown(int fd, int how);

    public const int ShutReading = 0;
    public const int ShutBoth = 2;

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollFd* fds, nuint count, int milliseconds);

    public const short PollIn = 1;
    public const short PollOut = 4;
    public const short PollOtherEndGone = 0x10;

    /// <summary>syscall(2): of this thread only.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial nint Call(nint number, nint a, nint b, nint c, nint d, nint e);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    public static partial int ProcessControl(int option, nuint a, nuint b, nuint c, nuint d);

    public const int GetDumpable = 3;
    public const int SetDumpable = 4;
    public const int SetKeepCapabilities = 8;
    public const int BoundingSetRead = 23;
    public const int BoundingSetDrop = 24;
    public const int SetNoNewPrivileges = 38;
    public const int Ambient = 47;
    public const int AmbientRaise = 2;
    public const int AmbientClearAll = 4;

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "getgroups", SetLastError = true)]
    public static partial int GetGroups(int count, uint* groups);

    [LibraryImport("libc", EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int GetUser(string name, UserEntry* entry, byte* buffer, nuint length, UserEntry** found);

    [LibraryImport("libc", EntryPoint = "getgrnam_r", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int GetGroup(string name, GroupEntry* entry, byte* buffer, nuint length, GroupEntry** found);

    [LibraryImport("libc", EntryPoint = "getgrouplist", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int GetGroupList(string user, uint group, uint* groups, int* count);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    public static partial int WaitFor(int kind, uint id, SignalInfo* info, int options);

    public const int ByPid = 1;
    public const int ByPidFd = 3;
    public const int WaitNoHang = 1;
    public const int WaitExited = 4;
    public const int WaitLeave = 0x100_0000;

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    public static partial int Spawn(int* pid, byte* path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int InitActions(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int DestroyActions(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int AddDuplicate(void* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclose")]
    public static partial int AddClose(void* actions, int fd);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    public static partial int AddCloseFrom(void* actions, int from);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    public static partial int InitAttributes(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    public static partial int DestroyAttributes(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    public static partial int SetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int SetDefaultSignals(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial int SetSignalMask(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    public static partial int FillSignals(void* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    public static partial int EmptySignals(void* signals);

    public const short SpawnDefaultSignals = 0x04;
    public const short SpawnSignalMask = 0x08;
    public const short SpawnSession = 0x80;

    public const nint SetFilter = 1;
    public const nint AllThreads = 1;

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    public static partial int GetLimit(int what, ResourceLimit* limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    public static partial int SetLimit(int what, ResourceLimit* limit);

    public const int LimitFile = 1;
    public const int LimitCore = 4;
    public const int LimitProcesses = 6;
    public const int LimitDescriptors = 7;

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    public static partial nint OnSignal(int signal, nint handler);

    public const int SignalFileTooLarge = 25;
    public const nint Ignore = 1;

    /// <summary><c>struct sock_fprog</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FilterProgram
    {
        public ushort Length;
        public SystemCalls.Instruction* Lines;
    }

    /// <summary><c>struct rlimit</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceLimit
    {
        public ulong Now;
        public ulong Most;
    }

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

    /// <summary><c>struct cmsghdr</c>; what it carries follows.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ControlHeader
    {
        public nuint Length;
        public int Level;
        public int Type;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PollFd
    {
        public int Fd;
        public short Events;
        public short Seen;
    }

    /// <summary><c>struct passwd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct UserEntry
    {
        public byte* Name;
        public byte* Password;
        public uint User;
        public uint Group;
        public byte* FullName;
        public byte* Home;
        public byte* Shell;
    }

    /// <summary><c>struct group</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct GroupEntry
    {
        public byte* Name;
        public byte* Password;
        public uint Group;
        public byte** Members;
    }

    /// <summary><c>siginfo_t</c> as waitid(2) fills it, on machines of 64 bits.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    public struct SignalInfo
    {
        [FieldOffset(8)]
        public int Code;

        [FieldOffset(16)]
        public int Pid;

        [FieldOffset(24)]
        public int Status;
    }
}
