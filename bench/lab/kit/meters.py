"""What a run costs: processor time of a tree of processes, memory, wake-ups, packets seen and lost, and how noisy the machine is."""
import ctypes, os, platform, re, signal, socket, statistics, struct, threading, time

from kit.space import LIBC, read

PIDFD_OPEN, PIDFD_GETFD = 434, 438
SOL_PACKET, PACKET_STATISTICS, SO_MEMINFO, SO_GET_FILTER, AF_PACKET = 263, 6, 55, 26, 17


class Group:
    """A control group: the processor time of whoever is in it, of their children, and of those that have ended."""

    OLD = "/sys/fs/cgroup/cpuacct"

    def __init__(self, space, name):
        self.space, self.old = space, os.path.isdir(self.OLD)
        self.folder = os.path.join(self.OLD if self.old else "/sys/fs/cgroup", f"postern-lab-{os.getpid()}-{name}")
        os.makedirs(self.folder, exist_ok=True)
        space.groups.append(self)

    def join(self):
        with open(os.path.join(self.folder, "cgroup.procs"), "w") as f:
            f.write("0")

    def seconds(self):
        if self.old:
            return int(read(os.path.join(self.folder, "cpuacct.usage"))) / 1e9
        return int(re.search(r"usage_usec (\d+)", read(os.path.join(self.folder, "cpu.stat")))[1]) / 1e6

    def pids(self):
        try:
            return [int(pid) for pid in read(os.path.join(self.folder, "cgroup.procs")).split()]
        except OSError:
            return []

    def remove(self):
        """Ends what is left in it, by process id."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.pids():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            for _ in range(80):
                if not self.pids():
                    break
                time.sleep(0.025)
        try:
            os.rmdir(self.folder)
        except OSError:
            return
        if self in self.space.groups:
            self.space.groups.remove(self)


# ---- memory and wake-ups of one process


def memory(pid):
    """KiB: all that is resident, its share of it, and what is its own alone (proc(5), smaps_rollup). None: it is gone."""
    try:
        fields = dict(re.findall(r"^(\w+):\s+(\d+) kB", read(f"/proc/{pid}/smaps_rollup"), re.M))
    except OSError:
        return None
    return {"rss": int(fields["Rss"]), "pss": int(fields["Pss"]), "private": int(fields["Private_Clean"]) + int(fields["Private_Dirty"])}


def wakes(pid):
    """How often each of its threads has waited for something that then came."""
    counts = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            counts[task] = int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", read(f"/proc/{pid}/task/{task}/status"), re.M)[1])
        except OSError:
            pass
    return counts


def wakes_since(pid, before):
    """Of all its threads together. What a thread did that has ended since is not known."""
    return sum(count - before.get(task, 0) for task, count in wakes(pid).items())


class MemorySeries:
    """Looks at the memory of named processes again and again, beside what else happens."""

    def __init__(self, processes, pause=0.25):
        self.processes, self.rows = processes, []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(pause,), daemon=True)
        self._begun = time.monotonic()
        self._thread.start()

    def _watch(self, pause):
        while not self._stop.wait(pause):
            self.look()

    def look(self):
        row = {"at": round(time.monotonic() - self._begun, 3)}
        for name, pid in self.processes.items():
            row[name] = memory(pid)
        self.rows.append(row)

    def stop(self):
        self._stop.set()
        self._thread.join()
        self.look()
        return self.rows


# ---- sockets of others, borrowed (pidfd_getfd)


def sockets_of(pid):
    try:
        fd, numbers = LIBC.syscall(PIDFD_OPEN, pid, 0), os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return
    if fd < 0:
        return
    for number in numbers:
        try:
            if not os.readlink(f"/proc/{pid}/fd/{number}").startswith("socket:"):
                continue
        except OSError:
            continue
        copy = LIBC.syscall(PIDFD_GETFD, fd, int(number), 0)
        if copy >= 0:
            with socket.socket(fileno=copy) as s:
                yield s
    os.close(fd)


def family_of(s):
    return s.getsockopt(socket.SOL_SOCKET, socket.SO_DOMAIN), s.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)


def captured_by(pids):
    """Packets that passed the filters of packet sockets, those of them that found no room, and datagrams that found none in UDP sockets.
    The kernel forgets the first two as it tells them, so nobody else who counts them may be asked."""
    passed = dropped = datagrams = 0
    for pid in pids:
        for s in sockets_of(pid):
            family, kind = family_of(s)
            if family == AF_PACKET:
                a, b = struct.unpack_from("II", s.getsockopt(SOL_PACKET, PACKET_STATISTICS, 12))
                passed, dropped = passed + a, dropped + b
            elif kind == socket.SOCK_DGRAM and family in (socket.AF_INET, socket.AF_INET6):
                datagrams += struct.unpack("9I", s.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36))[8]
    return passed, dropped, datagrams


def has_capture_filter(pid):
    for s in sockets_of(pid):
        length = ctypes.c_uint(0)
        if family_of(s)[0] == AF_PACKET and LIBC.getsockopt(s.fileno(), socket.SOL_SOCKET, SO_GET_FILTER, None, ctypes.byref(length)) == 0 and length.value > 0:
            return True
    return False


def has_udp_socket(pid):
    return any(family_of(s) == (socket.AF_INET, socket.SOCK_DGRAM) for s in sockets_of(pid))


# ---- the machine


def backlog_drops():
    """Packets that the kernel threw away before anybody could see them, on all processors (proc(5), softnet_stat)."""
    return sum(int(line.split()[1], 16) for line in read("/proc/net/softnet_stat").splitlines())


def host_seconds():
    """(busy, stolen) of all processors together."""
    v = [int(x) for x in read("/proc/stat").split("\n", 1)[0].split()[1:9]]
    tick = os.sysconf("SC_CLK_TCK")
    return (sum(v) - v[3] - v[4]) / tick, v[7] / tick


class Noise:
    """How quiet the machine was: its load, what it was robbed of, and how evenly a piece of work of always the same size was done."""

    def __init__(self):
        self.begun, (self.busy, self.stolen) = time.time(), host_seconds()
        self.load_before, self.even_before = os.getloadavg(), evenness()

    def facts(self):
        busy, stolen = host_seconds()
        wall = time.time() - self.begun
        return {
            "machine": model(), "cores": os.cpu_count(), "memory_mib": int(re.search(r"MemTotal:\s+(\d+)", read("/proc/meminfo"))[1]) // 1024,
            "kernel": platform.release(), "system": system(), "begun": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.begun)), "seconds": round(wall),
            "load_before": self.load_before, "load_after": os.getloadavg(), "busy_cores": round((busy - self.busy) / wall, 2),
            "stolen_percent": round(100 * (stolen - self.stolen) / wall / (os.cpu_count() or 1), 2),
            "evenness_before_percent": self.even_before, "evenness_after_percent": evenness(),
        }


def evenness(rounds=40):
    """By how many per cent the slowest twentieth of equal pieces of work is slower than the median one: 0 to 5 on a quiet machine."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        sum(range(60_000))
        times.append(time.perf_counter() - begun)
    times.sort()
    return round(100 * (times[int(rounds * 0.95)] / statistics.median(times) - 1), 1)


def model():
    found = re.search(r"^model name\s*:\s*(.+)$", read("/proc/cpuinfo"), re.M)
    return found[1] if found else platform.machine()


def system():
    try:
        return re.search(r'^PRETTY_NAME="?([^"\n]+)', read("/etc/os-release"), re.M)[1]
    except (OSError, TypeError):
        return platform.system()
