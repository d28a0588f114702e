"""What strangers, replays and numbers cost: processor time, memory, and what grows."""
import os, re, time

from kit import meters, plots, spa, traffic
from kit.cells import SETTLE, TELL, grouped
from kit.figures import Result, all_of, at_most, beside_reference, median, show, spread, table
from kit.space import PROTECTED, call

AFTER_TABLE = "table inet after {{ chain c {{ type filter hook input priority 300\n{what} counter drop\n}}\n}}\n"


def idle_rate(system, seconds):
    """Seconds of processor time a second while nothing comes. The least of some pieces: after a flood a runtime compiles anew what ran often, and that ends."""
    rates = []
    for _ in range(4):
        used, begun = system.cpu(), time.monotonic()
        time.sleep(seconds / 4)
        rates.append((system.cpu() - used) / (time.monotonic() - begun))
    return min(rates)


def cost_of_flood(lab, system, seconds, **flood):
    """Processor time of the daemon for each packet that its filter let through, in µs, less what it uses at rest."""
    resting = idle_rate(system, 0.5 if lab.quick else 2)
    system.take_seen()
    used, begun = system.cpu(), time.monotonic()
    sent = traffic.flooded(lab.space, traffic.flood(lab.space, seconds=seconds, **flood))
    time.sleep(0.1)
    used, took = system.cpu() - used, time.monotonic() - begun
    time.sleep(TELL if system.is_ours else 0)
    seen = system.take_seen()
    handled = (seen["passed"] or sent["sent"]) - seen["dropped"]
    return {"us": max(0.0, used - resting * took) * 1e6 / max(1, handled), "sent": sent["sent"], "handled": handled, "dropped": seen["dropped"],
            "sender_us": sent["ns_per_packet"] / 1000, "per_second": sent["per_second"]}


def refused(lab):
    """Nobody genuine knocks; each packet is refused."""
    seconds, rate = (1.5, 50_000) if lab.quick else (lab.seconds / 2, 100_000)
    cases = [(kind, f"junk of {size} bytes", {"kind": kind.junk, "port": kind.spa_port, "sizes": (size,)}) for kind in lab.of(lambda k: k.spa_port)
             for size in (spa.SIZES if kind.is_ours else kind.junk_sizes)]
    cases += [(kind, "junk of another size (321)", {"kind": "junk", "port": kind.spa_port, "sizes": (321,)}) for kind in lab.of(lambda k: k.is_ours and k.spa_port)]
    cases += [(kind, "first knocks of false sources", {"kind": "syn", "port": kind.knock_port, "order": "seq"}) for kind in lab.of(lambda k: k.knock_port)]
    if lab.quick:
        cases = [(kind, label, flood) for kind, label, flood in cases if kind.is_ours and flood.get("sizes", (320,)) == (320,)]
    rows = []
    for repetition in range(lab.repetitions):
        for kind, label, flood in cases:
            try:
                with kind(lab.space) as system:
                    time.sleep(SETTLE)
                    warm = traffic.flood(lab.space, seconds=1, rate=20_000, **flood)   # code that has not run yet is not what a flood costs
                    traffic.flooded(lab.space, warm)
                    row = cost_of_flood(lab, system, seconds, rate=rate, **flood)
            except Exception as e:
                row = {"fault": str(e)[:300]}
            rows.append(row | {"system": kind.name, "label": label, "ours": kind.is_ours})
            lab.log(f"refused, {kind.name}, {label}: {show(row.get('us'))} µs, {row.get('fault', '')}")
    lines, bars, result = [], {}, Result(raw=rows)
    for (label, system), group in grouped(rows, "label", "system").items():
        good = [r for r in group if "us" in r]
        us = median([r["us"] for r in good])
        lines.append([label, system, spread([r["us"] for r in good]), spread([r["sender_us"] for r in good]), spread([100 * r["dropped"] / max(1, r["handled"] + r["dropped"]) for r in good])])
        bars[f"{system}, {label.removeprefix('junk of ')}"[:30]] = us
        if group[0]["ours"] and "first" not in label:
            if lab.quick:
                result.verdicts.append(at_most(f"{system}, {label}: CPU against what the packet costs the kernel", us / median([r["sender_us"] for r in good]) if good else None, 6))
            else:
                result.verdicts.append(at_most(f"{system}, {label}: CPU a packet", us, 1, "µs"))
    result.tables.append(table(["packets", "system", "µs of its CPU, each", "µs of flooder and kernel, each", "lost by its capture, %"], lines))
    result.notes.append(f"At {rate:,}/s".replace(",", " ") + "; what the daemon uses at rest is taken off. What was lost by the capture is not in the divisor: who drops much looks dear, and is.")
    result.notes += beside_reference("CPU a packet, junk of 320 bytes", {r["system"]: median([g["us"] for g in rows if g["system"] == r["system"] and g["label"] == r["label"] and "us" in g])
                                                                          for r in rows if r["label"] == "junk of 320 bytes"})
    result.plots.append(("cpu", plots.bars("CPU for each packet that is refused", "µs", bars, log_y=True)))
    return result


def memory(lab):
    """Two million false sources, and the memory of each process beside it."""
    count, rate = (100_000, 40_000) if lab.quick else (2_000_000, 100_000)
    cases = [(kind, "first knocks", {"kind": "syn", "port": kind.knock_port, "order": "seq"}) for kind in lab.of(lambda k: k.knock_port)]
    cases += [(kind, "junk", {"kind": kind.junk, "port": kind.spa_port, "sizes": kind.junk_sizes, "order": "seq"}) for kind in lab.of(lambda k: k.spa_port and not getattr(k, "is_reference", False))]
    rows = []
    for kind, label, flood in cases:
        if lab.quick and not kind.is_ours:
            continue
        with kind(lab.space) as system:
            processes = system.processes()
            time.sleep(3 if lab.quick else 5)   # a sentry takes its memory at its first beat
            series = meters.MemorySeries(processes, pause=0.2)
            series.look()
            sent = traffic.flooded(lab.space, traffic.flood(lab.space, seconds=600 if rate else 30, rate=rate, count=count, **flood))
            time.sleep(TELL if lab.quick else 20)   # what is only lent is given back by then
            looks = series.stop()
            seen = system.take_seen()   # to be asked makes a gate grow too, so it is asked last
        rows.append({"system": kind.name, "label": label, "ours": kind.is_ours, "sent": sent["sent"], "flood_s": sent["seconds"], "seen": seen, "looks": looks})
        lab.log(f"memory, {kind.name}, {label}: {growth(looks)} KiB")
    lines, pictures, result = [], {}, Result(raw=rows)
    for row in rows:
        looks, names = row["looks"], [n for n in row["looks"][0] if n != "at"]
        grown = growth(looks)
        half = [l for l in looks if l["at"] > row["flood_s"] / 2] or looks[-1:]
        late = growth([half[0], looks[-1]])
        lines.append([row["label"], row["system"], ", ".join(f"{n} {looks[0][n]['pss'] / 1024:.1f}" for n in names if looks[0][n]), show(grown["private"], "KiB"), show(grown["pss"], "KiB"), show(late["private"], "KiB"),
                      show(grown["private"] * 1024 / row["sent"], "bytes")])
        pictures[f"{row['system']}, {row['label']}"] = [(l["at"], sum(l[n]["private"] for n in names if l[n]) / 1024) for l in looks]
        if row["ours"]:
            if lab.quick:
                result.verdicts.append(at_most(f"{row['system']}, {row['label']}: bytes of its own more for each false source of the second half", late["private"] * 2048 / row["sent"], 60))
            else:
                result.verdicts += [at_most(f"{row['system']}, {row['label']}: growth of its own memory", grown["private"], 1024, "KiB"),
                                    at_most(f"{row['system']}, {row['label']}: of it in the second half", late["private"], 256, "KiB")]
    result.tables.append(table(["packets", "system", "PSS before, MiB", "its own memory, more after it", "PSS, more", "its own, more since half of the flood", "for each source"], lines))
    result.notes.append("*Its own*: private pages (smaps_rollup), of all its processes. A table that was laid out but never touched, and blocks of the ring that were never read, count as growth when they are first touched; the second half shows whether it goes on.")
    result.plots.append(("memory", plots.lines("Memory of all processes while false sources come", "s", "MiB of its own", pictures)))
    return result


def growth(looks):
    first, last = looks[0], looks[-1]
    return {what: sum((last[n] or first[n])[what] - first[n][what] for n in first if n != "at" and first[n]) for what in ("private", "pss", "rss")}


def replays(lab):
    """What was accepted comes again 10 000 times, at 2 000/s, to a gate that has accepted 100 000 knocks before; five genuine knocks come meanwhile."""
    count, history = (2_000, 10_000) if lab.quick else (10_000, 100_000)
    kinds = lab.of(lambda k: k.spa_port and not getattr(k, "is_reference", False))
    rows = []
    for repetition in range(lab.repetitions):
        for kind in kinds:
            for label, recorded in (("one packet", 1), ("many packets in turn", 100)):
                if recorded > 1 and not kind.is_ours:
                    continue
                try:
                    rows.append(replay_cell(lab, kind, label, recorded, count, history))
                except Exception as e:
                    rows.append({"system": kind.name, "label": label, "fault": str(e)[:300]})
                lab.log(f"replays, {kind.name}, {label}: {rows[-1].get('cpu_s', rows[-1].get('fault'))} s, {rows[-1].get('opened')}/5")
    lines, result = [], Result(raw=rows)
    for (label, system), group in grouped(rows, "label", "system").items():
        good = [r for r in group if "cpu_s" in r]
        if not good:
            lines.append([label, system, group[0]["fault"], "", "", ""])
            continue
        used, opened = median([r["cpu_s"] for r in good]), sum(r["opened"] for r in good)
        lines.append([label, system, spread([r["ready_s"] * 1000 for r in good]), spread([r["cpu_s"] for r in good]), f"{opened}/{5 * len(good)}", spread([r["cpu_s"] * 1e6 / r["sent"] for r in good])])
        if system.startswith("postern"):
            result.verdicts.append(all_of(f"{system}, {label}: genuine knocks", opened, 5 * len(good)))
            result.verdicts.append(at_most(f"{system}, {label}: CPU of a replay against what the kernel and its sender need for it", used * 1e6 / count / median([r["sender_us"] for r in good]), 10) if lab.quick
                                   else at_most(f"{system}, {label}: CPU of all", used, 0.1, "s"))
    result.tables.append(table(["replayed", "system", "start with that history, ms", "CPU s", "genuine knocks heard", "µs a replay"], lines))
    result.notes.append(f"{count} replays, a history of {history}. Postern's is the last time of each of as many keys; fwknopd's is its digest cache. What it uses at rest, and for the five knocks, is in the CPU seconds.")
    return result


def replay_cell(lab, kind, label, recorded, count, history):
    system = kind(lab.space, history=history)
    os.makedirs(system.folder, exist_ok=True)
    ready = system.start()
    try:
        time.sleep(SETTLE)
        packets = []
        for _ in range(recorded):
            source = lab.space.genuine()
            steps = system.steps(source)
            answer = traffic.knocked(lab.space, traffic.knock(lab.space, source, steps, every_us=2000))
            if answer["ok"]:
                with open(steps[0].split(":", 2)[2], "rb") as f:
                    packets.append(f.read())
        if not packets:
            raise RuntimeError("no packet was accepted that could be replayed")
        file = spa.write_packets(os.path.join(system.folder, "replays"), packets)
        knocks = [(source, system.steps(source)) for source in (lab.space.genuine() for _ in range(5))]
        used, probes = system.cpu(), []
        flooding = traffic.flood(lab.space, kind="file", file=file, port=kind.spa_port, rate=2000, count=count, seconds=30)
        for source, steps in knocks:
            time.sleep(count / 2000 / 6)
            probes.append(traffic.knock(lab.space, source, steps, every_us=2000, again_ms=system.again_ms))
        sent = traffic.flooded(lab.space, flooding)
        time.sleep(0.3)
        used = system.cpu() - used
        opened = sum(traffic.knocked(lab.space, probe)["ok"] for probe in probes)
        return {"system": kind.name, "label": label, "ready_s": ready, "cpu_s": used, "opened": opened, "sent": sent["sent"], "sender_us": sent["ns_per_packet"] / 1000, "recorded": len(packets)}
    finally:
        system.stop()


def grants(lab):
    """What one grant more costs, and what a packet costs, with so many in force."""
    sizes = (10, 2_000) if lab.quick else (10, 5_000, 100_000)
    kinds = [k for k in lab.of(lambda k: True) if k.name not in ("postern-udp", "fwknopd-fast", "reference-socket", "reference-ring-flush")]
    rows = []
    for repetition in range(lab.repetitions):
        for size in sizes:
            for kind in kinds:
                if size > 5_000 and not is_quick_to_fill(kind):
                    continue
                try:
                    rows.append(grants_cell(lab, kind, size))
                except Exception as e:
                    rows.append({"system": kind.name, "size": size, "fault": str(e)[:300]})
                lab.log(f"grants, {kind.name}, {size}: {rows[-1].get('grant_us', rows[-1].get('fault'))}")
        for kind in kinds:
            if repetition == 0 and kind.name in ("postern", "reference-ring"):   # it repeats by itself; postern-spa has the same rules and the same set
                try:
                    rows.append(packets_cell(lab, kind, sizes))
                except Exception as e:
                    rows.append({"system": kind.name, "label": "a packet", "fault": str(e)[:300]})
                lab.log(f"grants, {kind.name}, a packet: {rows[-1].get('times', rows[-1].get('fault'))}")
    lines, result, middle = [], Result(raw=rows), {}
    names = ("grant_us", "many_us", *PACKETS)
    for (system, size), group in grouped([r for r in rows if "size" in r], "system", "size").items():
        good = [r for r in group if "granted_ns" in r]
        if not good:
            lines.append([system, size, group[0]["fault"], "", "", ""])
            continue
        middle[system, size] = {name: median([r[name] for r in good]) for name in names}
        lines.append([system, size] + [spread([r[name] for r in good]) for name in names])
    for system in ("postern", "postern-spa"):
        least, most = middle.get((system, sizes[0])), middle.get((system, sizes[-1]))
        if least and most:
            if not lab.quick and system == "postern":
                result.verdicts += [at_most(f"{system}: CPU of one grant more, {said}, {sizes[-1]} in force", most[name], 50, "µs") for name, said in (("many_us", "of many at once"), ("grant_us", "by itself"))]
            name = "many_us" if least["many_us"] else "grant_us"
            result.verdicts.append(at_most(f"{system}: it grows from {sizes[0]} to {sizes[-1]} grants by", times(most[name], least[name]), 4 if lab.quick else 2, "×"))
        grown = [r["times"] for r in rows if r["system"] == system and "times" in r]
        for name, what in PACKETS.items():
            if grown and system == "postern":
                result.verdicts.append(at_most(f"{system}: {what} costs more by", median([r[name] for r in grown]), 1.5 if lab.quick else 1.05, "×"))
    result.tables.append(table(["system", "grants in force", "one more, by itself: CPU µs, all processes", "one of many, 1 000/s: CPU µs", "ns: a stranger's SYN", "ns: the last grantee's SYN", "ns: a segment to the open port"], lines))
    result.tables.append(table(["system", *(f"{what}, {sizes[-1]} in force against {sizes[0]}" for what in PACKETS.values())],
                               [[system] + [spread([r["times"][name] for r in group], "×") for name in PACKETS] for (system,), group in grouped([r for r in rows if "times" in r], "system").items()]))
    result.notes.append("By itself: a knock every 15 ms or so, each of which wakes every process that takes part, from the packet to the line in the log; at rest taken off. ns: of the sender with all that the kernel does up to where the packet ends. The peers are not asked for more than 5 000: "
                        "with iptables each packet would walk through them all. The reference is one process that is woken once by one packet, and writes nothing down. What a packet costs with more in force is taken from one gate whose set is filled and emptied in turn, "
                        "over and over: of floods minutes apart it is the machine that differs. The reference has one rule and a set of bare addresses: that is what the kernel's hash table costs. What disturbs a flood only makes it dearer, so the lower quartile counts.")
    for name, what in (("grant_us", "grant by itself"), ("many_us", "grant of many")):
        result.notes += beside_reference(f"CPU for a {what}, {sizes[-1]} in force", {system: row[name] for (system, size), row in middle.items() if size == sizes[-1]})
    return result


PACKETS = {"granted_ns": "a packet of who has a grant", "stranger_ns": "a stranger's packet", "data_ns": "a packet to the open port"}


def is_quick_to_fill(kind):
    return kind.is_ours or getattr(kind, "is_reference", False)


def packet_floods(last):
    return (("stranger_ns", {"kind": "syn", "port": PROTECTED}), ("granted_ns", {"kind": "syn", "port": PROTECTED, "source": f"{last}/32", "order": "fixed"}),
            ("data_ns", {"kind": "data", "port": 5201, "source": "10.77.250.1/32", "order": "fixed", "sizes": (100,), "source_port": 40000}))


def stop_what_comes_through(lab):
    """A packet that has come through to here has cost what it costs; it goes no further, so that no listener's answer is measured."""
    call(["nft", "-f", "-"], lab.space.gate, given=AFTER_TABLE.format(what="ip saddr { 10.200.0.0/15, 10.77.250.1 }"))


def cost_of_packet(lab, seconds, flood):
    return traffic.flooded(lab.space, traffic.flood(lab.space, seconds=seconds, **flood))["ns_per_packet"]


def grants_cell(lab, kind, size):
    with kind(lab.space, open_for=3600) as system:
        time.sleep(SETTLE)
        addresses = system.preload(size)
        row = {"system": kind.name, "size": size, "grant_us": cost_of_grants(lab, system), "many_us": cost_of_many(lab, system) if is_quick_to_fill(kind) and not getattr(kind, "spa", False) else None}
        stop_what_comes_through(lab)
        for name, flood in packet_floods(addresses[-1]):
            row[name] = cost_of_packet(lab, 0.5 if lab.quick else 2, flood)
        row["through"] = int(re.search(r"packets (\d+)", call(["nft", "list", "table", "inet", "after"], lab.space.gate))[1])
        return row


def packets_cell(lab, kind, sizes):
    """
    The least and the most in force, in turn, in the kernel of one gate: for each kind of packet, what it costs with either, over and over. What disturbs a flood only ever makes it dearer, so
    of all floods with so many in force the lower quartile counts.
    """
    rounds, seconds = (3, 0.1) if lab.quick else (20, 0.2)
    costs = {name: {sizes[0]: [], sizes[-1]: []} for name in PACKETS}
    with kind(lab.space, open_for=3600) as system:
        time.sleep(SETTLE)
        stop_what_comes_through(lab)
        for number in range(rounds):
            for size in (sizes[0], sizes[-1])[::1 if number % 2 == 0 else -1]:
                last = system.fill(size)[-1]
                time.sleep(0.1 if lab.quick else 1)   # the kernel gives back what was in the set, and lays its table anew
                for name, flood in packet_floods(last) * (1 if lab.quick else 2):
                    costs[name][size].append(cost_of_packet(lab, seconds, flood))
    quartile = {name: {size: sorted(values)[len(values) // 4] for size, values in of.items()} for name, of in costs.items()}
    return {"system": kind.name, "label": "a packet", "times": {name: of[sizes[-1]] / of[sizes[0]] for name, of in quartile.items()}, "costs_ns": {name: [of[sizes[0]], of[sizes[-1]]] for name, of in costs.items()}}


def cost_of_grants(lab, system):
    """CPU in µs of one knock and its grant, where each comes by itself to a gate that was asleep."""
    count, warm = ((60, 40) if lab.quick else (300, 300)) if is_quick_to_fill(system) else ((5, 1) if lab.quick else (20, 2))

    def knock(number):
        sources = [lab.space.genuine() for _ in range(number)]
        steps = [system.steps(source) for source in sources]
        used, begun = system.cpu(), time.monotonic()
        for source, what in zip(sources, steps):
            # Sends, and does not look: who looks makes the kernel work, and the next knock wait.
            traffic.knocked(lab.space, traffic.knock(lab.space, source, what, patience=0.0005, every_us=1_000_000))
        time.sleep(0.5)
        return system.cpu() - used, time.monotonic() - begun

    knock(warm)
    resting = idle_rate(system, 1 if lab.quick else 3)
    used, took = knock(count)
    return positive((used - resting * took) * 1e6 / count)


def cost_of_many(lab, system, number=[0]):
    """The same where a thousand come in a second: all send their first packet, then all the second, then all the third. To knockd each is the other's wrong knock."""
    count, rate = 400 if lab.quick else 3_000, 1_000
    resting = idle_rate(system, 1 if lab.quick else 3)
    number[0] += 1
    before, used, begun = system.count_grants(), system.cpu(), time.monotonic()
    for step in system.steps("")[:3]:
        protocol, port, *file = step.split(":")
        packet = {"kind": "file", "file": spa.write_packets(f"{system.folder}/packets", [open(file[0], "rb").read()])} if protocol == "udp" else {}
        sent = traffic.flood(lab.space, port=int(port), source=f"10.{100 + number[0] % 20}.0.0/16", order="seq", rate=rate, count=count, seconds=30, **packet)
        traffic.flooded(lab.space, sent)
    time.sleep(0.3)
    used, took = system.cpu() - used, time.monotonic() - begun
    granted = system.count_grants() - before
    if granted < count / 2:
        raise RuntimeError(f"of {count} knocks {granted} were granted")
    return positive((used - resting * took) * 1e6 / granted)


def positive(cost):
    """None: what was at rest was no rest, so nothing was measured."""
    return cost if cost > 0 else None


def times(most, least):
    return most / least if most is not None and least else None


def scale(lab):
    """From one key, service or door to very many: what one packet costs must stay."""
    seconds, cases = (1 if lab.quick else lab.seconds / 2), []
    kinds = {k.name: k for k in lab.of(lambda k: k.is_ours)}
    if "postern-spa" in kinds:
        for keys in (1, 1_000) if lab.quick else (1, 10_000, 100_000):
            cases.append(("keys", keys, kinds["postern-spa"], {"keys": keys}, {"kind": "junk", "port": 62201, "sizes": (320,), "rate": 50_000}))
    if "postern" in kinds:
        for doors in (1, 1_000) if lab.quick else (1, 10_000):
            cases.append(("doors", doors, kinds["postern"], {"doors": doors}, {"kind": "syn", "port": 7000, "order": "seq", "rate": 50_000}))
        for services in (1, 100) if lab.quick else (1, 1_000):
            cases.append(("services", services, kinds["postern"], {"services": services}, {"kind": "syn", "port": 7000, "order": "seq", "rate": 50_000}))
    rows = []
    for repetition in range(lab.repetitions):
        for what, number, kind, options, flood in cases:
            row = {"what": what, "number": number, "label": f"{number} {what}", "system": kind.name}
            try:
                with kind(lab.space, open_for=3600, **options) as system:
                    time.sleep(SETTLE)
                    if what == "keys" and (known := system.status()["spa"]["keys"]) < number:
                        raise RuntimeError(f"the gate knows {known} keys of {number}")
                    traffic.flooded(lab.space, traffic.flood(lab.space, seconds=1, **flood))
                    row |= cost_of_flood(lab, system, seconds, **flood)
                    row["stranger_ns"] = traffic.flooded(lab.space, traffic.flood(lab.space, seconds=0.5 if lab.quick else 2, kind="syn", port=PROTECTED))["ns_per_packet"]
                    row["knock_us"] = cost_of_grants(lab, system)
            except Exception as e:
                row["fault"] = str(e)[:300]
            rows.append(row)
            lab.log(f"scale, {what} {number}: {row.get('us', row.get('fault'))}")
    lines, result, middle = [], Result(raw=rows), {}
    for (what, number), group in grouped(rows, "what", "number").items():
        faults = [r["fault"] for r in group if "fault" in r]
        good = [r for r in group if "fault" not in r]
        middle[what, number] = {name: median([r[name] for r in good]) for name in ("us", "stranger_ns", "knock_us")}
        lines.append([what, f"{number:,}".replace(",", " "), faults[0] if faults else spread([r["us"] for r in good])] + [spread([r.get(name) for r in good]) for name in ("knock_us", "stranger_ns")])
    for what in dict.fromkeys(w for w, _ in middle):
        numbers = [n for w, n in middle if w == what and middle[w, n]["us"]]
        for name, said in (("us", "a packet that is refused"), ("knock_us", "a genuine knock"), ("stranger_ns", "a stranger's packet to a protected port")):
            if len(numbers) > 1:
                ratio = times(middle[what, numbers[-1]][name], middle[what, numbers[0]][name])
                result.verdicts.append(at_most(f"{numbers[-1]} {what} against {numbers[0]}: {said} costs", ratio, 4 if lab.quick else 1.25, "×"))
    result.tables.append(table(["of what", "how many", "a refused packet: CPU µs", "a genuine knock, by itself: CPU µs", "ns: a stranger's SYN to the protected port"], lines))
    return result
