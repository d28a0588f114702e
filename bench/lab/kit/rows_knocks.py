"""Does a genuine knock get in, and how fast: on a quiet link, and whatever else comes."""
import os, random, time

from kit import plots, spa, traffic
from kit.cells import SETTLE, cell, grid, grouped, merged, total
from kit.figures import Result, all_of, at_least, at_most, beside_reference, median, p95, show, spread, table


def quiet(lab):
    """One knock at a time, at moments of chance; a connection is tried every 0.2 ms."""
    rounds, kinds, rows = (6, lab.kinds, []) if lab.quick else (60, lab.kinds, [])
    plain = lab.plain_connection()
    for part in range(0, rounds, 10):
        for kind in kinds:
            for ipv6 in (False, True) if kind.ipv6 and not lab.quick else (False,):
                with kind(lab.space, core=None) as system:
                    time.sleep(SETTLE)
                    for _ in range(min(10, rounds - part)):
                        source = lab.space.genuine(ipv6)
                        steps = system.steps(source)
                        time.sleep(random.random() * 0.25)
                        used = system.cpu()
                        answer = traffic.knocked(lab.space, traffic.knock(lab.space, source, steps, every_us=200, ipv6=ipv6))
                        time.sleep(0.05)
                        rows.append({"system": kind.name, "ipv6": ipv6, "ok": answer["ok"], "ms": answer["since_last_us"] / 1000, "cpu_ms": (system.cpu() - used) * 1000})
        lab.log(f"quiet: {part + min(10, rounds - part)} of {rounds}")
    groups = grouped(rows, "system", "ipv6")
    good = {key: [r["ms"] for r in group if r["ok"]] for key, group in groups.items()}
    lines = [[name, "v6" if ipv6 else "v4", f"{len(good[name, ipv6])}/{len(group)}", show(median(good[name, ipv6])), show(p95(good[name, ipv6])),
              show(min(good[name, ipv6], default=None)), show(max(good[name, ipv6], default=None)), spread([r["cpu_ms"] for r in group])] for (name, ipv6), group in groups.items()]
    result = Result(raw=rows, tables=[table(["system", "IP", "opened", "median ms", "p95 ms", "min", "max", "CPU ms a knock, all processes"], lines)])
    result.notes.append(f"A TCP connection where nobody has to knock takes {plain['median_us'] / 1000:.3f} ms (median), {plain['p95_us'] / 1000:.3f} (p95).")
    peers = {name: median(ms) for (name, ipv6), ms in good.items() if not ipv6 and ms and lab.is_peer(name)}
    for name, middle, high in (("postern", 3, 6), ("postern-spa", 2, 4), ("postern-udp", 2, 4)):
        if (name, False) in good and not lab.quick:
            result.verdicts += [at_most(f"{name}, median", median(good[name, False]), middle, "ms"), at_most(f"{name}, p95", p95(good[name, False]), high, "ms")]
    ours = {name: median(ms) for (name, ipv6), ms in good.items() if not ipv6 and ms and name.startswith("postern")}
    if ours and peers:
        for name, middle in ours.items():
            fastest = min(peers, key=peers.get)
            result.verdicts.append(at_least(f"{name}: times faster than the fastest peer ({fastest})", peers[fastest] / middle, 1 if lab.quick else 4))
    for name, middle in ours.items():
        floor = median(good.get(("reference-socket" if name == "postern-udp" else "reference-ring", False), []))
        if floor and lab.quick:
            result.verdicts.append(at_most(f"{name}: times as slow as the reference", middle / floor, 40))
    result.notes += beside_reference("median", {name: median(ms) for (name, ipv6), ms in good.items() if not ipv6})
    result.notes += beside_reference("CPU for a knock", {name: median([r["cpu_ms"] for r in group]) for (name, ipv6), group in groups.items() if not ipv6})
    if lab.quick:
        result.verdicts += [all_of(f"{name}: opened", sum(r["ok"] for r in group), len(group)) for (name, _), group in groups.items() if name.startswith("postern")]
    result.plots.append(("latency", plots.lines("Last knock to open port, quiet link", "ms", "share of knocks", {
        name: [(ms, (i + 1) / len(good[name, ipv6])) for i, ms in enumerate(sorted(good[name, ipv6]))] for name, ipv6 in good if not ipv6}, log_x=True)))
    return result


def knocks_in(seconds):
    return max(1, round(3 * seconds))


def flooded(lab, name, title, kinds, rates, flood_of, most_ms=10):
    """Knocks at each of these rates: 0 is as fast as it goes."""
    seconds, knocks = (2.5, 6) if lab.quick else (lab.seconds, knocks_in(lab.seconds))
    cells = [("the most" if rate == 0 else f"{rate:,}/s".replace(",", " "), kind, {"knocks": knocks, "seconds": seconds, "flood": {**flood_of(kind), "rate": rate}})
             for rate in rates for kind in kinds]
    rows = grid(lab, cells)
    lines, series, result = [], {}, Result(raw=rows)
    for (label, system), group in grouped(rows, "label", "system").items():
        faults = [r["fault"] for r in group if "fault" in r]
        group = [r for r in group if "fault" not in r]
        if not group:
            lines.append([label, system, faults[0]] + [""] * 7)
            continue
        ms, pps = merged(group, "ms"), [r["flood"]["per_second"] for r in group]
        opened, of = total(group, "opened"), total(group, "knocks")
        handled = [r["seen"].get("passed") or r["flood"]["sent"] for r in group]
        lines.append([label, system, spread(pps), f"{opened}/{of}", total(group, "by_first_round"), show(median(ms)), show(p95(ms)),
                      spread([100 * r["cpu_s"] / r["wall_s"] for r in group]), lost(group, handled), spread([r["backlog_drops"] for r in group])])
        series.setdefault(system, []).append((median(pps), 100 * opened / of))
        if system.startswith("postern"):
            if lab.quick:
                result.verdicts.append(at_least(f"{system}, {label}: share opened", opened / of, 0.8))
            else:
                result.verdicts.append(all_of(f"{system}, {label}: opened", opened, of))
                if most_ms:
                    result.verdicts.append(at_most(f"{system}, {label}: median", median(ms), most_ms, "ms"))
    result.tables.append(table(["flood", "system", "packets/s", "opened", "of them by the first sending", "median ms", "p95 ms", "CPU, % of a core", "lost by its capture, %", "lost before anybody (backlog)"], lines))
    for label in dict.fromkeys(r["label"] for r in rows):
        good = {s: [r for r in group if "fault" not in r] for (l, s), group in grouped(rows, "label", "system").items() if l == label}
        result.notes += beside_reference(f"median, {label}", {s: median(merged(group, "ms")) for s, group in good.items()})
        result.notes += beside_reference(f"CPU, {label}", {s: median([r["cpu_s"] for r in group]) for s, group in good.items()})
    if any(r["flood"]["per_second"] < 0.9 * rate for r in rows if "fault" not in r for rate in [r["rate"]] if rate):
        result.notes.append("The machine was too busy for the flooder to keep its rate everywhere: see packets/s.")
    result.notes.append("*By the first sending*: before the client's own copies, or its second round, were due. Postern's client sends them by itself; the peers' clients send once.")
    if len(rates) > 1:
        result.plots.append((name, plots.lines(title, "packets/s", "% opened", {s: sorted(points) for s, points in series.items()}, log_x=True)))
    return result


def lost(group, handled):
    """Per cent of what passed its filter."""
    return spread([100 * r["seen"].get("dropped", 0) / passed for r, passed in zip(group, handled) if passed])


def spoofed(lab):
    rates = (20_000,) if lab.quick else (20_000, 100_000, 0)
    kinds = lab.of(lambda k: k.knock_port)
    return flooded(lab, "spoofed", "Genuine knocks among first knocks of false sources", kinds, rates, lambda kind: {"kind": "syn", "port": kind.knock_port, "order": "seq"})


def stranger(lab):
    """A link with 100 ms between the packets of a knock, while somebody else hits the first port, or knocks too."""
    kinds, seconds, knocks = lab.of(lambda k: k.knock_port), (3 if lab.quick else lab.seconds), (6 if lab.quick else knocks_in(lab.seconds))
    cells = []
    for kind in kinds:
        one = {"kind": "syn", "port": kind.knock_port, "order": "fixed", "source": "10.128.0.9/32", "rate": 10}
        cells.append(("one stranger, 10/s", kind, {"knocks": knocks, "seconds": seconds, "gap_us": 100_000, "flood": one, "again": False}))
        cells.append(("others knock too", kind, {"knocks": knocks, "seconds": 3 if lab.quick else 0.15 * knocks, "gap_us": 100_000, "again": False}))
    rows = grid(lab, cells)
    lines, result = [], Result(raw=rows)
    for (label, system), group in grouped(rows, "label", "system").items():
        opened, of = total(group, "opened"), total(group, "knocks")
        lines.append([label, system, f"{opened}/{of}", show(median(merged(group, "ms"))), next((r["fault"] for r in group if "fault" in r), "")])
        if system.startswith("postern"):
            result.verdicts.append(all_of(f"{system}, {label}: opened", opened, of))
    result.tables.append(table(["meanwhile", "system", "opened", "median ms", ""], lines))
    result.notes.append("Everybody sends once here. Where others knock too, a knock begins every 0.15 s and takes 0.2 s.")
    return result


def junk(lab):
    rates = (20_000,) if lab.quick else (2_000, 20_000, 100_000, 0)
    kinds = lab.of(lambda k: k.spa_port)
    result = flooded(lab, "junk", "Genuine single packets among junk on their port", kinds, rates, lambda kind: {"kind": kind.junk, "port": kind.spa_port, "sizes": kind.junk_sizes})
    result.notes.append("Junk has the size of a genuine packet (Postern: 320 bytes), and letters for fwknop. The reference throws it away after eleven bytes.")
    return result


def insider(lab):
    """Junk by somebody who knows the gate's secret, and is not enrolled: three kinds of it, each dearer to the gate than the last."""
    kinds = lab.of(lambda k: k.is_ours and k.spa_port)
    seconds, knocks, rate = (2.5, 6, 5_000) if lab.quick else (lab.seconds, knocks_in(lab.seconds), 20_000)
    rows = []
    for repetition in range(lab.repetitions):
        for how in ("outer",) if lab.quick else ("outer", "unlisted", "forged"):
            for kind in kinds:
                row = insider_cell(lab, kind, how, rate, seconds, knocks) | {"how": how}
                rows.append(row)
                lab.log(f"insider, {kind.name}, {how}: {row['opened']}/{row['knocks']}")
    lines, result = [], Result(raw=rows)
    for (how, system), group in grouped(rows, "how", "system").items():
        opened, of = total(group, "opened"), total(group, "knocks")
        lines.append([how, system, spread([r["flood"]["per_second"] for r in group]), f"{opened}/{of}", total(group, "by_first_round"), show(median(merged(group, "ms"))), show(p95(merged(group, "ms"))),
                      spread([100 * r["cpu_s"] / r["wall_s"] for r in group])])
        result.verdicts.append(at_least(f"{system}, {how}: share opened", opened / of, 0.5) if lab.quick else all_of(f"{system}, {how}: opened", opened, of))
    result.tables.append(table(["junk", "system", "packets/s", "opened", "of them by the first sending", "median ms", "p95 ms", "CPU, % of a core"], lines))
    result.notes.append("*outer*: the outer seal opens, the inner does not. *unlisted*: both open, on a request whose key nobody listed. *forged*: on one with the hint of a listed key and a signature that is none. "
                        "Each packet is another, from another source. fwknop and knockd know no such secret: whoever holds theirs is let in.")
    return result


def insider_cell(lab, kind, how, rate, seconds, knocks):
    """Its file of junk is sealed for the very gate that runs, so it is made after the gate has started."""
    class WithInsider(kind):
        def steps(self, source):
            if not os.path.exists(path):
                spa.write_packets(path, (self.gate_keys.insiders_junk(how, self.clients[0]) for _ in range(int(rate * seconds * 1.05))))
            return super().steps(source)

    path = os.path.join(lab.space.folder, "insider")
    try:
        return cell(lab, WithInsider(lab.space), knocks=knocks, seconds=seconds, flood={"kind": "file", "file": path, "port": kind.spa_port, "rate": rate})
    finally:
        if os.path.exists(path):
            os.unlink(path)
