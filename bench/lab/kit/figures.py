"""Numbers and what is said of them."""
import dataclasses, statistics


def median(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


def p95(values):
    values = sorted(v for v in values if v is not None)
    return values[min(len(values) - 1, int(len(values) * 0.95))] if values else None


def show(x, unit=""):
    if x is None:
        return "–"
    size = abs(x)
    text = f"{x:,.0f}".replace(",", " ") if size >= 100 or x == int(x) else f"{x:.1f}" if size >= 10 else f"{x:.2f}" if size >= 0.1 else f"{x:.3f}"
    return text + (f" {unit}" if unit else "")


def spread(values, unit=""):
    """The median, and the least and the greatest where they differ from it."""
    values = [v for v in values if v is not None]
    if not values:
        return "–"
    middle, least, most = show(median(values)), show(min(values)), show(max(values))
    return f"{middle}{f' {unit}' if unit else ''}" + (f" [{least} to {most}]" if least != most else "")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    clean = lambda cell: " ".join(str(cell).split()).replace("|", "/")   # a fault may have lines and bars in it
    return "\n".join(lines + ["| " + " | ".join(map(clean, row)) + " |" for row in rows]) + "\n"


@dataclasses.dataclass
class Verdict:
    """Whether a target was met. `ratio` is how far off, above 1 where it was missed."""
    what: str
    met: bool
    measured: str
    target: str
    ratio: float | None = None

    def text(self):
        missed = f"missed by {show(self.ratio)} ×" if self.ratio and self.ratio > 1 else "missed"
        return f"{'met' if self.met else missed}: {self.what}: {self.measured} (target {self.target})"


def at_most(what, value, target, unit=""):
    if value is None:
        return Verdict(what, False, "not measured", f"≤ {show(target, unit)}")
    return Verdict(what, value <= target, show(value, unit), f"≤ {show(target, unit)}", value / target if target else None)


def at_least(what, value, target, unit=""):
    if value is None:
        return Verdict(what, False, "not measured", f"≥ {show(target, unit)}")
    return Verdict(what, value >= target, show(value, unit), f"≥ {show(target, unit)}", target / value if value else None)


def all_of(what, done, of):
    return Verdict(what, done == of and of > 0, f"{done}/{of}", "all", of / done if done else None)


def beside_reference(what, values):
    """values: {system: number}. How far ours are from what the kernel alone costs: the ring's reference for who reads a ring, with or without a flush of the disk, the socket's for who reads a socket. Empty where there is none."""
    parts = []
    for name, value in values.items():
        for reference in ("reference-socket",) if name == "postern-udp" else ("reference-ring", "reference-ring-flush") if name == "postern-spa" else ("reference-ring",):
            floor = values.get(reference)
            if name.startswith("postern") and value and floor:
                parts.append(f"{name} {show(value / floor)} ×" + (" (with a flush)" if reference.endswith("flush") else ""))
    return [f"Of the reference's {what}: {', '.join(parts)}."] if parts else []


@dataclasses.dataclass
class Result:
    """What one experiment found: text for the report, judgements, pictures, and all that was measured."""
    tables: list = dataclasses.field(default_factory=list)
    verdicts: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    plots: list = dataclasses.field(default_factory=list)   # (name, svg)
    raw: list = dataclasses.field(default_factory=list)

    def add_faults(self):
        """What Postern could not do at all is missed, whatever was to be measured of it; of the others it stands in the table."""
        seen = {}
        for row in self.raw:
            if "fault" in row and row["system"].startswith("postern"):
                seen.setdefault(" ".join(str(row[name]) for name in ("system", "label", "size") if row.get(name) is not None), row["fault"])
        self.verdicts += [Verdict(what, False, " ".join(fault.split())[:160].replace("|", "/"), "works") for what, fault in seen.items()]
        return self
