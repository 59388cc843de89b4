"""Tables of recorded windows: table.py FILE.jsonl ... > table.md

Of a file whose name begins with `before` our windows are those of an earlier version, beside the present one's.

Errors are per cent of the energy that the load took between the edges of the work. A cell with several windows tells
the median error and, in brackets, the lowest and the highest. "says so": the tool warned, or put a note to the figure,
in each such window.
"""

import json
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

import verdicts
from scenarios import BOARD, CPU, GPU, INVENTORY, TOOLS, VARIANTS

NAMES = {
    "wattfront": "Wattfront", "wattfront_before": "Wattfront before", "zeus": "Zeus", "zeus_instant": "Zeus, approx_instant_energy", "codecarbon": "CodeCarbon",
    "carbontracker": "carbontracker", "pyjoules": "pyJoules", "eco2ai": "Eco2AI",
}
TRUTH = {"cpu": ["package"], "dram": ["dram"], "gpu": ["gpu"]}
# carbontracker's processor is package and DRAM.
WIDER = {("carbontracker", "cpu"): ["package", "dram"]}
ZONES = {"0": "package", "1": "psys"}
# Where nothing can be measured a figure is a model's, and the tree's load is none that a model could know of.
MODELS = ("cpu-unreadable", "cpu-none")
# What tools say of the part of the machine that a scenario is not about.
ELSEWHERE = {"gpu": re.compile("CPU|Processor|TDP|RAPL"), "cpu": re.compile("GPU")}


def load(paths):
    """{scenario: {tool: [run]}}"""
    found = defaultdict(lambda: defaultdict(list))
    for path in paths:
        for line in Path(path).read_text().splitlines():
            run = json.loads(line)
            if Path(path).name.startswith("before") and run["tool"] == "wattfront":
                run["tool"] = "wattfront_before"
            found[run["scenario"]][run["tool"]].append(run)
    return found


def sum_of(run, kind):
    """The joules of a kind of domain: None if one is missing, "none" if the tool has none of the kind."""
    joules = [figure[2] for figure in run.get("figures", []) if figure[0] == kind]
    if not joules:
        return "none"
    return None if None in joules else sum(joules)


def details(run):
    return [figure[3] for figure in run.get("figures", []) if len(figure) > 3]


def said(run):
    """What the tool said about the part of the machine that the scenario is about."""
    part = run["scenario"].split("-")[0]
    lines = [line for line in run["said"] if not ELSEWHERE[part].search(line)]
    notes = [detail["note"] for detail in details(run) if detail.get("note")]
    own = [d["note"] for d in details(run) if d.get("note") and (d["domain"]["kind"] == "gpu") == (part == "gpu")]
    return [line for line in lines if not any(note in line for note in notes)] + own


def percent(value):
    if abs(value) >= 1000:
        return f"{value:+,.0f} %"
    return f"{value:+.1f} %" if abs(value) >= 0.995 else f"{value:+.2f} %"


def outcome(run, kind):
    """A word for what is no figure, or the error in per cent."""
    if "error" in run:
        name = run["error"].split(":")[0]
        return run["error"] if run["stage"] == "gone" else f"crashes: {name}"
    joules = sum_of(run, kind)
    if joules == "none":
        return "no figure"
    if joules is None:
        return "missing"
    if joules == 0.0:
        return "0 J"
    if run["scenario"] in MODELS:
        estimate = any(detail["method"] == "estimate" for detail in details(run))
        return f"{joules:.3g} J" + (", called an estimate" if estimate else "")
    if joules < 0.0:
        return f"{joules:,.0f} J"
    true = sum(run["truth"][part] for part in WIDER.get((run["tool"], kind), TRUTH[kind]))
    return 100.0 * (joules / true - 1.0)


def cell(runs, kind):
    if not runs:
        return ""
    outcomes = [outcome(run, kind) for run in runs]
    errors = [o for o in outcomes if isinstance(o, float)]
    words = Counter(o for o in outcomes if not isinstance(o, float))
    parts = []
    if errors:
        text = percent(median(errors))
        if len(errors) > 1:
            text += f" ({percent(min(errors))} to {percent(max(errors))})"
        parts.append(text)
    several = sum(1 for word in words if word.endswith(" J")) > 1
    if several:
        values = [o for o in outcomes if not isinstance(o, float)]
        parts.append(f"{values[0]} and the like")
    else:
        parts += [word if count == len(runs) else f"{word} in {count} of {len(runs)}" for word, count in words.items()]
    text = "; ".join(parts)
    if "crashes" not in text and all(said(run) for run in runs):
        text += "; says so"
    return text


def row(*cells):
    return "| " + " | ".join(str(c) for c in cells) + " |"


def block(scenarios, found, kind):
    yield row("window", *(NAMES[tool] for tool in TOOLS))
    yield row(*["---"] * (len(TOOLS) + 1))
    for scenario in scenarios:
        runs = found.get(scenario.name)
        if not runs:
            continue  # left out where it cannot run
        yield row(f"{scenario.what} (`{scenario.name}`)", *(cell(runs.get(tool, []), kind) for tool in TOOLS))
    for scenario in scenarios:
        for tool in VARIANTS.get(scenario.name, ()):
            if found.get(scenario.name, {}).get(tool):
                yield f"\n{NAMES[tool]}, `{scenario.name}`: {cell(found[scenario.name][tool], kind)}."


def intervals(found):
    """How often the truth lay within what Wattfront said its figure may be off."""
    yield row("window", "error", "95 % by the edges", "truth within", "95 % by all", "truth within")
    yield row("---", "---:", "---:", "---:", "---:", "---:")
    for scenario in GPU:
        cells = []
        for run in found.get(scenario.name, {}).get("wattfront", []):
            for part in details(run):
                if part["domain"]["id"] != BOARD or not part.get("uncertainty") or part["joules"] is None:
                    continue
                edge, gain = part["uncertainty"]["edge"], part["uncertainty"]["gain"]
                true = run["truth"]["gpu"]
                cells.append((part["joules"] - true, 1.96 * edge, 1.96 * (edge**2 + gain**2) ** 0.5, true))
        if cells:
            errors, edges, alls = ([100.0 * abs(c[k]) / c[3] for c in cells] for k in range(3))
            within = [sum(e <= b for e, b in zip(errors, bounds)) for bounds in (edges, alls)]
            of = len(cells)
            yield row(f"`{scenario.name}`", f"{median(errors):.2f} %", f"{median(edges):.2f} %", f"{within[0]} of {of}",
                      f"{median(alls):.1f} %", f"{within[1]} of {of}")


def chosen(found):
    """The chosen GPU alone, for tools that tell GPUs apart."""
    for tool, runs in found.get("gpu-uuid", {}).items():
        for run in runs:
            own = [figure[2] for figure in run.get("figures", []) if figure[0] == "gpu" and figure[1] in (BOARD, "1")]
            if own and own[0] is not None:
                off = percent(100.0 * (own[0] / run["truth"]["gpu"] - 1.0))
                yield f"- {NAMES[tool]} tells the GPUs apart, and its figure of the chosen one is off by {off}"


def packages(found):
    """Zeus has a processor for each zone, and psys is one of them."""
    for scenario in CPU:
        for run in found.get(scenario.name, {}).get("zeus", [])[:1]:
            zones = {figure[1]: figure[2] for figure in run.get("figures", []) if figure[0] == "cpu"}
            if {"0", "1"} <= zones.keys():
                off = [percent(100.0 * (zones[zone] / run["truth"][part] - 1.0)) for zone, part in ZONES.items()]
                yield f"- Zeus, `{scenario.name}`: its processor 0 is the package, off by {off[0]}; its 1 is psys, {off[1]}"


def calls(found):
    for tool in TOOLS:
        for run in found.get("gpu-calls", {}).get(tool, []):
            counted = run.get("calls", {})
            kinds = ", ".join(f"{name} {number}" for name, number in sorted(counted.items())) or "none"
            yield row(NAMES[tool], f"{sum(counted.values()) / (run['end'] - run['begin']):.1f}", kinds)


def claims(found):
    """Figures that tools give where nothing can be measured, and the sums that they print."""
    for name in ("cpu-unreadable", "cpu-none", "cpu-domains"):
        for tool in TOOLS:
            for run in found.get(name, {}).get(tool, [])[:1]:
                parts = [figure for figure in run.get("figures", []) if figure[0] != "gpu"]
                figures = [f"{p[0]} {p[1]}: {'missing' if p[2] is None else f'{p[2]:.4g} J'}" for p in parts]
                method = ", ".join(dict.fromkeys(d["method"] for d in details(run)))
                total = run.get("total_j")
                yield row(f"`{name}`", NAMES[tool], "; ".join(figures) or run.get("error", "none"), method,
                          "" if total is None else f"{total:.4g} J")


def sayings(found):
    for scenario in GPU + CPU:
        for tool in [*TOOLS, *VARIANTS.get(scenario.name, ())]:
            lines = Counter(line for run in found.get(scenario.name, {}).get(tool, []) for line in said(run))
            seen = set()
            for line in lines:
                # Times and figures differ from window to window.
                if (general := re.sub(r"[0-9.:]+", "#", line)) not in seen:
                    seen.add(general)
                    yield f"- `{scenario.name}`, {NAMES[tool]}: {line.replace('|', '/')}"


def settings(found):
    seen = {}
    for tools in found.values():
        for tool, runs in tools.items():
            for run in runs:
                if "version" in run:
                    seen.setdefault(tool, (run["version"], run["settings"]))
    for tool in [*TOOLS, "wattfront_before", "zeus_instant"]:
        if tool in seen:
            yield row(NAMES[tool], seen[tool][0], f"`{seen[tool][1]}`")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    found = load(path for path in sys.argv[1:] if Path(path).exists())
    print("# Meters on one fake NVML and one powercap tree\n")
    has_figures = any(scenario.name in found for scenario in GPU + CPU)
    if has_figures:
        print(__doc__.split("\n\n")[2].strip() + "\n")
    print(row("tool", "version", "use"), row("---", "---", "---"), *settings(found), sep="\n")
    if has_figures:
        figures(found)
    if any(scenario.name in found for scenario in INVENTORY):
        verdicts.section(found, ("wattfront", "wattfront_before", *TOOLS[1:]), NAMES)


def figures(found):
    print("\n## GPU: error of the energy of all GPUs that the tool counts\n")
    print(*block(GPU, found, "gpu"), *chosen(found), sep="\n")
    print("\n## Wattfront's own word on its error\n")
    print(*intervals(found), sep="\n")
    print("\n## Calls of NVML a second, over 10 s of a window\n")
    print(row("tool", "calls a second", "functions, in all"), row("---", "---:", "---"), *calls(found), sep="\n")
    print("\n## Processor: error of what the tool calls the processor, against the packages\n")
    print(*block(CPU, found, "cpu"), *packages(found), sep="\n")
    print("\n## Memory: error of DRAM, where the tool has a figure for it\n")
    print(*block([s for s in CPU if s.tree not in ("", "unreadable")], found, "dram"), sep="\n")
    print("\n## What is claimed of processor and memory, first window of each\n")
    print(row("window", "tool", "figures", "method, if told", "the tool's total"), row(*["---"] * 5), sep="\n")
    print(*claims(found), sep="\n")
    print("\n## What they said\n")
    print(*sayings(found), sep="\n")


if __name__ == "__main__":
    main()
