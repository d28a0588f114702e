"""One cell of an experiment: a fresh daemon, genuine knocks, and what a stranger sends meanwhile."""
import random, time

from kit import meters, traffic
from kit.figures import show

SETTLE = 0.3
TELL = 2.4       # a sentry tells its numbers every two seconds


def cell(lab, system, knocks, seconds, flood=None, gap_us=0, patience=3.0, again=True, spread_over=None):
    """Starts it, floods for `seconds` if there is a flood, knocks evenly over that time. What happened, as a dictionary."""
    with system:
        time.sleep(SETTLE)
        sources = [lab.space.genuine() for _ in range(knocks)]
        steps = [system.steps(source) for source in sources]   # what a client works before it knocks is not measured here
        system.take_seen()
        before = Moment(system)
        flooding = traffic.flood(lab.space, seconds=seconds, **flood) if flood else None
        begun = time.monotonic() + (min(0.5, seconds / 8) if flood else 0)
        gap = (spread_over or seconds * 0.85) / max(1, knocks)
        probes = []
        for i, (source, what) in enumerate(zip(sources, steps)):
            # Off the beat, so that no daemon's own rhythm is met or missed each time.
            time.sleep(max(0.0, begun + (i + random.random() * 0.5) * gap - time.monotonic()))
            probes.append(traffic.knock(lab.space, source, what, patience=patience, gap_us=gap_us, again_ms=system.again_ms if again else ()))
        sent = traffic.flooded(lab.space, flooding) if flooding else {}
        if not flooding:
            time.sleep(max(0.0, begun + seconds - time.monotonic()))
        after = Moment(system)
        answers = [traffic.knocked(lab.space, probe) for probe in probes]
        if system.is_ours:
            time.sleep(TELL)
        return row_of(system, answers, sent, before, after, system.take_seen() if system.is_alive() else {})


class Moment:
    def __init__(self, system):
        self.at, self.cpu, self.backlog = time.monotonic(), system.cpu(), meters.backlog_drops()


def row_of(system, answers, sent, before, after, seen):
    opened = [a for a in answers if a["ok"]]
    return {
        "system": system.name, "opened": len(opened), "knocks": len(answers),
        "ms": [a["since_last_us"] / 1000 for a in opened], "by_first_round": sum(a["rounds"] == 1 for a in opened),
        "cpu_s": after.cpu - before.cpu, "wall_s": after.at - before.at, "flood": sent, "backlog_drops": after.backlog - before.backlog, "seen": seen,
    }


def grid(lab, cells):
    """cells: [(label, class, arguments)]. Each in turn, then all again, so that what else the machine does falls on all of them."""
    rows = []
    for repetition in range(lab.repetitions):
        for label, kind, arguments in cells:
            try:
                row = cell(lab, kind(lab.space), **arguments)
            except Exception as e:   # what fails is a finding too
                row = {"system": kind.name, "fault": str(e)[:400]}
            row |= {"label": label, "repetition": repetition, "rate": (arguments.get("flood") or {}).get("rate")}
            rows.append(row)
            lab.log(f"{label}, {kind.name}: " + (row.get("fault") or f"{row['opened']}/{row['knocks']} opened, {show(row['flood'].get('per_second'))} packets/s"))
    return rows


def grouped(rows, *names):
    """{values of these fields: rows}, in the order in which they first came."""
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in names), []).append(row)
    return groups


def total(rows, name):
    return sum(row.get(name, 0) for row in rows)


def merged(rows, name):
    return [value for row in rows for value in row.get(name, [])]
