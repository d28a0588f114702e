"""The report: Markdown, its pictures beside it, and all that was measured as JSON."""
import json, os

from kit.figures import table


def write(path, facts, results, systems, missing):
    """results: [(name, row, Result)]."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    stem = os.path.splitext(path)[0]
    with open(path, "w") as f:
        f.write(text(stem, facts, results, systems, missing))
    with open(stem + ".json", "w") as f:
        json.dump({"facts": facts, "systems": systems, "rows": {name: {"verdicts": [v.__dict__ for v in result.verdicts], "measured": result.raw} for name, _, result in results}}, f, indent=1, default=str)


def text(stem, facts, results, systems, missing):
    parts = ["# The lab: what was measured\n", machine(facts), f"Compared: {', '.join(systems)}.\n"]
    if missing:
        parts.append("Not installed, and so not compared: " + "; ".join(f"{name} (Debian: `apt-get install {package}`)" for name, package in missing) + ".\n")
    parts.append("Ratios within a run are to be trusted more than absolute figures. Where there are several repetitions: the median [least to most].\n")
    parts.append("## Met and missed\n")
    parts.append(summary(results))
    for name, row, result in results:
        parts += [f"## {row.title}\n", f"`bench/lab/run --only {name}`. {row.about}\n"]
        parts += result.tables
        for plot, picture in result.plots:
            if picture:
                with open(f"{stem}-{plot}.svg", "w") as f:
                    f.write(picture)
                parts.append(f"![{plot}]({os.path.basename(stem)}-{plot}.svg)\n")
        parts += [f"{note}\n" for note in result.notes]
        parts.append("\n".join(f"- {v.text()}" for v in result.verdicts) + "\n" if result.verdicts else "")
    return "\n".join(part for part in parts if part)


def machine(facts):
    even = f"{facts['evenness_before_percent']} % before, {facts['evenness_after_percent']} % after"
    return table(["", ""], [
        ["machine", f"{facts['machine']}, {facts['cores']} cores, {facts['memory_mib']} MiB"], ["system", f"{facts['system']}, Linux {facts['kernel']}"],
        ["Postern", facts["postern"]], ["begun, took", f"{facts['begun']}, {facts['seconds']} s"],
        ["load (1, 5, 15 min) before", ", ".join(f"{x:.2f}" for x in facts["load_before"])], ["load after", ", ".join(f"{x:.2f}" for x in facts["load_after"])],
        ["busy cores during the run, all work", facts["busy_cores"]], ["stolen by the host", f"{facts['stolen_percent']} %"],
        ["the slowest twentieth of equal pieces of work is slower by", even], ["repetitions, seconds each", f"{facts['repetitions']}, {facts['cell_seconds']}"]])


def summary(results):
    lines = []
    for name, row, result in results:
        for v in result.verdicts:
            lines.append([f"{'✓' if v.met else '✗'}", name, v.what, v.measured, v.target, "" if v.met or not v.ratio else f"{v.ratio:.2f} ×"])
    return table(["", "row", "what", "measured", "target", "missed by"], lines)
