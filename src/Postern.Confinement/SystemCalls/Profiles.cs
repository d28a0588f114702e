using Postern.Confinement.Native;

namespace Postern.Confinement.SystemCalls;

/// <summary>
/// Which system calls are left to whom. Neither list is a guess: tests run what a .NET process does, just-in-time compiler, collector, threads
/// and exceptions, behind these walls. Whoever adds a line says what for.
/// </summary>
internal static class Profiles
{
    // linux/sched.h
    private const uint CloneMemory = 0x100;
    private const uint CloneSignalHandlers = 0x800;
    private const uint CloneThread = 0x1_0000;
    private const uint CloneNamespaces = 0x7E02_0080;

    // linux/sockios.h, asm-generic/ioctls.h, linux/fs.h
    private const uint NameOfInterface = 0x8910;
    private const uint IndexOfInterface = 0x8933;
    private const uint TerminalSettings = 0x5401;
    private const uint TerminalSize = 0x5413;
    private const uint BytesToRead = 0x541B;
    private const uint NonBlocking = 0x5421;
    private const uint CloseOnExec = 0x5451;
    private const uint CloneFile = 0x4004_9409;

    // linux/prctl.h
    private const uint NameThread = 15;
    private const uint ReadThreadName = 16;
    private const uint NameMemory = 0x5356_4D41;

    // sched(7)
    private const uint OrdinaryPriority = 0;

    // fcntl(2)
    private const uint DescriptorFlags = 1;
    private const uint StatusFlags = 3;

    /// <summary>What a runtime does when it neither opens nor starts anything.</summary>
    private const string Computing = """
        futex futex_waitv sched_yield sched_getaffinity getcpu gettid getpid getppid exit exit_group set_robust_list rseq restart_syscall
        mmap munmap mprotect mremap madvise brk mincore membarrier mlock mlock2 munlock
        rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack
        clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getrandom
        sysinfo uname getrusage getrlimit getuid geteuid getgid getegid sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
        get_mempolicy pipe2
        """;

    private const string OnWhatIsOpen = "read write readv writev pread64 pwrite64 lseek fstat close poll ppoll recvfrom recvmsg recvmmsg getsockopt";

    private const string Files = """
        open openat creat stat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat getcwd getdents64 statfs fstatfs
        rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir link linkat symlink symlinkat
        chmod fchmod fchmodat fchmodat2 chown lchown fchown fchownat umask utimensat truncate ftruncate fallocate
        fsync fdatasync sync_file_range flock fadvise64 readahead copy_file_range sendfile
        preadv pwritev preadv2 pwritev2 fcntl dup dup2 dup3 pipe memfd_create
        inotify_init inotify_init1 inotify_add_watch inotify_rm_watch
        """;

    private const string Events = """
        epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 select pselect6 eventfd eventfd2
        timerfd_create timerfd_settime timerfd_gettime signalfd signalfd4 rt_sigtimedwait rt_sigpending rt_sigsuspend pause
        """;

    private const string Sockets = "bind listen accept accept4 getsockname getpeername setsockopt shutdown sendto sendmsg sendmmsg";

    /// <summary>About itself and others, changing nothing.</summary>
    private const string Asking = "getresuid getresgid getgroups getpgid getpgrp getsid getpriority capget wait4 waitid mbind";

    /// <summary>No fault of ours ends in one of these: who calls it is somebody else, in our place.</summary>
    private const string Hostile = """
        execve execveat ptrace process_vm_readv process_vm_writev bpf init_module finit_module delete_module kexec_load kexec_file_load
        mount umount2 pivot_root open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr chroot swapon swapoff reboot
        open_by_handle_at name_to_handle_at userfaultfd perf_event_open add_key request_key keyctl unshare setns pidfd_getfd
        """;

    /// <summary>Much that listens in the file system (systemd, Docker) does what root tells it, and takes the warden for root. No Landlock before its version 9 forbids it. The C library tries it in good faith, for nscd.</summary>
    private const string Reaching = "connect";

    private const string HostileWithoutSockets = "socket socketpair connect bind listen accept accept4 io_uring_setup io_uring_enter io_uring_register";

    public static FilterProgram Of(SystemCallProfile profile, SystemCallTable table, uint self) =>
        (profile == SystemCallProfile.Sentry ? Sentry(self) : Warden(self)).Assemble(table);

    private static RuleList Sentry(uint self)
    {
        var rules = new RuleList();
        rules.Allow(OnWhatIsOpen);
        rules.Allow(Computing);
        Threads(rules, self);

        // To whom it is connected, and to nobody else: a packet socket sends whatever it is told to whoever is named, and needs no right for it.
        rules.AllowIfNull("sendto", argument: 4);
        rules.AllowIf("ioctl", argument: 1, NameOfInterface);
        rules.AllowIf("fcntl", argument: 1, DescriptorFlags, StatusFlags);
        rules.Kill(Hostile);
        rules.Kill(HostileWithoutSockets);
        return rules;
    }

    private static RuleList Warden(uint self)
    {
        var rules = new RuleList();
        rules.Allow(OnWhatIsOpen);
        rules.Allow(Computing);
        Threads(rules, self);
        rules.Allow(Files);
        rules.Allow(Events);
        rules.Allow(Sockets);
        rules.Allow(Asking);
        rules.AllowIf("socket", argument: 0, Errno.NoFamily, Libc.AfUnix, Libc.AfNetlink);
        rules.AllowIf("socketpair", argument: 0, Errno.NoFamily, Libc.AfUnix);
        rules.AllowIf("ioctl", argument: 1, BytesToRead, NonBlocking, CloseOnExec, CloneFile, TerminalSettings, TerminalSize, NameOfInterface, IndexOfInterface);
        rules.Kill(Hostile);
        rules.Deny(Reaching);
        return rules;
    }

    private static void Threads(RuleList rules, uint self)
    {
        const uint thread = CloneMemory | CloneSignalHandlers | CloneThread;
        rules.AllowIfBits("clone", argument: 0, mask: thread | CloneNamespaces, value: thread);
        rules.Deny("clone3", Errno.NoSystemCall); // its flags are in memory, where no filter sees them; libc falls back on clone
        rules.AllowIf("tgkill", argument: 0, self); // how a runtime stops its own threads
        rules.AllowIf("kill", argument: 0, self); // how a runtime ends by a signal that it was sent; it would stay otherwise
        rules.AllowIf("sched_setaffinity", argument: 0, 0); // a new thread of the runtime's undoes what it inherited, and will not start if it cannot
        rules.AllowIf("sched_setscheduler", argument: 1, OrdinaryPriority);
        rules.AllowIf("prctl", argument: 0, NameThread, ReadThreadName, NameMemory);
        rules.AllowIfNull("prlimit64", argument: 2); // asks, does not set
    }
}
