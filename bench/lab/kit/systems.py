"""What is compared: Postern three ways, its peers where they are installed, and a reference in C. One class each; to add one, say how it is configured, started and knocked at."""
import base64, json, os, shutil, socket, time

from kit import meters, spa
from kit.space import HOST, OPEN, PROTECTED, LogSink, call, end, read, wait_for

SEQUENCE = (7000, 8000, 9000)
SPA_PORT = 62201


def crowd(count):
    """Addresses of so many who have a grant."""
    return [f"10.{200 + (i >> 16)}.{i >> 8 & 255}.{i & 255}" for i in range(count)]


class System:
    name = ""
    program = None             # what must be installed
    package = None             # of Debian, where it is not ours
    knock_port = None          # the first port of its sequence; None: it has none
    spa_port = None            # UDP; None: it takes no single packets
    junk = "junk"              # what an empty copy of its packets looks like: "junk" or "base64"
    junk_sizes = (320,)
    firewall = "nft"           # or "iptables": where its grants are
    set_of_grants = ("lab granted", "{} timeout 1h")   # with nft: the set, and what one grant is in it
    lets_port_through = False  # it listens at a socket, so the firewall must let its port in
    ipv6 = False
    again_ms = ()              # when its client knocks again by itself
    is_ours = False
    logs = False

    def __init__(self, space, **options):
        self.space, self.folder = space, os.path.join(space.folder, f"{self.name}-{len(os.listdir(space.folder))}")
        self.process = self.group = None
        self.open_for = 30
        self.interface = "wire"       # where the peers watch; Postern watches all
        self.core = space.gate_core   # None: any; a flood needs the other for itself
        self.__dict__.update(options)

    @classmethod
    def is_installed(cls):
        return shutil.which(cls.program) is not None

    # -- what each has of its own

    def configure(self):
        pass

    def command(self):
        raise NotImplementedError

    def steps(self, source):
        """One genuine knock, made now: the arguments of src/probe.c."""
        raise NotImplementedError

    def is_ready(self):
        return any(meters.has_capture_filter(pid) for pid in self.pids())

    def main_pid(self):
        return self.process.pid

    def processes(self):
        """Those that live on, by name."""
        return {self.name: self.main_pid()}

    def take_seen(self):
        """Packets that its filter let through since the last time, and those of them that were lost for want of room."""
        passed, dropped, datagrams = meters.captured_by(self.pids())
        self._datagrams, datagrams = datagrams, datagrams - getattr(self, "_datagrams", 0)
        return {"passed": passed or None, "dropped": dropped + datagrams}

    def preload(self, count):
        """So many grants in force, put there at once and not by knocking."""
        if self.firewall == "nft":
            return self.fill(count)
        call(["iptables-restore", "-n"], self.space.gate, given="*filter\n" + "".join(self.iptables_rule(a) + "\n" for a in crowd(count)) + "COMMIT\n")
        return crowd(count)

    def fill(self, count):
        """So many and no others in the kernel's set, behind the daemon's back: what a packet costs is the kernel's alone."""
        addresses, (of, element) = crowd(count), self.set_of_grants
        call(["nft", "flush", "set", "inet", *of.split()], self.space.gate)
        for i in range(0, count, 5000):
            call(["nft", "-f", "-"], self.space.gate, given=f"add element inet {of} {{ {', '.join(element.format(a) for a in addresses[i:i + 5000])} }}\n")
        return addresses

    def count_grants(self):
        if self.firewall == "nft":
            return call(["nft", "list", "set", "inet", "lab", "granted"], self.space.gate).count("expires")
        return call(["iptables-save", "-t", "filter"], self.space.gate).count(f"--dport {PROTECTED} ")

    def iptables_rule(self, address):
        return f"-A INPUT -s {address} -p tcp --dport {PROTECTED} -j ACCEPT"

    # -- what all have in common

    def lay_firewall(self):
        """The host's own: drop, but what is established, the open port, and whoever has a grant."""
        call(["nft", "flush", "ruleset"], self.space.gate)
        listens = f"udp dport {self.spa_port} accept;" if self.lets_port_through else ""
        if self.firewall == "iptables":
            listens = f"-A INPUT -p udp --dport {self.spa_port} -j ACCEPT\n" if self.lets_port_through else ""
            for program in ("iptables-restore", "ip6tables-restore"):
                call([program], self.space.gate, given="*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\n"
                     f"-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n-A INPUT -p tcp --dport {OPEN} -j ACCEPT\n{listens}COMMIT\n")
            return
        own = f"tcp dport {PROTECTED} accept" if self.is_ours else f"ip saddr @granted tcp dport {PROTECTED} accept; ip6 saddr @granted6 tcp dport {PROTECTED} accept"
        call(["nft", "-f", "-"], self.space.gate, given=f"""table inet lab {{
            set granted {{ type ipv4_addr; flags timeout; }}
            set granted6 {{ type ipv6_addr; flags timeout; }}
            chain input {{ type filter hook input priority 0; policy drop;
                iif lo accept; ct state established,related accept; icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept
                tcp dport {OPEN} accept; {listens}
                {own}
            }}
        }}""")

    def start(self):
        """Fresh rules, fresh state, and a daemon that is ready. Returns the seconds that it took from execve."""
        os.makedirs(self.folder, exist_ok=True)
        self.lay_firewall()
        self.configure()
        return self.launch()

    def launch(self):
        self.group = meters.Group(self.space, self.name)
        log = open(os.path.join(self.folder, "log"), "ab")
        self.process = self.space.start(self.command(), self.space.gate, core=self.core, group=self.group, output=log, env=self.environment(),
                                        private_dev=self.sink().folder if self.logs else None)
        log.close()
        try:
            wait_for(self.is_ready, 60, f"{self.name} is not ready", pause=0.0005)
        except RuntimeError as e:
            raise RuntimeError(f"{e}: {read(os.path.join(self.folder, 'log'))[-600:]}") from None
        return time.monotonic() - self.process.began

    def environment(self):
        return None

    def sink(self):
        if not hasattr(self.space, "sink"):
            self.space.sink = LogSink(self.space)
        return self.space.sink

    def pids(self):
        return self.group.pids() if self.group else []

    def cpu(self):
        return self.group.seconds()

    def is_alive(self):
        self.process.poll()
        return self.main_pid() in self.pids()

    def stop(self):
        if self.process is None:
            return
        try:
            os.kill(self.main_pid(), 15)
        except (ProcessLookupError, TypeError):
            pass
        deadline = time.monotonic() + 3
        while self.pids() and time.monotonic() < deadline:
            self.process.poll()
            time.sleep(0.01)
        self.group.remove()
        end(self.process)
        if self.process in self.space.started:
            self.space.started.remove(self.process)
        self.process = self.group = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *fault):
        self.stop()


# ---- Postern


class Postern(System):
    """A sequence of three SYNs, as `postern init` and the examples have it."""

    name, program, is_ours, ipv6 = "postern", None, True, True
    knock_port = SEQUENCE[0]
    again_ms = (500, 1200)     # KnockSchedule
    spa = False
    capture = "packet"
    keys, services, doors, history = 32, 1, 1, 0
    set_of_grants = ("postern grants4", f'{{}} . tcp . {PROTECTED} timeout 1h comment "ssh"')
    executable = None          # set by `run`

    @classmethod
    def is_installed(cls):
        return os.access(cls.executable, os.X_OK)

    def configure(self):
        self.socket = f"{self.folder}/control.sock"
        self.notify_path = f"{self.folder}/notify"
        with open(self.path("postern.yaml"), "w") as f:
            f.write(self.text())
        os.chmod(self.path("postern.yaml"), 0o600)
        if self.doors > 1:
            self.write_doors()
        if self.spa:
            self.write_keys()

    def path(self, name):
        return os.path.join(self.folder, name)

    def text(self):
        bulk = f"  bulk: {{ports: [tcp/{OPEN}], open_for: 1h}}\n" if getattr(self, "guards_bulk", False) else ""
        more = "".join(f"  s{i}: {{ports: [tcp/{40000 + i}], open_for: {self.open_for}s}}\n" for i in range(self.services - 1))
        text = f"gate: {{control_socket: {self.folder}/control.sock, ledger: {self.folder}/ledger, capture: {self.capture}}}\nservices:\n  ssh: {{ports: [tcp/{PROTECTED}], open_for: {self.open_for}s}}\n{bulk}{more}"
        if self.knock_port:
            text += f"knocks:\n  office: {{sequence: [{', '.join(f'tcp/{p}' for p in SEQUENCE)}], opens: [ssh]}}\n"
        if self.spa:
            text += f"spa: {{key: {self.folder}/gate.key, authorized_keys: {self.folder}/authorized_keys}}\n"
        return text

    def write_doors(self):
        """Each with three ports of its own; at most a mebibyte in a file."""
        os.makedirs(self.path("postern.d"), exist_ok=True)
        for part in range(0, self.doors - 1, 5000):
            with open(self.path(f"postern.d/{part:06}.yaml"), "w") as f:
                f.write("knocks:\n")
                for i in range(part, min(part + 5000, self.doors - 1)):
                    f.write(f"  d{i}: {{sequence: [{', '.join(f'tcp/{10000 + 3 * i + j}' for j in range(3))}], opens: [ssh]}}\n")
            os.chmod(self.path(f"postern.d/{part:06}.yaml"), 0o600)

    def write_keys(self):
        self.gate_keys = spa.GateKeys()
        self.gate_keys.write(self.path("gate.key"))
        self.clients = [spa.ClientKey(f"client{i}") for i in range(min(self.keys, 32))]
        others = (spa.ClientKey(f"other{i}") for i in range(self.keys - len(self.clients)))
        with open(os.open(self.path("authorized_keys"), os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.writelines(f"{key.line}\n" for key in self.clients)
            f.writelines(f"{key.line}\n" for key in others)
        if self.history:
            spa.write_ledger(self.path("ledger"), self.history)
        self.made = 0

    def command(self):
        return [self.executable, "gate", "--config", self.path("postern.yaml")]

    def environment(self):
        return {**os.environ, "NOTIFY_SOCKET": self.notify_path}

    def launch(self):
        """Ready is what it tells the service manager."""
        if os.path.exists(self.notify_path):
            os.unlink(self.notify_path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as self.notify:
            self.notify.bind(self.notify_path)
            os.chmod(self.notify_path, 0o666)
            self.notify.setblocking(False)
            return super().launch()

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the gate ended with {self.process.returncode}")
        try:
            return b"READY=1" in self.notify.recv(4096)
        except BlockingIOError:
            return False

    def steps(self, source):
        if not self.spa:
            return [f"tcp:{port}" for port in SEQUENCE]
        path = self.path(f"packet-{source}")
        with open(path, "wb") as f:
            f.write(self.packet())
        return [f"udp:{SPA_PORT}:{path}"]

    def packet(self, size=320):
        """Of one client after another, each with a few devices, so that none waits for the packet of another to come first."""
        self.made += 1
        return self.clients[self.made % len(self.clients)].packet(self.gate_keys, device=1 + self.made // len(self.clients) % 8, size=size)

    def ask(self, *words):
        return call([self.executable, *words, "--socket", self.socket])

    def count_grants(self):
        return self.status()["grants"]

    def status(self):
        return json.loads(self.ask("status", "--json"))

    def processes(self):
        return {p["name"]: p["pid"] for p in self.status()["processes"]}

    def take_seen(self):
        """From the gate itself: the kernel's count is its own to take. Its sentry tells it at even times."""
        packets = self.status()["packets"]
        dropped = packets["dropped_by_ring"]
        seen = packets["read"] + sum(packets["faulty"].values())
        before, self._seen = getattr(self, "_seen", (0, 0)), (seen, dropped)
        return {"passed": seen - before[0] + dropped - before[1], "dropped": dropped - before[1], "packets": packets}

    def preload(self, count):
        """The gate finds them in the kernel as it starts, as after a restart."""
        self.stop()
        addresses = self.fill(count)
        self.launch()
        wait_for(lambda: self.status()["grants"] == count, 60, f"the gate does not take over {count} grants", pause=0.2)
        return addresses


class PosternSpa(Postern):
    """A signed packet over UDP, seen by the ring."""

    name, knock_port, spa_port, spa = "postern-spa", None, SPA_PORT, True
    again_ms = (60, 120)       # copies of the packet: SpaKnock
    ipv6 = False


class PosternUdp(PosternSpa):
    """The same, seen by a bound socket."""

    name, capture, lets_port_through = "postern-udp", "udp", True


# ---- the reference


class Reference(System):
    program, spa_port, is_reference = "gcc", SPA_PORT, True
    way = ()

    def command(self):
        return [self.space.program("reference"), *self.way, str(SPA_PORT)]

    def steps(self, source):
        path = os.path.join(self.folder, "packet")
        with open(path, "w") as f:
            f.write("OPEN-SESAME".ljust(320, "."))
        return [f"udp:{SPA_PORT}:{path}"]


class ReferenceRing(Reference):
    name, way = "reference-ring", ("ring", "wire")


class ReferenceRingFlush(ReferenceRing):
    """The same, which remembers on the disk before it grants: the floor for a single packet."""

    name = "reference-ring-flush"

    def command(self):
        return [*super().command(), os.path.join(self.folder, "memory")]


class ReferenceSocket(Reference):
    name, way, lets_port_through = "reference-socket", ("socket",), True

    def is_ready(self):
        return any(meters.has_udp_socket(pid) for pid in self.pids())


# ---- the peers


class Knockd(System):
    program, package, knock_port, ipv6, logs = "knockd", "knockd", SEQUENCE[0], True, True

    def configure(self):
        if self.firewall == "nft":
            action = "".join(f"    start_command{v} = nft add element inet lab granted{s} {{ %IP% timeout {self.open_for}s }}\n" for v, s in (("", ""), ("_6", "6")))
        else:   # as its manual page has it
            action = "".join(f"    {when}{v} = {program} {flag} INPUT -s %IP% -p tcp --dport {PROTECTED} -j ACCEPT\n"
                             for when, flag in (("start_command", "-A"), ("stop_command", "-D")) for v, program in (("", "iptables"), ("_6", "ip6tables")))
            action += f"    cmd_timeout = {self.open_for}\n"
        with open(os.path.join(self.folder, "knockd.conf"), "w") as f:
            f.write(f"[options]\n    UseSyslog\n\n[office]\n    sequence = {','.join(map(str, SEQUENCE))}\n    seq_timeout = 5\n    tcpflags = syn\n{action}")

    def command(self):
        return ["knockd", "-i", self.interface, "-c", os.path.join(self.folder, "knockd.conf")]

    def steps(self, source):
        return [f"tcp:{port}" for port in SEQUENCE]


class KnockdNft(Knockd):
    name = "knockd-nft"


class KnockdIptables(Knockd):
    name, firewall = "knockd-iptables", "iptables"


class Fwknopd(System):
    """Rijndael and HMAC-SHA256, as its tutorial has it. Its client comes from a package of its own."""

    name, program, package, spa_port, firewall, junk, logs = "fwknopd", "fwknopd", "fwknop-server fwknop-client", SPA_PORT, "iptables", "base64", True
    junk_sizes = (225,)
    settings = {}
    key, hmac = base64.b64encode(bytes(range(32))).decode(), base64.b64encode(bytes(range(64))).decode()
    history = 0

    @classmethod
    def is_installed(cls):
        return all(shutil.which(p) for p in ("fwknopd", "fwknop", "iptables"))

    def configure(self):
        run = os.path.join(self.folder, "run")
        shutil.rmtree(run, ignore_errors=True)
        os.makedirs(run, mode=0o700)
        if self.history:
            self.write("run/digest.cache", "".join("%043x 17 10.77.0.1 40000 10.66.0.1 62201 1700000000\n" % i for i in range(self.history)))
        settings = {"PCAP_INTF": self.interface, "FWKNOP_RUN_DIR": run, "FIREWALL_EXE": shutil.which("iptables"), **self.settings}
        self.write("fwknopd.conf", "".join(f"{name} {value};\n" for name, value in settings.items()))
        self.write("access.conf", f"SOURCE ANY\nREQUIRE_SOURCE_ADDRESS Y\nKEY_BASE64 {self.key}\nHMAC_KEY_BASE64 {self.hmac}\nFW_ACCESS_TIMEOUT {self.open_for}\n")

    def write(self, name, text):
        with open(os.open(os.path.join(self.folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(text)

    def command(self):
        return ["fwknopd", "-c", f"{self.folder}/fwknopd.conf", "-a", f"{self.folder}/access.conf"]

    def main_pid(self):
        try:
            return int(read(os.path.join(self.folder, "run", "fwknopd.pid")))
        except (OSError, ValueError):
            return None

    def is_alive(self):
        return self.main_pid() in self.pids()

    def is_ready(self):
        return self.is_alive() and super().is_ready()

    def steps(self, source):
        path = os.path.join(self.folder, f"packet-{source}")
        call(["fwknop", "-A", f"tcp/{PROTECTED}", "-a", source, "-D", HOST, "--use-hmac", "--key-base64-rijndael", self.key, "--key-base64-hmac", self.hmac, "--test", "--no-save-args",
              "--rc-file", "/dev/null", "-B", path])
        with open(path, "rb+") as f:   # its newline is not sent
            text = f.read().rstrip(b"\r\n")
            f.seek(0)
            f.truncate()
            f.write(text)
        return [f"udp:{SPA_PORT}:{path}"]

    def iptables_rule(self, address):
        return f"-A FWKNOP_INPUT -s {address} -p tcp --dport {PROTECTED} -m comment --comment _exp_4102444800 -j ACCEPT"


class FwknopdFast(Fwknopd):
    name, settings = "fwknopd-fast", {"PCAP_LOOP_SLEEP": 1000}


class FwknopdUdp(Fwknopd):
    name, settings, lets_port_through = "fwknopd-udp", {"ENABLE_UDP_SERVER": "Y"}, True

    def is_ready(self):
        return self.is_alive() and any(meters.has_udp_socket(pid) for pid in self.pids())


ALL = {s.name: s for s in (Postern, PosternSpa, PosternUdp, KnockdIptables, KnockdNft, Fwknopd, FwknopdFast, FwknopdUdp, ReferenceRing, ReferenceRingFlush, ReferenceSocket)}
