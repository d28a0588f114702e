"""A bad link, rest, a start, and bulk."""
import json, os, random, shutil, statistics, subprocess, time

from kit import meters, traffic
from kit.cells import SETTLE, grouped
from kit.figures import Result, at_least, at_most, beside_reference, median, p95, show, spread, table
from kit.space import OPEN, PEER, call

LINK = {"delay_ms": 50, "jitter_ms": 30, "reorder": 25, "loss": 5}


def badlink(lab):
    """50 ± 30 ms, a quarter of the packets ahead of their time, 5 % lost, on the way to the gate. Postern's own client; the peers' knocks every half second."""
    count = 12 if lab.quick else 200
    rows = []
    for kind in [k for k in lab.of(lambda k: not getattr(k, "is_reference", False)) if k.name not in ("postern-udp", "fwknopd-fast")]:
        emulator = None
        try:
            gate, emulator = lab.space.open_bad_link(**LINK, seed=7)
            with kind(lab.space, open_for=3600, core=None, interface="bad") as system:
                knock = own_client if kind.is_ours else others_client
                rows += [knock(lab, system, gate, i) for i in range(count)]
        except Exception as e:
            rows.append({"system": kind.name, "fault": str(e)[:300]})
        finally:
            lab.space.close_bad_link(emulator)
        lab.log(f"badlink, {kind.name}: {sum(r.get('ok', 0) and r['ms'] <= 2000 for r in rows if r['system'] == kind.name)}/{count}")
    lines, result = [], Result(raw=rows)
    for (system,), group in grouped(rows, "system").items():
        good = [r for r in group if r.get("ok") and r["ms"] <= 2000]
        lines.append([system, f"{len(good)}/{len(group)}", f"{100 * len(good) / len(group):.1f} %", show(median([r["ms"] for r in good])), show(p95([r["ms"] for r in good])),
                      sum(r["rounds"] == 1 for r in good), next((r["fault"] for r in group if "fault" in r), "")])
        if system.startswith("postern"):
            result.verdicts.append(at_least(f"{system}: opened within 2 s", 100 * len(good) / len(group), 70 if lab.quick else 99.5, "%"))
    result.tables.append(table(["system", "open within 2 s", "", "median ms, from the first packet", "p95 ms", "by the first sending", ""], lines))
    result.notes.append("Postern: `postern knock`, as it comes, `order: any`. knockd and fwknopd: the knock again after 0.5, 1 and 1.5 s. The first SYN of each connection has to get through that link too.")
    return result


def move_to(lab, address):
    """Every knock comes from an address that has no grant yet, so that nobody has to wait until one ends."""
    lab.space.ip(lab.space.far, "address flush dev bad scope global", f"address add {address}/16 dev bad")


def own_client(lab, system, gate, i):
    source = f"10.67.{1 + i // 250}.{1 + i % 250}"
    move_to(lab, source)
    home = os.path.join(system.folder, "home")
    env = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home, "SSH_AUTH_SOCK": ""}
    if not os.path.isdir(home):
        os.makedirs(home, mode=0o700)
        if system.spa:
            system.clients[0].write(os.path.join(home, "key"))
            with open(os.path.join(home, "invitation"), "w") as f:
                f.write(system.gate_keys.invitation(gate, "ssh", 22))
            call([system.executable, "profile", "add", os.path.join(home, "invitation"), "--name", "lab", "--key", os.path.join(home, "key")], env=env)
    how = ["lab", "ssh"] if system.spa else [gate, "tcp/22", "--sequence", "tcp/7000,tcp/8000,tcp/9000"]
    process = lab.space.start([system.executable, "knock", *how, "--json", "--timeout", "4s"], lab.space.far, output=subprocess.PIPE, env=env)
    out, fault = process.communicate(timeout=60)
    lab.space.started.remove(process)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"postern knock: exit {process.returncode}: {fault.decode()[:300]}")
    answer = json.loads(out)
    return {"system": system.name, "ok": int(answer["outcome"] == "opened"), "ms": answer["elapsed_ms"], "rounds": answer["rounds"]}


def others_client(lab, system, gate, i):
    source = f"10.67.{1 + i // 250}.{1 + i % 250}"
    move_to(lab, source)
    answer = traffic.knocked(lab.space, traffic.knock(lab.space, source, system.steps(source), patience=2.5, every_us=20_000, again_ms=(500, 1000, 1500), gate=gate, namespace=lab.space.far))
    return {"system": system.name, "ok": answer["ok"], "ms": answer["since_first_us"] / 1000, "rounds": answer["rounds"]}


def idle(lab):
    """Nothing comes. How often does each process wake up all the same?"""
    settle, seconds = (2, 4) if lab.quick else (45, 30)
    rows = []
    for kind in lab.kinds:
        with kind(lab.space, core=None) as system:
            processes = system.processes()
            time.sleep(settle)   # to be asked wakes threads, which a runtime keeps for 20 s and then some
            before, used, begun = {n: meters.wakes(pid) for n, pid in processes.items()}, system.cpu(), time.monotonic()
            time.sleep(seconds)
            took = time.monotonic() - begun
            used = (system.cpu() - used) / took
            for name, pid in processes.items():
                rows.append({"system": kind.name, "process": name, "wakes": meters.wakes_since(pid, before[name]) / took, "cpu_ms_per_s": used * 1000, "memory": meters.memory(pid),
                             "threads": len(os.listdir(f"/proc/{pid}/task"))})
        lab.log(f"idle, {kind.name}: {', '.join(show(r['wakes']) for r in rows if r['system'] == kind.name)} wake-ups/s")
    lines, result = [], Result(raw=rows)
    for (system,), group in grouped(rows, "system").items():
        for r in group:
            name = r["process"] if r["process"] == system else f"{system}: {r['process']}"
            lines.append([name, show(r["wakes"]), r["threads"], show(r["memory"]["pss"] / 1024), show(r["memory"]["rss"] / 1024), show(r["memory"]["private"] / 1024), show(r["cpu_ms_per_s"])])
            if system.startswith("postern"):
                result.verdicts.append(at_most(f"{name}: wake-ups a second", r["wakes"], 100 if lab.quick else 1))
        if system.startswith("postern"):
            result.verdicts.append(at_most(f"{system}: CPU", group[0]["cpu_ms_per_s"] / 10, 5 if lab.quick else 0.05, "%"))
    result.tables.append(table(["process", "wake-ups/s", "threads", "PSS MiB", "RSS MiB", "its own MiB", "CPU, ms a second (whole system)"], lines))
    result.notes += beside_reference("memory (PSS of all processes)", {system: sum(r["memory"]["pss"] for r in group) for (system,), group in grouped(rows, "system").items()})
    result.notes.append("Wake-ups: voluntary context switches of all threads. 0.05 % is what is shown as 0.0 %, rounded down.")
    return result


def start(lab):
    """From execve until it is ready: what it tells the service manager (Postern), or its capture standing (peers, who say nothing)."""
    rounds, rows = (3 if lab.quick else 15), []
    for _ in range(rounds):
        for kind in lab.kinds:
            with kind(lab.space, core=None) as system:
                system.stop()
                rows.append({"system": kind.name, "ms": system.launch() * 1000})
    lines, result = [], Result(raw=rows)
    native = lab.is_native()
    for (system,), group in grouped(rows, "system").items():
        ms = [r["ms"] for r in group]
        lines.append([system, show(median(ms)), show(min(ms)), show(p95(ms))])
        if system == "postern":
            result.verdicts.append(at_most(f"{system}: times as long as the reference", median(ms) / max(1.0, median([r["ms"] for r in rows if r["system"] == "reference-ring"] or [5])), 300) if lab.quick
                                   else at_most(f"{system}, {'native' if native else 'ReadyToRun'}: ready after", median(ms), 30 if native else 150, "ms"))
    result.tables.append(table(["system", "median ms", "least", "p95"], lines))
    result.notes += beside_reference("start", {system: median([r["ms"] for r in group]) for (system,), group in grouped(rows, "system").items()})
    result.notes.append("The second start: files are in memory, Postern's rules and keys are there.")
    return result


def bulk(lab):
    """One TCP connection to a port behind the gate, with a grant, as fast as it goes: a second without the gate, one with it, one without it again, in turns of chance, many times.
    The two without, one against the other, say what the measure is worth: the rate of a second drifts by tens of per cent on a machine that others use."""
    if not shutil.which("iperf3"):
        return Result(notes=["Not measured: iperf3 is not installed (Debian package iperf3)."])
    rows = []
    for turn in range(2 if lab.quick else 6 * lab.repetitions):
        for kind in [k for k in lab.of(lambda k: not getattr(k, "is_reference", False)) if k.name not in ("postern-udp", "fwknopd-fast")]:
            for when in random.sample(("without", "with", "again"), 3):
                try:
                    rows.append(bulk_cell(lab, kind, when) | {"turn": turn})
                except Exception as e:
                    rows.append({"system": kind.name, "when": when, "turn": turn, "fault": str(e)[:300]})
        lab.log(f"bulk: {turn + 1}")
    lines, margins, result = [], [], Result(raw=rows)
    for (system,), group in grouped(rows, "system").items():
        turns = [{r["when"]: r for r in turn} for turn in grouped(group, "turn").values() if len([r for r in turn if "fault" not in r]) == 3]
        for way, name in (("to", "to the gate"), ("from", "from the gate")):
            rate, cost = ({when: [t[when][field] for t in turns] for when in ("without", "with", "again")} for field in (way, f"{way}_cpu"))
            (of_rate, off), (of_cost, cost_off) = gated(rate), gated(cost)
            margins.append(off)
            lines.append([system, name, spread([r / 1e9 for r in rate["without"] + rate["again"]]), spread([r / 1e9 for r in rate["with"]]), per_cent(of_rate, off), per_cent(null(rate)),
                          spread(cost["without"] + cost["again"]), spread(cost["with"]), per_cent(of_cost, cost_off), per_cent(null(cost)), spread([r.get("cpu_s") for r in group])])
            if system.startswith("postern"):
                result.verdicts.append(at_least(f"{system}, {name}: of what it is without a gate" + (f" (± {100 * off:.1f} %)" if off else ""), 100 * of_rate if of_rate else None, 60 if lab.quick else 98, "%"))
    result.tables.append(table(["system", "way", "Gbit/s without", "with", "share", "without, again", "CPU s a GB without", "with", "share", "without, again", "daemon's CPU s"], lines))
    if rows and any(off and off > 0.02 for off in margins):
        result.notes.append("**This machine was too busy, or the turns were too few, to judge 2 %**: by how much each share may be off stands beside it.")
    result.notes.append("Shares: the median over all turns of a second with the gate against the two seconds without it of the same turn; *without, again*: of the second of these against the first, which is what nothing at all comes to here. "
                        "CPU: both ends of the connection, their kernels' work included.")
    return result


def gated(values):
    """The median of what each turn says: with, of the mean of both without; and how far off it may be, two standard errors of a median."""
    shares = [w / ((a + b) / 2) for w, a, b in zip(values["with"], values["without"], values["again"])]
    return median(shares), 2 * 1.25 * statistics.stdev(shares) / len(shares) ** 0.5 if len(shares) > 1 else None


def null(values):
    return median([b / a for a, b in zip(values["without"], values["again"])])


def per_cent(share, off=None):
    return "–" if share is None else f"{100 * share:.1f}" + (f" ± {100 * off:.1f}" if off else "") + " %"


def bulk_cell(lab, kind, when):
    system = kind(lab.space, guards_bulk=True)
    try:
        if when == "with":
            system.start()
            if system.is_ours:
                system.ask("grant", "bulk", PEER)
        else:
            system.lay_firewall()   # the host's own rules only
        time.sleep(SETTLE)
        used = system.cpu() if when == "with" else 0
        (to, to_cpu), (back, back_cpu) = traffic.bulk(lab.space, OPEN, 1), traffic.bulk(lab.space, OPEN, 1, reverse=True)
        return {"system": kind.name, "when": when, "to": to, "from": back, "to_cpu": to_cpu, "from_cpu": back_cpu, "cpu_s": system.cpu() - used if when == "with" else None}
    finally:
        system.stop()
