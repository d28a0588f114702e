"""Where the lab works: two network namespaces with a wire between them, a folder, and the processes in them.

Everything that is made is noted here and taken away again by `close`, by its own name or process id, whatever happened in between.
"""
import ctypes, glob, mmap, os, shutil, signal, struct, subprocess, tempfile, time

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_NETWORK, NEW_MOUNTS, RECURSIVE, BIND, PRIVATE = 0x40000000, 0x00020000, 0x4000, 0x1000, 0x40000

HOST, HOST6 = "10.66.0.1", "fd66::1"              # the gate
PEER, PEER6 = "10.66.0.2", "fd66::2"              # the client's own
GENUINE, GENUINE6 = "10.77.0.0/16", "fd77::/64"   # addresses that the client answers for
FALSE, FALSE6 = "10.128.0.0/9", "fd99::/64"       # sources of floods, which nobody answers for
MAC = {"client": "02:66:00:00:00:02", "gate": "02:66:00:00:00:01"}
PROTECTED, OPEN = 22, 5201                        # TCP ports: behind the gate, and before it


def read(path):
    with open(path) as f:
        return f.read()


def call(command, space=None, given=None, check=True, env=None):
    """Runs a command to its end, in a namespace where one is named, and returns what it printed."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, preexec_fn=(lambda: enter(space)) if space else None, env=env)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()[:600]}")
    return done.stdout


def enter(space):
    fd = os.open(f"/run/netns/{space}", os.O_RDONLY)
    if LIBC.setns(fd, NEW_NETWORK):
        raise OSError(ctypes.get_errno(), f"cannot enter {space}")
    os.close(fd)


def end(process, patience=5):
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Space:
    def __init__(self, programs):
        self.programs = programs
        self.folder = tempfile.mkdtemp(prefix="postern-lab-")
        os.chmod(self.folder, 0o755)
        self.client, self.gate, self.far, self.middle = (f"lab{os.getpid()}-{name}" for name in ("client", "gate", "far", "middle"))
        self.started, self.groups, self.made = [], [], []
        self.sources = 0
        # The flooder has a processor of its own, and the gate another, as far as there are two: else the scheduler's humour is what is measured.
        cores = sorted(os.sched_getaffinity(0))
        self.flood_core, self.gate_core = cores[0], cores[-1]

    # -- networks

    def open(self):
        for name in (self.client, self.gate):
            self._make(name)
        call(["ip", "-n", self.client, "link", "add", "wire", "address", MAC["client"], "type", "veth", "peer", "name", "wire", "address", MAC["gate"], "netns", self.gate])
        for name, v4, v6, other4, other6, mac in ((self.client, PEER, PEER6, HOST, HOST6, MAC["gate"]), (self.gate, HOST, HOST6, PEER, PEER6, MAC["client"])):
            call(["sh", "-c", "for i in all default; do echo 0 > /proc/sys/net/ipv4/conf/$i/rp_filter; done; echo 10000 65000 > /proc/sys/net/ipv4/ip_local_port_range"], name)
            self.ip(name, f"address add {v4}/24 dev wire", f"-6 address add {v6}/64 dev wire nodad", "link set wire up",
                    # no ARP and no neighbour discovery in a flood
                    f"neighbour replace {other4} lladdr {mac} dev wire nud permanent", f"-6 neighbour replace {other6} lladdr {mac} dev wire nud permanent")
        self.ip(self.client, f"route add local {GENUINE} dev lo", f"-6 route add local {GENUINE6} dev lo")
        self.ip(self.gate, f"route add {GENUINE} via {PEER}", f"-6 route add {GENUINE6} via {PEER6}")
        for address in ("0.0.0.0", HOST6):
            self.start([self.program("probe"), "-l", address, "-p", str(PROTECTED)], self.gate)

    def open_bad_link(self, delay_ms, jitter_ms, reorder, loss, seed):
        """A third namespace behind a link that delays, reorders and loses what goes to the gate. Returns the gate's address on it, and the emulator."""
        for name in (self.far, self.middle):
            self._make(name)
        for end_, name, device in (("to-far", self.far, "bad"), ("to-gate", self.gate, "bad")):
            call(["ip", "-n", self.middle, "link", "add", end_, "type", "veth", "peer", "name", device, "netns", name])
            self.ip(self.middle, f"link set {end_} up")
        self.ip(self.far, "address add 10.67.0.2/16 dev bad", "link set bad up")
        self.ip(self.gate, "address add 10.67.0.1/16 dev bad", "link set bad up")
        emulator = self.start([self.program("netemu"), "to-far", "to-gate", str(delay_ms * 1000), str(jitter_ms * 1000), str(reorder), str(loss), "0", str(seed)], self.middle, output=subprocess.PIPE)
        if emulator.stdout.readline() != b"up\n":
            raise RuntimeError("the bad link does not stand")
        return "10.67.0.1", emulator

    def close_bad_link(self, emulator):
        end(emulator)
        call(["ip", "-n", self.gate, "link", "delete", "bad"], check=False)   # with its namespace it would go some time later
        for name in (self.far, self.middle):
            if name in self.made:
                call(["ip", "netns", "delete", name], check=False)
                self.made.remove(name)

    def ip(self, name, *commands):
        for command in commands:
            family = ["-6"] if command.startswith("-6 ") else []
            call(["ip", "-n", name, *family, *command.removeprefix("-6 ").split()])

    def _make(self, name):
        call(["ip", "netns", "add", name])
        self.made.append(name)
        call(["ip", "-n", name, "link", "set", "lo", "up"])

    def genuine(self, ipv6=False):
        """An address of the client that has not been used yet."""
        self.sources += 1
        n = self.sources
        return f"fd77::{n:x}" if ipv6 else f"10.77.{n >> 8 & 255}.{n & 255}"

    # -- processes

    def program(self, name):
        return os.path.join(self.programs, name)

    def start(self, command, space=None, core=None, group=None, output=None, private_dev=None, env=None):
        """A process that `close` ends at the latest. `began`: when it became this program, by the monotonic clock; what it takes to make a process of this one is not the program's."""
        began = mmap.mmap(-1, 8)   # shared with the child

        def prepare():
            if group:
                group.join()
            if space:
                enter(space)
            if core is not None:
                os.sched_setaffinity(0, {core})
            if private_dev:
                mount_dev(private_dev)
            began[:] = struct.pack("d", time.monotonic())
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output or subprocess.DEVNULL, preexec_fn=prepare, env=env,
                                   stderr=subprocess.PIPE if output == subprocess.PIPE else output or subprocess.DEVNULL)
        process.began, = struct.unpack("d", began[:])
        self.started.append(process)
        return process

    def finish(self, process, patience=120):
        """What it printed, when it has ended by itself."""
        out, fault = process.communicate(timeout=patience)
        self.started.remove(process)
        if process.returncode:
            raise RuntimeError(f"{process.args[0]}: exit {process.returncode}: {fault.decode(errors='replace')[:400]}")
        return out

    def close(self):
        for process in reversed(self.started):
            end(process, 3)
        for group in list(self.groups):
            group.remove()
        for name in reversed(self.made):
            forget_gate(name)
            call(["ip", "netns", "delete", name], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def forget_gate(name):
    """The lock of the one gate of this namespace and its kept configurations: nobody needs them once the namespace is gone, and its number may be another's then."""
    try:
        number = os.stat(f"/run/netns/{name}").st_ino
        for path in [f"/run/postern/gate-{number}.lock", *glob.glob(f"/run/postern/gate-{number}-*")]:
            os.unlink(path)
    except OSError:
        pass


def mount_dev(folder):
    """A /dev of its own for a daemon, so that it finds a log there and the host's is not touched."""
    if LIBC.unshare(NEW_MOUNTS) or LIBC.mount(b"none", b"/", None, RECURSIVE | PRIVATE, None) or LIBC.mount(folder.encode(), b"/dev", None, BIND, None):
        raise OSError(ctypes.get_errno(), "cannot make a private /dev")


class LogSink:
    """The receiver behind the private /dev/log: a daemon that writes two lines for each packet pays for them, as elsewhere."""

    def __init__(self, space):
        self.folder = os.path.join(space.folder, "dev")
        os.makedirs(self.folder, exist_ok=True)
        for name, major, minor in (("null", 1, 3), ("zero", 1, 5), ("random", 1, 8), ("urandom", 1, 9)):
            os.mknod(os.path.join(self.folder, name), 0o020666, os.makedev(major, minor))
        self.process = space.start([space.program("logsink"), os.path.join(self.folder, "log")], output=subprocess.PIPE)
        self.process.stdout.readline()

    def take(self):
        """Messages since the last time."""
        self.process.send_signal(signal.SIGUSR1)
        return int(self.process.stdout.readline())


def wait_for(condition, patience, what, pause=0.001):
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > patience:
            raise RuntimeError(f"{what}: not within {patience} s")
        time.sleep(pause)
    return time.monotonic() - begun
